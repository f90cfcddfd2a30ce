import Glibc

/// Why a file could not be fetched. For the command this is exit code 8.
public enum TransferError: Error, Sendable, CustomStringConvertible {
    /// Every origin of a file failed.
    case noOriginLeft(file: String, failures: [OriginFailure])
    /// Offline mode, and these files are neither here nor in a local mirror.
    case offline(missing: [MissingFile])
    /// The disk has no room for what is to be written.
    case noSpace(folder: String, needed: Int, free: Int)
    /// Another process is fetching the same file into the same folder.
    case inUse(path: String)
    /// A call of the operating system failed; `code` is its `errno`.
    case fileSystem(operation: String, path: String, code: Int32)
    /// libcurl or libcrypto would not start.
    case library(String)

    /// The file or folder, what happened and, where something helps, what to do.
    public var description: String {
        switch self {
        case .noOriginLeft(let file, let failures):
            "\(file): no origin gave the right file: " + failures.map(\.description).joined(separator: "; ")
        case .offline(let missing):
            "offline, and these files are missing: " + missing.map(\.description).joined(separator: ", ")
                + "; run without offline mode or name a folder that has them in LAVISE_MIRRORS"
        case .noSpace(let folder, let needed, let free):
            "\(folder): \(needed) bytes are needed, \(free) are free (\(needed / 1_000_000_000) and \(free / 1_000_000_000) GB); make room, or keep the store on another disk"
        case .inUse(let path):
            "\(path): another process is writing this file; wait for it or stop it"
        case .fileSystem(let operation, let path, let code):
            "\(path): cannot \(operation): \(String(cString: strerror(code)))"
        case .library(let problem):
            problem
        }
    }
}

/// One origin of a file, and why it gave nothing usable.
public struct OriginFailure: Sendable, Equatable, CustomStringConvertible {
    /// A URL or a local path.
    public let origin: String
    /// What the server or the disk said, or how the file was wrong.
    public let problem: String

    /// The origin and the problem.
    public var description: String { "\(origin): \(problem)" }
}

/// A file that offline mode could not get.
public struct MissingFile: Sendable, Equatable, CustomStringConvertible {
    /// The name in the manifest.
    public let name: String
    /// Size in bytes; nil where the manifest gives none.
    public let bytes: Int?
    /// The first of its URLs.
    public let url: String

    /// `NAME (SIZE, URL)`.
    public var description: String { "\(name) (\(bytes.map { "\($0) bytes" } ?? "size unknown"), \(url))" }
}
