import Engine
import Fingerprints
import Foundation
import Remote
import Synchronization
import Testing
import TestSupport
import Transfer

/// What servers do wrong, and what is made of it.
@Suite(.waits, .serialized) struct TroubleTests {
    private func fault(_ body: () throws -> Void) -> RemoteFault? {
        do {
            try body()
            return nil
        } catch { return error as? RemoteFault }
    }

    private let key = RemoteKey.blob(Digest(hashing: "something"))

    @Test(arguments: [401, 403, 405, 501]) func refusals(status: Int) throws {
        let server = try LoopbackServer { _ in
            LoopbackServer.Reply("\(status) No", text: "<Error><Code>AccessDenied</Code></Error>")
        }
        defer { server.stop() }
        let store = try openStore(server.url)
        #expect(fault { _ = try store.bytes(key) } == .refused("HTTP \(status) AccessDenied for GET"))
        #expect(fault { _ = try store.putNew([1], key) } == .refused("HTTP \(status) AccessDenied for PUT"))
        guard case .refused? = fault({ _ = try store.has(key) }) else { Issue.record("has"); return }
    }

    @Test(arguments: [408, 409, 425, 429, 500, 502, 503, 504]) func troubleThatPasses(status: Int) throws {
        let server = try LoopbackServer { _ in LoopbackServer.Reply("\(status) Trouble") }
        defer { server.stop() }
        let store = try openStore(server.url)
        #expect(fault { _ = try store.bytes(key) } == .unavailable("HTTP \(status) for GET"))
        #expect(fault { _ = try store.has(key) } == .unavailable("HTTP \(status) for HEAD"))
    }

