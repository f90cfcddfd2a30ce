import Foundation

/// Ceph's S3 on 127.0.0.1: a monitor, an object store in memory, and `radosgw`. It checks signatures and digests of
/// content, and honours `If-None-Match`. Up in some 12 s; `make test-remote`.
public final class RadosServer: S3Server {
    public static let accessKey = "TESTACCESSKEY", secretKey = "test/secret+key"
    private let folder: TemporaryFolder
    private let port: Int
    private var servers: [Process] = []

    /// Whether Ceph is here.
    public static let isAvailable: Bool = {
        let names = ["ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "monmaptool", "curl"]
        let isThere = names.allSatisfy { FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)") }
        if !isThere { print("skipped: no radosgw (apt-get install radosgw ceph-mon ceph-osd ceph-common)") }
        return isThere
    }()

    /// Serves an empty bucket named `bucket`.
    /// - Throws: `SupportError` where a part of it does not start.
    public init() throws {
        folder = try TemporaryFolder()
        port = try freePort()
        do {
            try start()
        } catch {
            stop()
            throw error
        }
    }

    deinit { stop() }

    /// The address that clients are given.
    public var endpoint: String { "http://127.0.0.1:\(port)" }

    /// What a client needs in its environment.
    public var environment: [String: String] {
        ["AWS_ACCESS_KEY_ID": Self.accessKey, "AWS_SECRET_ACCESS_KEY": Self.secretKey, "AWS_ENDPOINT_URL": endpoint]
    }

    private var configuration: String { folder.path("ceph.conf") }

    private func start() throws {
        let fleet = UUID().uuidString.lowercased(), store = UUID().uuidString.lowercased(), monitor = try freePort()
        try """
        [global]
        fsid = \(fleet)
        mon host = v1:127.0.0.1:\(monitor)
        mon initial members = a
        auth cluster required = none
        auth service required = none
        auth client required = none
        run dir = \(folder.path("run"))
        admin socket = \(folder.path("run"))/$name.$pid.asok
        log file = \(folder.path(""))/$name.log
        mon data = \(folder.path("mon"))
        osd data = \(folder.path("osd"))
        osd objectstore = memstore
        osd pool default size = 1
        osd pool default min size = 1
        osd pool default pg num = 1
        osd crush chooseleaf type = 0
        mon allow pool size one = true
        mon data avail warn = 1
        mon data avail crit = 1
        public addr = 127.0.0.1
        cluster addr = 127.0.0.1
        rgw frontends = beast endpoint=127.0.0.1:\(port)
        rgw enable apis = s3
        """.appending("\n").write(toFile: configuration, atomically: true, encoding: .utf8)
        for name in ["mon", "osd", "run"] {
            try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: true)
        }
        try run(
            "monmaptool", "--create", "--fsid", fleet, "--addv", "a", "[v1:127.0.0.1:\(monitor)]", folder.path("map"))
        try run("ceph-mon", "--mkfs", "-i", "a", "--monmap", folder.path("map"), "-c", configuration)
        try serve("ceph-mon", "-f", "-i", "a", "-c", configuration)
        try run("ceph", "-c", configuration, "--connect-timeout", "30", "osd", "new", store, "0")
        try run("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", store, "-c", configuration)
        try serve("ceph-osd", "-f", "-i", "0", "-c", configuration)
        try run(
            "timeout", "60", "radosgw-admin", "-c", configuration, "user", "create", "--uid=u", "--display-name=u",
            "--access-key=\(Self.accessKey)", "--secret-key=\(Self.secretKey)")
        try serve("radosgw", "-f", "-n", "client.rgw", "-c", configuration)
        for _ in 0..<3000 where !canConnect(port) { usleep(10_000) }
        // The program makes no buckets: curl does.
        try run(
            "curl", "--silent", "--fail", "--max-time", "20", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user",
            "\(Self.accessKey):\(Self.secretKey)", "--header",
            "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "--request",
            "PUT",
            "\(endpoint)/bucket")
    }

    private func process(_ words: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    private func run(_ words: String...) throws {
        let process = try process(words)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw SupportError(words: "\(words.joined(separator: " ")) ended with \(process.terminationStatus)")
        }
    }

    private func serve(_ words: String...) throws { servers.append(try process(words)) }

    /// Ends all its parts.
    public func stop() {
        for server in servers.reversed() where server.isRunning {
            kill(server.processIdentifier, SIGKILL)
            server.waitUntilExit()
        }
        servers = []
    }
}

/// A server of S3's protocol, with a bucket named `bucket`.
public protocol S3Server: AnyObject {
    /// The address that clients are given.
    var endpoint: String { get }
    /// What a client needs in its environment.
    var environment: [String: String] { get }
}
