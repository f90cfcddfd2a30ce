import Fingerprints

extension Store {
    /// The lock under which a fingerprint is made, or nil when another holds it. A dead holder's lock is free at once.
    func lock(_ fingerprint: Digest, label: String) throws -> (any FileLock)? {
        let path = lockPath(fingerprint)
        return try makingFolder(of: path) { try fileSystem.lock(path, exclusive: true, label: label) }
    }

    /// Who makes `fingerprint` right now: `pid@host job`.
    func holder(of fingerprint: Digest) throws -> String? {
        let path = lockPath(fingerprint)
        guard let bytes = try fileSystem.read(path) else { return nil }
        if let lock = try fileSystem.lock(path, exclusive: false, label: "") {
            // Left by a process that died.
            lock.release(removing: false)
            return nil
        }
        return bytes.isEmpty ? "another process" : String(decoding: bytes, as: UTF8.self)
    }

    func lockPath(_ fingerprint: Digest) -> String { "\(root)/locks/\(fingerprint.hex)" }
}