    /// The region that a request is signed for: the settings', or else the environment's, or Amazon's own standard.
    @Test func theRegionOfABucket() throws {
        let asked = Mutex<[String]>([])
        let server = try LoopbackServer { request in
            asked.withLock { $0.append(request.fields["authorization"] ?? "") }
            return LoopbackServer.Reply("404 Not Found")
        }
        defer { server.stop() }
        let keys = ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S"]
        var settings = RemoteSettings()
        (settings.url, settings.endpoint) = ("s3://bucket/a", server.url)
        for (region, environment, expected) in [
            (nil, [:], "us-east-1"), (nil, ["AWS_DEFAULT_REGION": "eu-west-1"], "eu-west-1"),
            (nil, ["AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-west-2"], "eu-west-2"),
            ("eu-north-1", ["AWS_REGION": "eu-west-2"], "eu-north-1"),
        ] as [(String?, [String: String], String)] {
            settings.region = region
            let store = try #require(
                try settings.store(environment: keys.merging(environment) { $1 }, downloads: DownloadOptions()))
            #expect(try store.store.has(key) == false)
            #expect(asked.withLock { $0.last }?.contains("/\(expected)/s3/aws4_request") == true, "\(expected)")
        }
    }

    /// A password goes to this machine, or encrypted, and to no name that only begins like this machine's.
    @Test func onlyThisMachineIsThisMachine() throws {
        for (url, isRefused) in [
            ("http://localhost.example.org/x", true), ("http://127.0.0.10/x", true), ("http://localhost:80/x", false),
            ("http://127.0.0.1/x", false), ("https://example.org/x", false),
        ] {
            var settings = RemoteSettings()
            settings.url = url
            let found = settings
            let error = Result {
                try found.store(environment: ["LAVISE_REMOTE_TOKEN": "t"], downloads: DownloadOptions())
            }
            #expect(((try? error.get()) == nil) == isRefused, "\(url)")
        }
    }

    @Test func redirectsAreNotFollowed() throws {
        let asked = Mutex(0)
        let other = try LoopbackServer { _ in
            asked.withLock { $0 += 1 }
            return LoopbackServer.Reply("200 OK", text: "secret")
        }
        let server = try LoopbackServer { _ in LoopbackServer.Reply("302 Found", ["Location": "\(other.url)/x"]) }
        defer {
            server.stop()
            other.stop()
        }
        let store = try openStore(server.url, ["LAVISE_REMOTE_TOKEN": "secret"])
        guard case .refused(let words)? = fault({ _ = try store.bytes(key) }) else { Issue.record("followed"); return }
        #expect(words.contains("it redirects to \(other.url)/x; name that address") && asked.withLock { $0 } == 0)
    }

    @Test func aBodyThatIsCutIsUnavailableAndSaysHowFarItCame() throws {
        let content = GeneratedContent(seed: 1, bytes: 500_000)
        let server = try LoopbackServer { request in
            var reply = LoopbackServer.Reply(content, to: request)
            reply.cutAfter = 200_000
            return reply
        }
        defer { server.stop() }
        let store = try openStore(server.url)
        var come = 0
        guard case .unavailable? = fault({ _ = try store.get(key, from: 0) { come = $0 + $1.count } }) else {
            Issue.record("not noticed"); return
        }
        #expect(come > 0 && come <= 200_000)
        guard case .unavailable? = fault({ _ = try store.get(key, from: 300_000) { come = $0 + $1.count } }) else {
            // 200,000 bytes are all that is left there.
            #expect(come == 500_000)
            return
        }
    }

    @Test func blackHolesAreLeftInTime() throws {
        // It takes the connection, and the request, and says nothing; or stops in the middle of a body.
        let content = GeneratedContent(seed: 1, bytes: 500_000)
        for stall in [0, 100_000] {
            let server = try LoopbackServer { request in
                var reply = LoopbackServer.Reply(content, to: request)
                reply.stallAfter = stall
                return reply
            }
            defer { server.stop() }
            let store = try openStore(server.url, timeout: 1)
            guard case .unavailable? = fault({ _ = try store.bytes(key) }) else { Issue.record("waited"); return }
        }
        // Nobody listens.
        let store = try openStore("http://127.0.0.1:\(try freePort())/x", timeout: 1)
        guard case .unavailable? = fault({ _ = try store.bytes(key) }) else { Issue.record("no fault"); return }
    }

    @Test func aServerThatIsKilledInMidAnswer() throws {
        guard RcloneServer.isAvailable else { return }
        let shelf = try Shelf(.rclone), store = try shelf.store()
        let file = try shelf.file(seed: 9, bytes: 30_000_000)
        try store.put(file: file.path, bytes: file.content.count, file.key) { _ in }
        var come = 0
        guard
            case .unavailable? = fault({
                _ = try store.get(file.key, from: 0) { place, bytes in
                    if come == 0 { shelf.rclone?.kill() }
                    come = place + bytes.count
                }
            })
        else { Issue.record("not noticed"); return }
        try shelf.rclone?.start()
        let rest = try #require(try store.bytes(file.key, from: come))
        #expect(rest.first == come && rest.bytes == Array(file.content[come...]))
    }

    @Test(.enabled(if: RcloneServer.isAvailable, "rclone is needed")) func aWrongSecretIsRefused() throws {
        let shelf = try Shelf(.rclone)
        let file = try shelf.file(seed: 1, bytes: 100)
        let wrong = try shelf.store(["AWS_SECRET_ACCESS_KEY": "another"])
        guard case .refused(let words)? = fault({ try wrong.put(file: file.path, bytes: 100, file.key) { _ in } })
        else { Issue.record("it let us"); return }
        #expect(words.contains("403") && words.contains("SignatureDoesNotMatch"), "\(words)")
        guard case .refused? = fault({ _ = try wrong.bytes(file.key) }) else { Issue.record("it let us"); return }
        let stranger = try shelf.store(["AWS_ACCESS_KEY_ID": "NOBODYATALL"])
        guard case .refused? = fault({ _ = try stranger.bytes(file.key) }) else { Issue.record("it let us"); return }
        #expect(!FileManager.default.fileExists(atPath: shelf.path(file.key) ?? ""))
    }

    @Test(.enabled(if: NginxServer.isAvailable, "nginx is needed")) func aServerThatTakesNothingIsRead() throws {
        let nginx = try NginxServer()
        let content = Array("bytes".utf8), blob = RemoteKey.blob(Digest(hashing: content))
        try nginx.write(content, to: "cache/\(blob)")
        let store = try openStore(nginx.url("cache"))
        #expect(try store.bytes(blob)?.bytes == content)
        guard case .refused(let words)? = fault({ _ = try store.putNew([1], .trace(Digest(hashing: "x"))) }) else {
            Issue.record("it took it"); return
        }
        #expect(words == "HTTP 405 for PUT")
    }

    @Test func credentialsGoOverNoOpenLine() throws {
        #expect(throws: RemoteError.self) {
            try openStore("http://cache.example.org/x", ["LAVISE_REMOTE_TOKEN": "secret"])
        }
        #expect(throws: RemoteError.self) {
            try openStore("http://127.0.0.1.example.org/x", ["LAVISE_REMOTE_USER": "u", "LAVISE_REMOTE_PASSWORD": "p"])
        }
        #expect(throws: RemoteError.self) { try openStore("https://user:secret@cache.example.org/x") }
        _ = try openStore("https://cache.example.org/x", ["LAVISE_REMOTE_TOKEN": "secret"])
        let seen = Mutex<String?>(nil)
        let server = try LoopbackServer { request in
            seen.withLock { $0 = request.fields["authorization"] }
            return LoopbackServer.Reply("404 Not Found")
        }
        defer { server.stop() }
        _ = try openStore(server.url, ["LAVISE_REMOTE_USER": "user", "LAVISE_REMOTE_PASSWORD": "pass:word"]).bytes(key)
        #expect(seen.withLock { $0 } == "Basic dXNlcjpwYXNzOndvcmQ=")
    }

    @Test func theFieldThatSaysThatNothingMayBeReplaced() throws {
        let fields = Mutex<[[String: String]]>([])
        let server = try LoopbackServer { request in
            fields.withLock { $0.append(request.fields) }
            return LoopbackServer.Reply("412 Precondition Failed")
        }
        defer { server.stop() }
        #expect(try !openStore(server.url).putNew([], .trace(Digest(hashing: "x"))))
        #expect(fields.withLock { $0.last?["if-none-match"] } == "*")
    }
}
