import Files
import Fingerprints

extension Manifest {
    /// Reads a manifest from a JSON file.
    /// - Throws: `ManifestError` for text that is no valid manifest, `TransferError.fileSystem` when it cannot be read.
    public init(contentsOf path: String) throws {
        try self.init(json: readWholeFile(path, limit: 16 << 20), source: path)
    }

    /// Reads a manifest from JSON text. Unknown keys, unsafe paths, duplicate names and malformed hashes are errors.
    /// - Parameter source: the name of the text in errors.
    /// - Throws: `ManifestError` with the place of the first fault.
    public init(json: [UInt8], source: String) throws(ManifestError) {
        do {
            try self.init(JSONNode(json: json, source: source))
        } catch {
            throw ManifestError(error)
        }
    }

    private init(_ node: JSONNode) throws(TextError) {
        let fields = try Fields(node, known: ["name", "files", "keepArchives"], what: "a manifest")
        let name = try fields.needed("name", "the manifest's name")
        guard isSafeRelativePath(name), !name.contains("/") else { throw fields.error("name", "a file name") }
        var files: [ManifestFile] = []
        for entry in try fields.objects("files", known: ManifestFile.keys) {
            let file = try ManifestFile(entry)
            guard !files.contains(where: { $0.name == file.name }) else {
                throw entry.error("name", "a name of its own: it stands twice")
            }
            files.append(file)
        }
        guard !files.isEmpty else { throw fields.error("files", "a list of at least one file") }
        let sizes = files.flatMap { [$0.bytes] + $0.extract.map(\.bytes) }.reduce(0.0) { (sum: Double, bytes: Int?) in
            sum + Double(bytes ?? 0)
        }
        guard sizes < 0x1p60 else {
            throw TextError(node.place, "the sizes add up to \(sizes) bytes, more than any disk has")
        }
        self.init(name: name, files: files, keepArchives: try fields.bool("keepArchives") ?? false)
    }

    /// The manifest as the JSON that `init(json:source:)` reads.
    public var value: Value {
        ["name": .string(name), "keepArchives": .bool(keepArchives), "files": .array(files.map(\.value))]
    }
}

extension ManifestFile {
    static let keys = ["name", "urls", "bytes", "sha256", "md5", "license", "extract"]

    init(_ fields: Fields) throws(TextError) {
        let name = try fields.needed("name", "the file's path below the download folder")
        guard isSafeRelativePath(name) else { throw fields.error("name", "a plain relative path") }
        guard let urls = try fields.strings("urls"), !urls.isEmpty else {
            throw fields.error("urls", "a list of at least one URL")
        }
        for (index, url) in urls.enumerated() where !isFetchable(url) {
            throw fields.error("urls", index: index, "an http, https or file URL")
        }
        var extract: [Extraction] = []
        for rule in try fields.objects("extract", known: Extraction.keys) { extract.append(try Extraction(rule)) }
        self.init(
            name: name, urls: urls, bytes: try fields.int("bytes", in: 0...Int.max),
            checksum: try ManifestFile.checksum(fields),
            license: try fields.needed("license", "the publisher's terms"), extract: extract)
    }

    private static func checksum(_ fields: Fields) throws(TextError) -> Checksum? {
        if let digest = try fields.sha256("sha256") {
            if fields.has("md5") { throw fields.error("md5", "absent where sha256 is given") }
            return .sha256(digest)
        }
        guard let hex = try fields.string("md5")?.lowercased() else { return nil }
        guard hex.utf8.count == 32, hex.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }) else {
            throw fields.error("md5", "32 hex digits")
        }
        return .md5(hex)
    }

    var value: Value {
        var members: [String: Value] = [
            "name": .string(name), "urls": .array(urls.map { .string($0) }), "license": .string(license),
        ]
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
    static let keys = ["member", "folder", "to", "bytes", "sha256"]

    init(_ fields: Fields) throws(TextError) {
        let isMember = fields.has("member"), key = isMember ? "member" : "folder"
        guard isMember != fields.has("folder") else {
            throw fields.error("folder", "given where \"member\" is not, and absent where it is")
        }
        let name = try fields.text(key) ?? "", to = try fields.text("to") ?? name
        for (key, path) in [(key, name), ("to", to)] where !isSafeRelativePath(path) && (isMember || !path.isEmpty) {
            throw fields.error(key, "a plain relative path")
        }
        if !isMember, let key = ["bytes", "sha256"].first(where: fields.has) {
            throw fields.error(key, "absent: it belongs to a member, not to a folder")
        }
        self.init(
            isMember ? .member(name) : .folder(name), to: to, bytes: try fields.int("bytes", in: 0...Int.max),
            sha256: try fields.sha256("sha256"))
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

extension Fields {
    /// A string that may not be absent.
    func needed(_ key: String, _ expected: String) throws(TextError) -> String {
        guard let text = try text(key) else { throw lacks(key, expected) }
        return text
    }

    /// A string, which may be empty; nil when the key is absent.
    func text(_ key: String) throws(TextError) -> String? {
        guard let node = node(key) else { return nil }
        guard case .string(let text) = node.content else { throw error(key, "a string") }
        return text
    }

    /// A SHA-256; nil when the key is absent.
    func sha256(_ key: String) throws(TextError) -> Digest? {
        guard let hex = try text(key) else { return nil }
        guard let digest = Digest(hex: hex) else { throw error(key, "64 hex digits") }
        return digest
    }
}
