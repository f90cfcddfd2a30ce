import Foundation
import Glibc

/// nginx on 127.0.0.1 with a folder to serve, over http and, with a certificate authority made for it, over https.
public final class NginxServer {
    /// Its files, `www` and the logs among them; gone with the server.
    public let folder: TemporaryFolder
    /// For http, on 127.0.0.1.
    public let port: Int
    /// For https, on 127.0.0.1.
    public let securePort: Int
    /// The certificate authority that signed the server's certificate.
    public let caFile: String
    private let process = Process()

    /// Where nginx is; nil where it is nowhere.
    public static let program = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"].first(
        where: FileManager.default.isExecutableFile)

    /// Whether nginx and the openssl command are here.
    public static var isAvailable: Bool {
        program != nil && FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")
    }

    /// Serves `<folder>/www`. `extra` is put into the http server block.
    /// - Throws: `SupportError` where nginx does not start.
    public init(extra: String = "") throws {
        folder = try TemporaryFolder()
        caFile = folder.path("ca.pem")
        try FileManager.default.createDirectory(atPath: folder.path("www"), withIntermediateDirectories: true)
        (port, securePort) = try (freePort(), freePort())
        try makeCertificate()
        try folder.write(Array(configuration(extra).utf8), to: "nginx.conf")
        process.executableURL = URL(fileURLWithPath: NginxServer.program ?? "")
        process.arguments = ["-p", folder.path, "-c", "nginx.conf", "-e", "error.log"]
        process.standardError = FileHandle.nullDevice
        try process.run()
        try waitUntilReady()
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }

    /// The http address of a file in `www`.
    public func url(_ name: String) -> String { "http://127.0.0.1:\(port)/\(name)" }
    /// The https address of a file in `www`.
    public func secureURL(_ name: String) -> String { "https://127.0.0.1:\(securePort)/\(name)" }
    /// Puts a file into `www`.
    /// - Throws: where the disk refuses.
    public func write(_ bytes: [UInt8], to name: String) throws { try folder.write(bytes, to: "www/\(name)") }

    /// Lines of the access log: `status "range" "if-range" bytes path`.
    public func log() -> [String] {
        ((try? folder.read("access.log")).map { String(decoding: $0, as: UTF8.self) } ?? "").split(separator: "\n").map(
            String.init)
    }

    private func configuration(_ extra: String) -> String {
        """
        daemon off;
        \(getuid() == 0 ? "user root;" : "")
        worker_processes 1;
        pid nginx.pid;
        events { worker_connections 64; }
        http {
          log_format short '$status "$http_range" "$http_if_range" $body_bytes_sent $uri';
          access_log access.log short;
          client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
          root www;
          server { listen 127.0.0.1:\(port); \(extra.replacingOccurrences(of: "SECURE", with: "https://127.0.0.1:\(securePort)")) }
          server {
            listen 127.0.0.1:\(securePort) ssl;
            ssl_certificate server.pem; ssl_certificate_key server.key;
            location /downgrade { return 302 http://127.0.0.1:\(port)/file; }
          }
        }
        """
    }

    private func makeCertificate() throws {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try openssl(
            ["req", "-x509"] + key + [
                "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test authority",
            ])
        try openssl(["req"] + key + ["-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1"])
        try folder.write(Array("subjectAltName=IP:127.0.0.1\n".utf8), to: "names")
        try openssl([
            "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names",
            "-out", "server.pem",
        ])
    }

    private func openssl(_ arguments: [String]) throws {
        let result = try runProgram("/usr/bin/openssl", arguments, in: folder.path)
        guard result.status == 0 else { throw SupportError(words: "openssl \(arguments[0]): \(result.errors)") }
    }

    private func waitUntilReady() throws {
        for _ in 0..<500 {
            if canConnect(port), canConnect(securePort) { return }
            guard process.isRunning else { break }
            usleep(10_000)
        }
        let log = (try? folder.read("error.log")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        throw SupportError(words: "nginx did not start: \(log)")
    }
}

/// What tests' own tools could not do.
public struct SupportError: Error, CustomStringConvertible {
    /// What, and why.
    public let words: String
    /// The words.
    public var description: String { words }

    /// - Parameter words: what could not be done, and why.
    public init(words: String) { self.words = words }
}

/// A port that was free a moment ago.
/// - Throws: `SupportError` where there is none.
public func freePort() throws -> Int {
    let (descriptor, port) = try listenOnLoopback()
    close(descriptor)
    return port
}

func canConnect(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}

/// Runs a program to its end; nothing of it reaches the terminal.
/// - Throws: where there is no such program.
public func runProgram(
    _ program: String, _ arguments: [String], in folder: String? = nil, environment: [String: String]? = nil
) throws -> (status: Int32, output: String, errors: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    if let environment { process.environment = environment }
    let logs = try TemporaryFolder()
    let output = logs.path("output"), errors = logs.path("errors")
    for path in [output, errors] { try Data().write(to: URL(fileURLWithPath: path)) }
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
    process.waitUntilExit()
    func text(_ name: String) throws -> String { String(decoding: try logs.read(name), as: UTF8.self) }
    return (process.terminationStatus, try text("output"), try text("errors"))
}
