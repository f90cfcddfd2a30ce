import Engine
import Fingerprints
import Foundation
import Remote
import Testing
import TestSupport
import Transfer

/// The same on Ceph's radosgw, and what it checks that others do not: `make test-remote`.
@Suite(
    .waits,
    .enabled(
        if: ProcessInfo.processInfo.environment["LAVISE_SERVERS"] != nil && RadosServer.isAvailable,
        "make test-remote runs it")) struct RadosTests
{
    /// One server for all, which takes long to start.
    @Test func radosgw() throws {
        let rados = try RadosServer()
        defer { rados.stop() }
        try RoundTripTests.objectsComeBack(Shelf(on: rados, "one"))
        try RoundTripTests.transfersGoOn(Shelf(on: rados, "two"))
        try RoundTripTests.many(Shelf(on: rados, "three"))
        try MultipartTests.largeFile(Shelf(on: rados, "some/cache"))
        try MultipartTests.killedUpload(Shelf(on: rados, "some/cache"))
        try MultipartTests.othersParts(Shelf(on: rados, "some/cache"))
        try secondWriter(Shelf(on: rados, "four"))
        try wrongSecret(Shelf(on: rados, "five"))
        try otherBytes(Shelf(on: rados, "six"))
    }

    /// `If-None-Match` holds here: the first trace stays, and the second writer hears it.
    private func secondWriter(_ shelf: Shelf) throws {
        let store = try shelf.store(), key = RemoteKey.trace(Digest(hashing: "a job"))
        #expect(try store.putNew([1, 2], key))
        #expect(try store.putNew([3], key) == false)
        #expect(try store.bytes(key)?.bytes == [1, 2])
    }

    private func wrongSecret(_ shelf: Shelf) throws {
        let file = try shelf.file(seed: 6, bytes: 100)
        for change in [["AWS_SECRET_ACCESS_KEY": "wrong"], ["AWS_ACCESS_KEY_ID": "NOBODY"]] {
            let store = try shelf.store(change)
            #expect(throws: RemoteFault.self) { try store.put(file: file.path, bytes: 100, file.key) { _ in } }
            #expect(throws: RemoteFault.self) { try store.bytes(file.key) }
        }
        #expect(try shelf.store().has(file.key) == false)
    }

    /// The content's digest is part of what is signed: other bytes than the name says are refused.
    private func otherBytes(_ shelf: Shelf) throws {
        let file = try shelf.file(seed: 7, bytes: 1000), other = try shelf.file(seed: 8, bytes: 1000)
        let store = try shelf.store()
        #expect(throws: RemoteFault.self) { try store.put(file: other.path, bytes: 1000, file.key) { _ in } }
        #expect(try store.has(file.key) == false)
    }
}
