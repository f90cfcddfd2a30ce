import Fingerprints
import Foundation
import Pipeline

/// Where the user's signing key lies: `LAVISE_KEY`, or else `lavise-pipeline/signing-key.pem` in `XDG_CONFIG_HOME`
/// (`~/.config`).
struct SigningKeyPlace {
    /// Reads the key, or makes one where there is none.
    /// - Parameter told: hears that one was made.
    /// - Throws: `ExperimentError` for a file that is no key or that others may read.
    func key(told: (String) -> Void) throws -> SigningKey {
        let path = try path()
        var status = stat()
        guard stat(path, &status) == 0 else { return try make(at: path, told) }
        guard status.st_mode & 0o077 == 0 else {
            throw ExperimentError("\(path): others may read this signing key; type: chmod 600 \(path)")
        }
        guard let key = SigningKey(pem: try String(contentsOfFile: path, encoding: .utf8)) else {
            throw ExperimentError("\(path): no Ed25519 key in PEM; move it away, and a new one is made")
        }
        return key
    }

    private func path() throws -> String {
        let environment = ProcessInfo.processInfo.environment.filter { !$0.value.isEmpty }
        if let path = environment["LAVISE_KEY"] { return path }
        guard let folder = environment["XDG_CONFIG_HOME"] ?? environment["HOME"].map({ $0 + "/.config" }) else {
            throw ExperimentError("neither HOME nor LAVISE_KEY is set, so there is no place for a signing key")
        }
        return folder + "/lavise-pipeline/signing-key.pem"
    }

    private func make(at path: String, _ told: (String) -> Void) throws -> SigningKey {
        let key = SigningKey()
        try FileManager.default.createDirectory(
            atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ExperimentError("\(path): \(String(cString: strerror(errno)))") }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try file.write(contentsOf: Data(key.pem.utf8))
        try file.synchronize()
        told("made a signing key, \(path); publish its public half: \(key.publicKey)")
        return key
    }
}
