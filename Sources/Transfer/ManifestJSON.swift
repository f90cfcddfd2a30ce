import Fingerprints

extension Manifest {
    /// Reads a manifest from a JSON file.
    /// - Throws: `ManifestError` for text that is no valid manifest, `TransferError.fileSystem` when it cannot be read.
    public init(contentsOf path: String) throws {
        try self.init(json: readWholeFile(path, limit: 16 << 20), source: path)
    }

    /// Reads a manifest from JSON text. Unknown keys, unsafe paths, duplicate names and malformed hashes are errors.
    /// - Parameter source: the name of the text in errors.
    public init(json: [UInt8], source: String) throws(ManifestError) {
        let object = try StrictObject(parse(json, source: source), source: source, place: "", keys: ["name", "files", "keepArchives"])
        let name = try object.string("name")
        guard isSafeRelativePath(name), !name.contains("/") else { throw object.error("name", "\"\(name)\" cannot be a file name") }
        var files: [ManifestFile] = []
        for (place, value) in try object.array("files") {
            let file = try ManifestFile(value, source: source, place: place)
            if files.contains(where: { $0.name == file.name }) {
                throw ManifestError(source: source, place: "\(place).name", problem: "\"\(file.name)\" stands twice")
            }
            files.append(file)
        }
        guard !files.isEmpty else { throw object.error("files", "expected at least one file") }
        self.init(name: name, files: files, keepArchives: try object.bool("keepArchives", default: false))
    }

    /// The manifest as the JSON that `init(json:source:)` reads.
    public var value: Value {
        ["name": .string(name), "keepArchives": .bool(keepArchives), "files": .array(files.map(\.value))]
    }
}

extension ManifestFile {
    init(_ value: Value, source: String, place: String) throws(ManifestError) {
        let object = try StrictObject(
            value, source: source, place: place, keys: ["name", "urls", "bytes", "sha256", "md5", "license", "extract"])
        let name = try object.string("name")
        guard isSafeRelativePath(name) else { throw object.error("name", "\"\(name)\" is not a plain relative path") }
        var urls: [String] = []
        for (place, value) in try object.array("urls") {
            guard let url = value.stringValue, isFetchable(url) else {
                let found = value.stringValue ?? value.kind
                throw ManifestError(source: source, place: place, problem: "expected an http, https or file URL, found \(found)")
            }
            urls.append(url)
        }
        guard !urls.isEmpty else { throw object.error("urls", "expected at least one URL") }
        var extract: [Extraction] = []
        for (place, value) in try object.array("extract") { extract.append(try Extraction(value, source: source, place: place)) }
        self.init(
            name: name, urls: urls, bytes: try object.size("bytes"), checksum: try ManifestFile.checksum(object),
            license: try object.string("license"), extract: extract)
    }

    private static func checksum(_ object: StrictObject) throws(ManifestError) -> Checksum? {
        if let digest = try object.sha256("sha256") {
            if object.contains("md5") { throw object.error("md5", "give sha256 or md5, not both") }
            return .sha256(digest)
        }
        guard object.contains("md5") else { return nil }
        let hex = try object.string("md5").lowercased()
        guard hex.utf8.count == 32, hex.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }) else {
            throw object.error("md5", "expected 32 hex digits")
        }
        return .md5(hex)
    }

    var value: Value {
        var members: [String: Value] = ["name": .string(name), "urls": .array(urls.map { .string($0) }), "license": .string(license)]
        if let bytes { members["bytes"] = .int(bytes) }
        switch checksum {
        case .sha256(let digest): members["sha256"] = .string(digest.hex)
        case .md5(let hex): members["md5"] = .string(hex)
        case nil: break
        }
        if !extract.isEmpty { members["extract"] = .array(extract.map(\.value)) }
        return .object(members)
    }
}

extension Extraction {
    init(_ value: Value, source: String, place: String) throws(ManifestError) {
        let object = try StrictObject(value, source: source, place: place, keys: ["member", "folder", "to", "bytes", "sha256"])
        guard object.contains("member") != object.contains("folder") else {
            throw ManifestError(source: source, place: place, problem: "expected \"member\" or \"folder\"")
        }
        let isMember = object.contains("member")
        let key = isMember ? "member" : "folder"
        let name = try object.string(key)
        let to = object.contains("to") ? try object.string("to") : name
        for (key, path) in [(key, name), ("to", to)] where !isSafeRelativePath(path) && (isMember || !path.isEmpty) {
            throw object.error(key, "\"\(path)\" is not a plain relative path")
        }
        if !isMember, object.contains("sha256") || object.contains("bytes") {
            throw ManifestError(source: source, place: place, problem: "\"bytes\" and \"sha256\" belong to a member, not to a folder")
        }
        self.init(isMember ? .member(name) : .folder(name), to: to, bytes: try object.size("bytes"), sha256: try object.sha256("sha256"))
    }

    var value: Value {
        var members: [String: Value] = ["to": .string(to)]
        switch selection {
        case .member(let name): members["member"] = .string(name)
        case .folder(let name): members["folder"] = .string(name)
        }
        if let bytes { members["bytes"] = .int(bytes) }
        if let sha256 { members["sha256"] = .string(sha256.hex) }
        return .object(members)
    }
}

func parse(_ json: [UInt8], source: String) throws(ManifestError) -> Value {
    do { return try Value(json: json) } catch { throw ManifestError(source: source, place: "", problem: error.description) }
}
