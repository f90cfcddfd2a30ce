import Foundation

/// `rclone serve s3` on 127.0.0.1: an S3 server that checks signatures. `make test` has it in `.build/rclone`.
public final class RcloneServer: S3Server {
    public static let accessKey = "TESTACCESSKEY", secretKey = "test/secret+key"
    /// Its files, the bucket among them; gone with the server.
    public let folder: TemporaryFolder
    /// On 127.0.0.1; kept when the server is started again.
    public let port: Int
    private var process = Process()

    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..")
        .standardizedFileURL.path

    /// Where rclone is; nil where it is nowhere.
    public static let program = ["\(repository)/.build/rclone/bin/rclone", "/usr/local/bin/rclone", "/usr/bin/rclone"]
        .first(where: FileManager.default.isExecutableFile)

    /// Whether rclone is here.
    public static var isAvailable: Bool { program != nil }

    /// Serves a bucket, which lies in `<folder>/data/<bucket>`.
    /// - Parameter isReadOnly: refuses to write.
    /// - Throws: `SupportError` where rclone does not start.
    public init(bucket: String = "bucket", isReadOnly: Bool = false) throws {
        folder = try TemporaryFolder()
        port = try freePort()
        try FileManager.default.createDirectory(
            atPath: folder.path("data/\(bucket)"), withIntermediateDirectories: true)
        try start(isReadOnly: isReadOnly)
    }

    deinit { stop() }

    /// The address that clients are given.
    public var endpoint: String { "http://127.0.0.1:\(port)" }

    /// What a client needs in its environment.
    public var environment: [String: String] {
        ["AWS_ACCESS_KEY_ID": Self.accessKey, "AWS_SECRET_ACCESS_KEY": Self.secretKey, "AWS_ENDPOINT_URL": endpoint]
    }

    /// Starts it, also after `kill` or `stop`, with what is in the bucket.
    /// - Throws: `SupportError` where rclone does not start.
    public func start(isReadOnly: Bool = false) throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: Self.program ?? "")
        process.arguments =
            [
                "serve", "s3", "--auth-key", "\(Self.accessKey),\(Self.secretKey)", "--addr", "127.0.0.1:\(port)",
                "--no-cleanup", "--config", "/dev/null",
            ]
            + (isReadOnly ? ["--read-only"] : []) + [folder.path("data")]
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        for _ in 0..<1000 {
            if canConnect(port) { return }
            guard process.isRunning else { break }
            usleep(10_000)
        }
        throw SupportError(words: "rclone serve s3 did not start")
    }

    /// SIGKILL: in the middle of whatever it answers.
    public func kill() {
        guard process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// SIGTERM, and waits for its end.
    public func stop() {
        guard process.isRunning else { return }
        process.terminate()
        process.waitUntilExit()
    }
}
