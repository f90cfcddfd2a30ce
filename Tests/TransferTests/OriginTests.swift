import Fingerprints
import Foundation
import Testing
import Transfer
import TestSupport

/// Mirrors, local files, offline mode and proxies.
@Suite struct OriginTests {
    private let content = GeneratedContent(seed: 9, bytes: 300_000)

    private var bytes: [UInt8] { content.slice(0..<content.bytes) }

    @Test func fileURLIsCopiedAndResumed() throws {
        struct Stop: Error {}
        let bench = try Bench()
        let large = GeneratedContent(seed: 5, bytes: 40 << 20)
        let source = try bench.folder.write(large.slice(0..<large.bytes), to: "a source/the file")
        let url = URL(fileURLWithPath: source).absoluteString
        #expect(throws: Stop.self) { try bench.fetch([entry(large, url)]) { if $0.bytes > 0 { throw Stop() } } }
        #expect(bench.left == ["file.part", "file.part.journal"])
        #expect(try bench.fetch([entry(large, url)]).first?.origin == url)
        #expect(try Digest(contentsOf: bench.downloads + "/file") == large.sha256)
        #expect(
            bench.failure([ManifestFile(name: "b", urls: ["file:///nowhere/b"], bytes: 1, checksum: nil, license: "")])
                == "b: no origin gave the right file: file:///nowhere/b: no such file")
    }

    /// A local file of another size is not copied at all, whether it is too short or too long.
    @Test(arguments: [4, 6]) func fileOfAnotherSizeIsNotCopied(bytes: Int) throws {
        let bench = try Bench()
        let url = URL(fileURLWithPath: try bench.folder.write([UInt8](repeating: 1, count: 5), to: "source"))
            .absoluteString
        let file = ManifestFile(name: "file", urls: [url], bytes: bytes, checksum: nil, license: "")
        #expect(bench.failure([file]).contains("size expected \(bytes), got 5"))
        #expect(bench.left == [])
    }

    @Test(arguments: ["name", "sha256"]) func mirrorFolderIsAskedFirstByNameAndHash(by key: String) throws {
        let bench = try Bench()
        let content = content
        let serving = try Serving { .init(content, to: $0) }
        try bench.folder.write(bytes, to: "mirror/\(key == "name" ? "file" : content.sha256.hex)")
        bench.options.mirrors = [bench.folder.path("empty"), bench.folder.path("mirror")]
        bench.options.offline = true
        try bench.fetch([entry(content, serving.url)])
        #expect(try bench.bytes() == bytes)
        #expect(serving.server.requestCount == 0)
    }

    @Test func mirrorURLIsAskedByNameThenByHash() throws {
        let bench = try Bench()
        let content = content
        let mirror = try Serving {
            $0.path == "/pub/\(content.sha256)" ? .init(content, to: $0) : .init("404 Not Found")
        }
        bench.options.mirrors = [mirror.server.url + "/pub"]
        #expect(
            try bench.fetch([entry(content, "http://127.0.0.1:1/file")]).first?.origin
                == "\(mirror.server.url)/pub/\(content.sha256)")
        #expect(mirror.server.served.map(\.path) == ["/pub/file", "/pub/\(content.sha256)"])
    }

    @Test func wrongFileInAMirrorIsPassedOver() throws {
        let bench = try Bench()
        let content = content
        let serving = try Serving { .init(content, to: $0) }
        try bench.folder.write(bytes.reversed(), to: "mirror/file")
        bench.options.mirrors = [bench.folder.path("mirror")]
        try bench.fetch([entry(content, serving.url)])
        #expect(try bench.bytes() == bytes)
        #expect(bench.notes.contains { $0.contains("sha256 expected") })
    }

    @Test func offlineNamesEverythingThatIsMissing() throws {
        let bench = try Bench()
        bench.options.offline = true
        let serving = try Serving { _ in .init("404 Not Found") }
        bench.options.mirrors = [serving.server.url]
        let files = ["a", "b"].map {
            ManifestFile(
                name: $0, urls: [serving.server.url + "/" + $0], bytes: $0 == "a" ? 5 : nil, checksum: nil, license: "")
        }
        let failure = bench.failure(files)
        #expect(
            failure.hasPrefix(
                "offline, and these files are missing: a (5 bytes, \(serving.server.url)/a), b (size unknown, \(serving.server.url)/b);"
            ))
        #expect(serving.server.requestCount == 0)
    }

    @Test func optionsComeFromTheUsualVariables() throws {
        let options = try DownloadOptions(environment: [
            "LAVISE_MIRRORS": "/a b, https://example.org/x,,", "SSL_CERT_FILE": "/ca.pem",
        ])
        #expect(options.mirrors == ["/a b", "https://example.org/x"])
        #expect(options.caFile == "/ca.pem")
        let both = try DownloadOptions(environment: ["CURL_CA_BUNDLE": "/b", "SSL_CERT_FILE": "/c"]),
            none = try DownloadOptions(environment: [:])
        #expect(both.caFile == "/b")
        #expect(none.mirrors.isEmpty && none.bandwidthLimit == nil)
    }

    @Test(arguments: [
        ("500k", 500_000), ("20M", 20_000_000), ("1.5G", 1_500_000_000), ("4096", 4096), (" 2m ", 2_000_000),
    ])
    func bandwidthComesFromTheEnvironment(text: String, bytes: Int) throws {
        let options = try DownloadOptions(environment: ["LAVISE_BANDWIDTH": text])
        #expect(options.bandwidthLimit == bytes)
    }

    @Test(arguments: ["fast", "-3", "0", "k", "1e400", "5 apples"])
    func bandwidthThatIsNoneIsAnError(text: String) {
        #expect(throws: ManifestError.self) { try DownloadOptions(environment: ["LAVISE_BANDWIDTH": text]) }
    }

    @Test func passwordsStayOutOfMessagesAndOutOfTheJournal() throws {
        let bench = try Bench()
        let content = content
        let serving = try Serving { request in
            guard request.number == 0 else { return .init("404 Not Found") }
            var reply = LoopbackServer.Reply(content, to: request)
            reply.cutAfter = 1000
            return reply
        }
        let url = "http://someone:secret@127.0.0.1:\(serving.server.port)/file"
        let failure = bench.failure([entry(content, url)])
        #expect(
            failure.contains("127.0.0.1") && !failure.contains("secret") && !bench.notes.joined().contains("secret"))
        #expect(!String(decoding: try bench.bytes("file.part.journal"), as: UTF8.self).contains("secret"))
    }

    @Test func proxyComesFromTheEnvironment() throws {
        let bench = try Bench()
        let content = content
        // Nobody listens there: only the proxy can answer.
        let url = "http://127.0.0.1:\(try freePort())/file"
        let proxy = try Serving { $0.path == url ? .init(content, to: $0) : .init("502 Bad Gateway") }
        let manifest = Manifest(name: "m", files: [entry(content, url)])
        let path = try bench.folder.write(Array(manifest.value.json(pretty: true).utf8), to: "m.json")
        let result = try runProgram(
            probe, ["fetch", path, bench.downloads], environment: ["http_proxy": proxy.server.url, "PATH": "/usr/bin"])
        #expect(result.output == "\(content.sha256) \(content.bytes) file\n", "\(result.errors)")
        #expect(proxy.server.requestCount == 1)
        let direct = try runProgram(
            probe, ["fetch", path, bench.folder.path("second")],
            environment: ["http_proxy": proxy.server.url, "no_proxy": "127.0.0.1"])
        #expect(direct.status == 8)
        #expect(proxy.server.requestCount == 1)
    }
}

/// The helper program, which the build puts beside the tests.
let probe = URL(fileURLWithPath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "")
    .deletingLastPathComponent().appending(path: "transfer-probe").path
