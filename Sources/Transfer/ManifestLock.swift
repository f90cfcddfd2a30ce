import Fingerprints

/// Sizes and hashes that a manifest could not name beforehand: recorded at the first download, enforced ever after.
public struct ManifestLock: Sendable, Equatable {
    /// What the first download found of a file.
    public struct Entry: Sendable, Equatable {
        /// Size of the whole file.
        public let bytes: Int
        /// Of the whole file.
        public let sha256: Digest

        /// - Parameter bytes: size of the whole file.
        public init(bytes: Int, sha256: Digest) {
            self.bytes = bytes
            self.sha256 = sha256
        }
    }

    /// The name of the manifest it belongs to.
    public let manifest: String
    /// By file name.
    public private(set) var entries: [String: Entry]

    /// - Parameters:
    ///   - manifest: name of the manifest it belongs to.
    ///   - entries: by file name.
    public init(manifest: String, entries: [String: Entry] = [:]) {
        self.manifest = manifest
        self.entries = entries
    }

    /// Reads a lock file: `{"manifest": "visual_genome", "files": {"objects.json.zip": {"bytes": 1, "sha256": "…"}}}`.
    /// - Throws: `ManifestError`, or `TransferError.fileSystem` when it cannot be read.
    public init(contentsOf path: String) throws {
        try self.init(json: readWholeFile(path, limit: 16 << 20), source: path)
    }

    /// The same from JSON text; `source` names it in errors.
    /// - Throws: `ManifestError` with the place of the first fault.
    public init(json: [UInt8], source: String) throws(ManifestError) {
        do {
            try self.init(JSONNode(json: json, source: source))
        } catch {
            throw ManifestError(error)
        }
    }

    private init(_ node: JSONNode) throws(TextError) {
        let fields = try Fields(node, known: ["manifest", "files"], what: "a lock file")
        guard fields.has("files") else { throw fields.lacks("files", "an object: size and hash by file name") }
        var entries: [String: Entry] = [:]
        for (name, file) in try fields.namedObjects("files", known: ["bytes", "sha256"]) {
            guard let bytes = try file.int("bytes", in: 0...Int.max) else {
                throw file.lacks("bytes", "the file's size")
            }
            guard let sha256 = try file.sha256("sha256") else { throw file.lacks("sha256", "the file's hash") }
            entries[name] = Entry(bytes: bytes, sha256: sha256)
        }
        self.init(manifest: try fields.needed("manifest", "the name of its manifest"), entries: entries)
    }

    /// The lock with what a download found, for those files of `manifest` that name no SHA-256 or no size themselves.
    public func recording(_ fetched: [FetchedFile], of manifest: Manifest) -> ManifestLock {
        var lock = self
        for file in manifest.files where file.bytes == nil || !file.hasSHA256 {
            guard let found = fetched.first(where: { $0.name == file.name }) else { continue }
            lock.entries[file.name] = Entry(bytes: found.bytes, sha256: found.sha256)
        }
        return lock
    }

    /// JSON text, the same for the same lock.
    public var json: String {
        let files = entries.mapValues { Value.object(["bytes": .int($0.bytes), "sha256": .string($0.sha256.hex)]) }
        return Value.object(["manifest": .string(manifest), "files": .object(files)]).json(pretty: true) + "\n"
    }
}

extension ManifestFile {
    fileprivate var hasSHA256: Bool { if case .sha256 = checksum { true } else { false } }
}

extension Manifest {
    /// The manifest with the locked sizes and hashes filled in.
    /// - Throws: `ManifestError` when the lock contradicts the manifest or belongs to another one.
    public func applying(_ lock: ManifestLock) throws(ManifestError) -> Manifest {
        func error(_ place: String, _ problem: String) -> ManifestError {
            ManifestError("lock of \(name)", "\(place): \(problem)")
        }
        guard lock.manifest == name else { throw error("manifest", "belongs to \"\(lock.manifest)\"") }
        if let unknown = lock.entries.keys.filter({ key in !files.contains { $0.name == key } }).min() {
            throw error("files.\(unknown)", "the manifest has no such file; remove the entry")
        }
        var locked: [ManifestFile] = []
        for file in files {
            guard let entry = lock.entries[file.name] else { locked.append(file); continue }
            if let bytes = file.bytes, bytes != entry.bytes {
                throw error("files.\(file.name).bytes", "\(entry.bytes), but the manifest says \(bytes)")
            }
            if case .sha256(let digest) = file.checksum, digest != entry.sha256 {
                throw error("files.\(file.name).sha256", "\(entry.sha256), but the manifest says \(digest)")
            }
            locked.append(
                ManifestFile(
                    name: file.name, urls: file.urls, bytes: entry.bytes, checksum: .sha256(entry.sha256),
                    license: file.license,
                    extract: file.extract))
        }
        return Manifest(name: name, files: locked, keepArchives: keepArchives)
    }
}
