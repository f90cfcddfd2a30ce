import Engine
import Fingerprints
import Foundation
import Testing
import TestSupport

/// The ordinary cases against real servers: nginx as a plain one that takes PUT, `rclone serve s3` for S3.
/// Skipped where they are not installed (`scripts/setup --tests` installs them).
@Suite(.waits, .serialized, .enabled(if: !Server.available.isEmpty, "nginx or rclone is needed")) struct RoundTripTests
{
    @Test(arguments: Server.available) func objectsComeBackAsTheyWent(server: Server) throws {
        try Self.objectsComeBack(Shelf(server))
    }

    static func objectsComeBack(_ shelf: Shelf) throws {
        let store = try shelf.store()
        for (seed, bytes) in [(1, 0), (2, 1), (3, 65_536), (4, 3_000_001)] {
            let file = try shelf.file(seed: UInt64(seed), bytes: bytes)
            #expect(try !store.has(file.key))
            #expect(try store.bytes(file.key) == nil)
            var sent = 0
            try store.put(file: file.path, bytes: bytes, file.key) { sent += $0 }
            #expect(sent == bytes)
            #expect(try store.has(file.key))
            #expect(try store.bytes(file.key)?.bytes == file.content)
            // A plain path, as anyone with the server's disk or another client would look for it.
            if let path = shelf.path(file.key) {
                #expect(FileManager.default.contents(atPath: path).map(Array.init) == file.content)
            }
        }
        let trace = RemoteKey.trace(Digest(hashing: "a job"))
        #expect(try store.putNew(Array("an action".utf8), trace))
        #expect(try store.bytes(trace)?.bytes == Array("an action".utf8))
    }

    @Test(arguments: Server.available) func transfersGoOnFromAnyByte(server: Server) throws {
        try Self.transfersGoOn(Shelf(server))
    }

    static func transfersGoOn(_ shelf: Shelf) throws {
        let store = try shelf.store()
        let file = try shelf.file(seed: 5, bytes: 1_000_000)
        try store.put(file: file.path, bytes: 1_000_000, file.key) { _ in }
        for start in [1, 999_999, 500_000] {
            let part = try #require(try store.bytes(file.key, from: start))
            #expect(part.first == start && part.bytes == Array(file.content[start...]))
        }
        // Nothing is left to come.
        #expect(try store.bytes(file.key, from: 1_000_000)?.bytes == [])
    }

    @Test(arguments: Server.available) func manyAtOnce(server: Server) throws { try Self.many(Shelf(server)) }

    static func many(_ shelf: Shelf) throws {
        let store = try shelf.store()
        let files = try (0..<24).map { try shelf.file(seed: UInt64(100 + $0), bytes: 10_000 + $0) }
        let results = Results()
        DispatchQueue.concurrentPerform(iterations: files.count) { index in
            results.add(
                Result {
                    try store.put(file: files[index].path, bytes: files[index].content.count, files[index].key) { _ in }
                    return try store.bytes(files[index].key)?.bytes == files[index].content
                })
        }
        #expect(try results.all().allSatisfy { $0 })
    }
}

/// What several threads found.
final class Results: @unchecked Sendable {  // guarded by `lock`
    private let lock = NSLock()
    private var results: [Result<Bool, any Error>] = []

    func add(_ result: Result<Bool, any Error>) { lock.withLock { results.append(result) } }
    func all() throws -> [Bool] { try lock.withLock { try results.map { try $0.get() } } }
}
