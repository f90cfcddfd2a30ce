import Engine
import Fingerprints
import Foundation
import Remote
import Testing
import TestSupport

/// Objects larger than a part, on `rclone serve s3`.
@Suite(.waits, .serialized, .enabled(if: RcloneServer.isAvailable, "rclone is needed")) struct MultipartTests {
    static let part = 5 << 20
    struct Killed: Error {}

    private static func store(_ shelf: Shelf) throws -> S3Store {
        S3Store(
            endpoint: try #require(shelf.s3).endpoint, bucket: "bucket", prefix: "some/cache/", region: "us-east-1",
            credentials: AWSCredentials(environment: shelf.environment), name: "s3://bucket/some/cache",
            client: WebClient(WebClient.Options()), partBytes: Self.part)
    }

    @Test func aLargeFileGoesInParts() throws { try Self.largeFile(Shelf(.rclone)) }

    static func largeFile(_ shelf: Shelf) throws {
        let store = try store(shelf)
        let file = try shelf.file(seed: 1, bytes: 3 * Self.part + 12_345)
        var sent = 0
        try store.put(file: file.path, bytes: file.content.count, file.key) { sent += $0 }
        #expect(sent == file.content.count)
        #expect(try store.bytes(file.key)?.bytes == file.content)
    }

    @Test func anUploadThatWasKilledGoesOnWithTheMissingParts() throws { try Self.killedUpload(Shelf(.rclone)) }

    static func killedUpload(_ shelf: Shelf) throws {
        let store = try store(shelf)
        let file = try shelf.file(seed: 2, bytes: 4 * Self.part + 1), total = file.content.count
        var sent = 0
        #expect(throws: Killed.self) {
            try store.put(file: file.path, bytes: total, file.key) { more in
                sent += more
                if sent > 2 * Self.part + 100_000 { throw Killed() }
            }
        }
        #expect(try !store.has(file.key))
        // Another process, which knows nothing of the first.
        var rest = 0
        try Self.store(shelf).put(file: file.path, bytes: total, file.key) { rest += $0 }
        #expect(rest == total - 2 * Self.part, "\(rest) bytes went again")
        #expect(try store.bytes(file.key)?.bytes == file.content)
    }

    /// A part that came over damaged, or of another file, is not taken for ours.
    @Test func partsThatAreOthersGoAgain() throws { try Self.othersParts(Shelf(.rclone)) }

    static func othersParts(_ shelf: Shelf) throws {
        let store = try store(shelf)
        let file = try shelf.file(seed: 3, bytes: 2 * Self.part + 7), total = file.content.count
        let other = try shelf.file(seed: 4, bytes: 2 * Self.part + 7)
        var sent = 0
        #expect(throws: Killed.self) {
            try store.put(file: other.path, bytes: total, file.key) { more in
                sent += more
                if sent > Self.part + 100 { throw Killed() }
            }
        }
        var again = 0
        try store.put(file: file.path, bytes: total, file.key) { again += $0 }
        #expect(again == total)
        #expect(try store.bytes(file.key)?.bytes == file.content)
    }

    @Test func aServerThatForgotTheUploadGetsItAll() throws {
        let shelf = try Shelf(.rclone), store = try Self.store(shelf)
        let file = try shelf.file(seed: 5, bytes: 3 * Self.part), total = file.content.count
        var sent = 0
        #expect(throws: (any Error).self) {
            try store.put(file: file.path, bytes: total, file.key) { more in
                sent += more
                if sent > Self.part + 100_000 { shelf.rclone?.kill() }
            }
        }
        try shelf.rclone?.start()
        try store.put(file: file.path, bytes: total, file.key) { _ in }
        #expect(try store.bytes(file.key)?.bytes == file.content)
    }
}
