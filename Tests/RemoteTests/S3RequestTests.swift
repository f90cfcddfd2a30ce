import Engine
import Fingerprints
import Foundation
import Remote
import Synchronization
import TestSupport
import Testing
import Transfer

/// What a bucket is asked, request by request.
@Suite(.serialized) struct S3RequestTests {
    private static let part = 1000

    /// A server that takes every part, and what it was asked: method, path and query, bytes of the body.
    private final class Bucket: Sendable {
        let asked = Mutex<[String]>([])

        func reply(_ request: LoopbackServer.Request) -> LoopbackServer.Reply {
            asked.withLock { $0.append("\(request.method) \(request.path) \(request.body.count)") }
            switch (request.method, request.path.contains("uploads")) {
            case ("GET", true): return LoopbackServer.Reply("200 OK", text: "<ListMultipartUploadsResult/>")
            case ("POST", true): return LoopbackServer.Reply("200 OK", text: "<UploadId>u/1</UploadId>")
            case ("POST", _):
                return LoopbackServer.Reply("200 OK", text: "<CompleteMultipartUploadResult/>")
            default: return LoopbackServer.Reply("200 OK", ["ETag": "\"tag\""])
            }
        }
    }

    /// An object as large as a part goes in one request, a larger one in parts.
    @Test(arguments: [
        (1, ["PUT  1"]), (1000, ["PUT  1000"]),
        (1001, ["PUT ?partNumber=1&uploadId=u%2F1 1000", "PUT ?partNumber=2&uploadId=u%2F1 1"]),
        (2000, ["PUT ?partNumber=1&uploadId=u%2F1 1000", "PUT ?partNumber=2&uploadId=u%2F1 1000"]),
    ])
    func whenAnObjectGoesInParts(bytes: Int, puts: [String]) throws {
        let bucket = Bucket(), server = try LoopbackServer { bucket.reply($0) }
        defer { server.stop() }
        let store = S3Store(
            endpoint: server.url, bucket: "bucket", prefix: "a/", region: "us-east-1", credentials: nil, name: "s3",
            client: WebClient(WebClient.Options()), partBytes: Self.part)
        let files = try TemporaryFolder(), content = [UInt8](repeating: 7, count: bytes)
        let key = RemoteKey.blob(Digest(hashing: content)), path = "/bucket/a/\(key)"
        var sent = 0
        try store.put(file: files.write(content, to: "file"), bytes: bytes, key) { sent += $0 }
        #expect(sent == bytes)
        let asked = bucket.asked.withLock { $0 }.map { $0.replacingOccurrences(of: path, with: "") }
        #expect(asked.filter { $0.hasPrefix("PUT") } == puts, "\(asked)")
        #expect(asked.contains { $0.hasPrefix("POST ?uploads") } == (puts.count > 1), "\(asked)")
        #expect(asked.count == (puts.count > 1 ? puts.count + 3 : 1), "\(asked)")
    }

    /// The bucket keeps what it has: 412 says so, and anything else is a fault.
    @Test func whatIsThereIsKept() throws {
        let conditions = Mutex<[String?]>([])
        for (status, isNew) in [("200 OK", true), ("412 Precondition Failed", false), ("413 Too Large", nil)]
            as [(String, Bool?)]
        {
            let server = try LoopbackServer { request in
                conditions.withLock { $0.append(request.fields["if-none-match"]) }
                return LoopbackServer.Reply(status)
            }
            defer { server.stop() }
            let store = S3Store(
                endpoint: server.url, bucket: "bucket", prefix: "", region: "us-east-1", credentials: nil, name: "s3",
                client: WebClient(WebClient.Options()))
            let key = RemoteKey.trace(Digest(hashing: "x"))
            if let isNew {
                #expect(try store.putNew([1], key) == isNew)
            } else {
                #expect(throws: RemoteFault.unusable("HTTP 413 for PUT")) { _ = try store.putNew([1], key) }
            }
        }
        #expect(conditions.withLock { $0 } == ["*", "*", "*"])
    }

    /// S3 takes 10,000 parts at most.
    @Test(arguments: [
        (10_000, 1, 1), (10_001, 1, 2), (20_000, 1, 2), (20_001, 1, 3), (20_001, 5, 5), (1, 16 << 20, 16 << 20),
        (200_000_000_000, 16 << 20, 20_000_000),
    ])
    func sizesOfParts(bytes: Int, least: Int, size: Int) {
        #expect(S3Store.partBytes(of: bytes, atLeast: least) == size)
    }

    /// Behind the end of an object there is nothing, which is no fault; that the whole of it cannot be had is one.
    @Test func nothingIsLeftToCome() throws {
        let server = try LoopbackServer { _ in LoopbackServer.Reply("416 Range Not Satisfiable") }
        defer { server.stop() }
        let store = try openStore(server.url), key = RemoteKey.blob(Digest(hashing: "x"))
        #expect(try store.bytes(key, from: 5)?.bytes == [])
        #expect(throws: RemoteFault.unusable("HTTP 416 for GET")) { _ = try store.bytes(key) }
    }

    @Test(arguments: [0, 5]) func whatIsNotThereIsNoFault(start: Int) throws {
        let server = try LoopbackServer { _ in LoopbackServer.Reply("404 Not Found") }
        defer { server.stop() }
        let store = try openStore(server.url), key = RemoteKey.blob(Digest(hashing: "x"))
        #expect(try store.bytes(key, from: start) == nil && !store.has(key))
    }

    /// A server that knows no ranges begins at the beginning; one that does says where.
    @Test func placesAreTheServersWord() throws {
        let content = GeneratedContent(seed: 3, bytes: 1000)
        for knowsRanges in [true, false] {
            let server = try LoopbackServer { .init(content, to: $0, honoursRange: knowsRanges) }
            defer { server.stop() }
            let part = try #require(
                try openStore(server.url).bytes(RemoteKey.blob(Digest(hashing: "x")), from: 400))
            #expect(part.first == (knowsRanges ? 400 : 0))
            #expect(part.bytes == content.slice((knowsRanges ? 400 : 0)..<1000))
        }
    }
}
