import Fingerprints
import Foundation
import Testing
import Transfer
import TestSupport

/// The ordinary cases against a real server. Skipped where nginx or openssl is not installed (`make setup` installs
/// them).
@Suite(.waits, .serialized, .enabled(if: NginxServer.isAvailable, "nginx and openssl are needed")) struct NginxTests {
    private let content = GeneratedContent(seed: 11, bytes: 6 << 20)
    private let nginx: NginxServer

    init() throws {
        nginx = try NginxServer(extra: "location /up { return 301 SECURE/file; }")
        try nginx.write(content.slice(0..<content.bytes), to: "file")
    }

    @Test func rangesOverSeveralConnections() throws {
        let bench = try Bench()
        bench.options.rangeBytes = 1 << 20
        try bench.fetch([entry(content, nginx.url("file"))])
        #expect(try Digest(contentsOf: bench.downloads + "/file") == content.sha256)
        let log = nginx.log()
        #expect(
            log.count == 6 && log.allSatisfy { $0.hasPrefix("206 \"bytes=") && $0.hasSuffix(" 1048576 /file") },
            "\(log)")
    }

    @Test func resumeAsksWithTheETag() throws {
        struct Stop: Error {}
        let bench = try Bench()
        bench.options.bandwidthLimit = 4 << 20
        #expect(throws: Stop.self) {
            try bench.fetch([entry(content, nginx.url("file"))]) { if $0.bytes > 1 << 20 { throw Stop() } }
        }
        bench.options.bandwidthLimit = nil
        try bench.fetch([entry(content, nginx.url("file"))])
        #expect(try Digest(contentsOf: bench.downloads + "/file") == content.sha256)
        let last = try #require(nginx.log().last)
        #expect(last.hasPrefix("206 \"bytes=") && last.contains("-\" \"\\x22"), "\(last)")
    }

    @Test func fileReplacedOnTheServerIsFetchedAnew() throws {
        struct Stop: Error {}
        let bench = try Bench()
        bench.options.bandwidthLimit = 4 << 20
        #expect(throws: Stop.self) {
            try bench.fetch([entry(content, nginx.url("file"), hash: false)]) { if $0.bytes > 1 << 20 { throw Stop() } }
        }
        let newer = GeneratedContent(seed: 12, bytes: content.bytes)
        // nginx makes its tag from time and size: the time must differ.
        try nginx.write(newer.slice(0..<newer.bytes), to: "file")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: nginx.folder.path("www/file"))
        bench.options.bandwidthLimit = nil
        #expect(try bench.fetch([entry(newer, nginx.url("file"), hash: false)]).first?.sha256 == newer.sha256)
        #expect(nginx.log().last?.hasPrefix("200 \"bytes=") == true)
    }

    @Test func certificateOfAKnownAuthorityIsAccepted() throws {
        let bench = try Bench()
        bench.options.caFile = nginx.caFile
        bench.options.rangeBytes = 1 << 20
        try bench.fetch([entry(content, nginx.secureURL("file"))])
        #expect(try Digest(contentsOf: bench.downloads + "/file") == content.sha256)
    }

    @Test func certificateOfAnUnknownAuthorityIsRefusedAtOnce() throws {
        let bench = try Bench()
        let failure = bench.failure([entry(content, nginx.secureURL("file"))])
        #expect(failure.contains("certificate"), "\(failure)")
        #expect(nginx.log().isEmpty && bench.left.isEmpty)
        #expect(bench.notes.count == 1)
    }

    @Test func redirectUpToHttpsIsFollowedButNeverDown() throws {
        let bench = try Bench()
        bench.options.caFile = nginx.caFile
        try bench.fetch([entry(content, nginx.url("up"))])
        #expect(try Digest(contentsOf: bench.downloads + "/file") == content.sha256)
        try FileManager.default.removeItem(atPath: bench.downloads)
        let before = nginx.log().count
        #expect(
            bench.failure([entry(content, nginx.secureURL("downgrade"))]).contains(
                "a redirect from https to http://127.0.0.1"))
        #expect(nginx.log().count == before + 1)
    }

    @Test func missingFileIsNotAskedForTwice() throws {
        let bench = try Bench()
        #expect(bench.failure([entry(content, nginx.url("nothing"))]).contains("HTTP 404"))
        #expect(nginx.log().count == 1)
    }
}
