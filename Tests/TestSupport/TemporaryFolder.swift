import Foundation

/// A folder of one test, gone with its owner.
public final class TemporaryFolder: Sendable {
    /// Absolute; without a slash at the end.
    public let path: String

    /// A new empty folder in the system's folder for such.
    /// - Throws: where the disk refuses.
    public init() throws {
        path =
            NSTemporaryDirectory().hasSuffix("/")
            ? NSTemporaryDirectory() + "transfer-\(UUID())" : NSTemporaryDirectory() + "/transfer-\(UUID())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file in it, which need not be there.
    public func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file, with the folders above it.
    /// - Throws: where the disk refuses.
    @discardableResult
    public func write(_ bytes: [UInt8], to name: String) throws -> String {
        let url = URL(fileURLWithPath: path(name))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        return url.path
    }

    /// All bytes of a file in it.
    /// - Throws: where there is no such file.
    public func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path(name)))) }

    /// Whether there is a file or folder of that name in it.
    public func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    /// Everything in it, sorted, as paths relative to it.
    public func listing() -> [String] { (try? FileManager.default.subpathsOfDirectory(atPath: path))?.sorted() ?? [] }
}
