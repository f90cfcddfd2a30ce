import Fingerprints
import Foundation
import Testing
import Transfer
import TestSupport

/// The ordinary course of downloads, against a well-behaved server.
@Suite struct DownloadTests {
    private let content = GeneratedContent(seed: 1, bytes: 1_000_003)

    @Test func fileArrivesWholeAndNothingElseIsLeft() throws {
        let bench = try Bench()
        let content = content
        let serving = try Serving { .init(content, to: $0, etag: "\"1\"") }
        let fetched = try bench.fetch([entry(content, serving.url)])
        #expect(
            fetched == [
                FetchedFile(
                    name: "file", path: bench.downloads + "/file", bytes: content.bytes, sha256: content.sha256,
                    origin: serving.url)
            ])
        #expect(try bench.bytes() == content.slice(0..<content.bytes))
        #expect(bench.left == ["file"])
        #expect(serving.server.requestCount == 1)
    }

    @Test func largeFileComesInRangesOverSeveralConnections() throws {
        let bench = try Bench()
        bench.options.rangeBytes = 64 << 10
        let content = content
        let serving = try Serving { .init(content, to: $0, etag: "\"1\"") }
        try bench.fetch([entry(content, serving.url)])
        #expect(try bench.bytes() == content.slice(0..<content.bytes))
        #expect(serving.server.served.map(\.start).sorted() == Array(stride(from: 0, to: content.bytes, by: 64 << 10)))
        #expect(serving.sent == content.bytes)
    }

    @Test func severalFilesAtOnceKeepTheManifestsOrder() throws {
        let bench = try Bench()
        let contents = (0..<7).map { GeneratedContent(seed: UInt64($0), bytes: 10_000 * $0) }
        let serving = try Serving { request in .init(contents[Int(request.path.dropFirst()) ?? 0], to: request) }
        let files = contents.enumerated().map { index, content in
            ManifestFile(
                name: "sub/\(index)", urls: ["\(serving.server.url)/\(index)"], bytes: content.bytes,
                checksum: .sha256(content.sha256), license: "")
        }
        var seen: [TransferProgress] = []
        let fetched = try bench.fetch(files) { seen.append($0) }
        #expect(fetched.map(\.name) == files.map(\.name))
        for (index, content) in contents.enumerated() {
            #expect(try bench.bytes("sub/\(index)") == content.slice(0..<content.bytes))
        }
        #expect(
            !seen.isEmpty && seen.allSatisfy { $0.total == 210_000 && $0.bytes <= 210_000 && $0.phase == .downloading })
    }

    @Test func unknownSizeAndHashAreReportedForTheLock() throws {
        let bench = try Bench()
        let content = content
        for isChunked in [false, true] {
            let serving = try Serving { request in
                var reply = LoopbackServer.Reply(content, to: request)
                reply.isChunked = isChunked
                return reply
            }
            try? FileManager.default.removeItem(atPath: bench.downloads)
            let fetched = try bench.fetch([entry(content, serving.url, bytes: false, hash: false)])
            #expect(fetched.first?.sha256 == content.sha256 && fetched.first?.bytes == content.bytes)
        }
    }

    @Test func md5IsCheckedWhereThePublisherGivesNoBetterHash() throws {
        let bench = try Bench()
        let serving = try Serving { _ in .init("200 OK", text: "The quick brown fox jumps over the lazy dog") }
        func file(_ md5: String) -> ManifestFile {
            ManifestFile(name: "file", urls: [serving.url], bytes: 43, checksum: .md5(md5), license: "")
        }
        #expect(
            bench.failure([file("00000000000000000000000000000000")])
                .contains("md5 expected 00000000000000000000000000000000, got 9e107d9d372bb6826bd81d3542a419d6"))
        // The example of RFC 1321's algorithm that everyone knows.
        #expect(try bench.fetch([file("9e107d9d372bb6826bd81d3542a419d6")]).count == 1)
    }

    @Test func presentFileIsHashedAndKept() throws {
        let bench = try Bench()
        let content = content
        let serving = try Serving { .init(content, to: $0) }
        try bench.folder.write(content.slice(0..<content.bytes), to: "downloads/file")
        #expect(try bench.fetch([entry(content, serving.url)]).first?.origin == nil)
        #expect(serving.server.requestCount == 0)
        #expect(
            try plannedDownloads(Manifest(name: "m", files: [entry(content, serving.url)]), in: bench.downloads).isEmpty
        )
    }

    @Test func damagedPresentFileIsSetAsideAndFetchedAnew() throws {
        let bench = try Bench()
        let content = content
        let serving = try Serving { .init(content, to: $0) }
        var bytes = content.slice(0..<content.bytes)
        bytes[5] ^= 1
        try bench.folder.write(bytes, to: "downloads/file")
        try bench.fetch([entry(content, serving.url)])
        #expect(try bench.bytes() == content.slice(0..<content.bytes))
        #expect(try bench.bytes("file.quarantine") == bytes)
        #expect(bench.notes.contains { $0.contains("sha256 expected \(content.sha256)") })
    }

    @Test func cancelledDownloadGoesOnWhereItStopped() throws {
        struct Stop: Error {}
        let bench = try Bench()
        bench.options.rangeBytes = 128 << 10
        let content = GeneratedContent(seed: 4, bytes: 8 << 20)
        let serving = try Serving { .init(content, to: $0, etag: "\"1\"") }
        bench.options.bandwidthLimit = 4 << 20
        let file = entry(content, serving.url)
        #expect(throws: Stop.self) { try bench.fetch([file]) { if $0.bytes > 1 << 20 { throw Stop() } } }
        #expect(bench.left == ["file.part", "file.part.journal"])
        let planned = try plannedDownloads(Manifest(name: "m", files: [file]), in: bench.downloads)
        let here = try #require(planned.first?.bytesPresent)
        #expect(here > 1 << 20 && planned.first?.bytesLeft == content.bytes - here)
        let before = serving.sent
        bench.options.bandwidthLimit = nil
        try bench.fetch([file])
        #expect(try bench.bytes() == content.slice(0..<content.bytes))
        #expect(serving.sent - before == content.bytes - here)
        #expect(bench.left == ["file"])
    }

    @Test func bandwidthLimitHolds() throws {
        let bench = try Bench()
        bench.options.bandwidthLimit = 1 << 20
        bench.options.rangeBytes = 256 << 10
        let content = GeneratedContent(seed: 4, bytes: 2 << 20)
        let serving = try Serving { .init(content, to: $0) }
        // Faster is wrong; how much slower a busy machine makes it does not matter.
        let time = try ContinuousClock().measure { try bench.fetch([entry(content, serving.url)]) }
        #expect(time > .milliseconds(1000))
    }

    @Test func diskSpaceIsCheckedBeforeAnythingIsAsked() throws {
        let bench = try Bench()
        let serving = try Serving { _ in .init("404 Not Found") }
        let file = ManifestFile(name: "file", urls: [serving.url], bytes: 1 << 60, checksum: nil, license: "")
        #expect(bench.failure([file]).contains("\(1 << 60) bytes are needed"))
        #expect(serving.server.requestCount == 0)
    }

    @Test func secondProcessOnTheSameFileIsTurnedAway() throws {
        let bench = try Bench(), other = try Bench()
        let content = content
        let serving = try Serving { request in
            var reply = LoopbackServer.Reply(content, to: request)
            reply.stallAfter = 1000
            return reply
        }
        struct Stop: Error {}
        var problem = ""
        #expect(throws: Stop.self) {
            try bench.fetch([entry(content, serving.url)]) { progress in
                guard progress.bytes > 0 else { return }
                do {
                    _ = try Downloader(other.options).fetch(
                        Manifest(name: "m", files: [entry(content, serving.url)]), into: bench.downloads)
                } catch { problem = "\(error)" }
                throw Stop()
            }
        }
        #expect(problem.contains("another process is writing this file"))
    }
}
