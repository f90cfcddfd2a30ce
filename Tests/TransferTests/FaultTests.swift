import Fingerprints
import Foundation
import Synchronization
import Testing
import Transfer
import TestSupport

/// Servers that break, lie and change their minds: the file is right in the end, or the error says why not.
@Suite struct FaultTests {
    private let content = GeneratedContent(seed: 2, bytes: 1_500_001)
    private let other = GeneratedContent(seed: 3, bytes: 1_500_001)

    private func whole(_ content: GeneratedContent) -> [UInt8] { content.slice(0..<content.bytes) }

    @Test func cutConnectionsAreResumedWithoutFetchingAByteTwice() throws {
        let bench = try Bench()
        let content = content
        let conditions = Mutex<[String?]>([])
        let serving = try Serving(cuts: [1, 100_000, 100_001, 700_000, 1_400_000]) { request in
            conditions.withLock { $0.append(request.fields["if-range"]) }
            return .init(content, to: request, etag: "\"7\"")
        }
        try bench.fetch([entry(content, serving.url)])
        #expect(try bench.bytes() == whole(content))
        #expect(serving.sent == content.bytes)
        #expect(conditions.withLock(\.self) == [nil] + [String?](repeating: "\"7\"", count: 5))
    }

    @Test func cutsDuringParallelRanges() throws {
        let bench = try Bench()
        bench.options.rangeBytes = 100_000
        let content = content
        let serving = try Serving(cuts: Array(stride(from: 50_000, to: 1_500_000, by: 130_000))) {
            .init(content, to: $0, etag: "\"7\"")
        }
        try bench.fetch([entry(content, serving.url)])
        #expect(try bench.bytes() == whole(content))
        #expect(serving.sent == content.bytes)
    }

    @Test func serverWithoutRangesStartsOverAndArrives() throws {
        let bench = try Bench()
        let content = content
        let serving = try Serving(cuts: [400_000]) { .init(content, to: $0, honoursRange: false) }
        try bench.fetch([entry(content, serving.url)])
        #expect(try bench.bytes() == whole(content))
        #expect(serving.server.requestCount == 2)
    }

    @Test func serverWithoutRangesThatAlwaysBreaksIsGivenUp() throws {
        let bench = try Bench()
        let content = content
        let serving = try Serving { request in
            var reply = LoopbackServer.Reply(content, to: request, etag: "\"1\"", honoursRange: false)
            reply.cutAfter = 300_000
            return reply
        }
        #expect(bench.failure([entry(content, serving.url)]).contains("no origin gave the right file"))
        #expect(serving.server.requestCount <= 2 * (bench.options.retries + 1))
    }

    @Test func stalledConnectionIsCutAndResumed() throws {
        let bench = try Bench()
        let content = content
        let serving = try Serving { request in
            var reply = LoopbackServer.Reply(content, to: request, etag: "\"1\"")
            if request.number == 0 { reply.stallAfter = 200_000 }
            return reply
        }
        try bench.fetch([entry(content, serving.url)])
        #expect(try bench.bytes() == whole(content))
        #expect(serving.sent == content.bytes)
    }

    @Test func bodyThatEndsWithTheConnectionMayEndEarly() throws {
        let bench = try Bench()
        let content = content
        let serving = try Serving(cuts: [200_000]) { request in
            var reply = LoopbackServer.Reply(content, to: request, etag: "\"1\"")
            reply.endsWithConnection = true
            return reply
        }
        try bench.fetch([entry(content, serving.url)])
        #expect(try bench.bytes() == whole(content))
        #expect(serving.sent == content.bytes)
    }

    @Test(arguments: [-1000, 1000]) func lyingLengthLeadsToTheNextOrigin(by difference: Int) throws {
        let bench = try Bench()
        let content = content
        let liar = try Serving { request in
            var reply = LoopbackServer.Reply(content, to: request, honoursRange: false)
            reply.fields["Content-Length"] = String(content.bytes + difference)
            return reply
        }
        let honest = try Serving { .init(content, to: $0) }
        try bench.fetch([entry(content, liar.url, honest.url)])
        #expect(try bench.bytes() == whole(content))
        #expect(
            bench.notes.contains { $0.contains("size expected 1500001, the server has \(content.bytes + difference)") })
        #expect(liar.server.requestCount == 1)
    }

    @Test func lengthLongerThanTheBodyIsNoEndlessWait() throws {
        let bench = try Bench()
        let content = content
        let liar = try Serving { request in
            var reply = LoopbackServer.Reply(content, to: request, honoursRange: false)
            reply.fields["Content-Length"] = String(content.bytes + 10)
            reply.cutAfter = content.bytes
            return reply
        }
        let failure = bench.failure([entry(content, liar.url, bytes: false, hash: false)])
        #expect(failure.contains("no origin gave the right file"))
        #expect(liar.server.requestCount <= 2 * (bench.options.retries + 1))
        #expect(!bench.left.contains("file"))
    }

    @Test func webPageWithStatus200NeitherBecomesTheFileNorHarmsThePart() throws {
        let bench = try Bench()
        let content = content
        let page = "<!DOCTYPE html><html><body>Please log in</body></html>"
        for isChunked in [false, true] {
            let fickle = try Serving { request in
                if request.number == 0 {
                    var reply = LoopbackServer.Reply(content, to: request, etag: "\"1\"")
                    reply.cutAfter = 600_000
                    return reply
                }
                var reply = LoopbackServer.Reply("200 OK", ["Content-Type": "text/html"], text: page)
                reply.isChunked = isChunked
                return reply
            }
            let honest = try Serving { .init(content, to: $0, etag: "\"2\"") }
            try? FileManager.default.removeItem(atPath: bench.downloads)
            try bench.fetch([entry(content, fickle.url, honest.url)])
            #expect(try bench.bytes() == whole(content))
            #expect(honest.server.served.map(\.start) == [600_000])
            #expect(bench.notes.contains { $0.contains("a web page") })
        }
    }

    @Test func webPageIsRecognisedWithoutKnownHash() throws {
        let bench = try Bench()
        for type in ["text/html; charset=utf-8", "application/octet-stream"] {
            let serving = try Serving { _ in
                .init("200 OK", ["Content-Type": type], text: "\n<!doctype HTML><p>Moved</p>")
            }
            #expect(
                bench.failure([entry(content, serving.url, bytes: false, hash: false)]).contains(
                    "a web page came instead of the file"))
            #expect(!bench.left.contains("file"))
        }
    }

    @Test func somethingElseThanAZipIsRecognisedWithoutKnownHash() throws {
        let bench = try Bench()
        let serving = try Serving { _ in .init("200 OK", text: "This is no archive at all") }
        let file = ManifestFile(name: "objects.json.zip", urls: [serving.url], bytes: nil, checksum: nil, license: "")
        #expect(bench.failure([file]).contains("Not a zip archive"))
        #expect(bench.left == ["objects.json.zip.quarantine"])
    }

    @Test func chunkedBodyOfAnotherFileIsSetAside() throws {
        let bench = try Bench()
        let content = content
        let wrong = try Serving { _ in
            var reply = LoopbackServer.Reply("200 OK", text: "short")
            reply.isChunked = true
            return reply
        }
        let honest = try Serving { .init(content, to: $0) }
        try bench.fetch([entry(content, wrong.url, honest.url)])
        #expect(try bench.bytes() == whole(content))
        #expect(bench.notes.contains { $0.contains("size expected 1500001, got 5") })
        #expect(honest.server.served.map(\.start) == [0])
    }

    @Test func wrongHashIsQuarantinedAndTheNextOriginAsked() throws {
        let bench = try Bench()
        let (content, other) = (content, other)
        let wrong = try Serving { .init(other, to: $0, etag: "\"1\"") }
        let honest = try Serving { .init(content, to: $0) }
        try bench.fetch([entry(content, wrong.url, honest.url)])
        #expect(try bench.bytes() == whole(content))
        #expect(try bench.bytes("file.quarantine") == whole(other))
        #expect(wrong.server.requestCount == 1)
    }

    @Test func wrongHashEverywhereSaysExpectedAndGot() throws {
        let bench = try Bench()
        let (content, other) = (content, other)
        let wrong = try Serving { .init(other, to: $0) }
        let failure = bench.failure([entry(content, wrong.url)])
        #expect(
            failure.contains(
                "file: no origin gave the right file: \(wrong.url): sha256 expected \(content.sha256), got \(other.sha256); kept as"
            ))
        #expect(bench.left == ["file.quarantine"])
    }

    /// The file becomes another one after the first request; the manifest expects the new one, or nothing.
    @Test(arguments: ["If-Range", "206 with another ETag", "no validator"], [true, false])
    func changeBetweenRangesNeverMixes(how: String, isKnown: Bool) throws {
        let bench = try Bench()
        let (content, other) = (content, other)
        let serving = try Serving { request in
            let version = request.number == 0 ? other : content
            var reply =
                switch how {
                case "If-Range": LoopbackServer.Reply(version, to: request, etag: "\"\(version.seed)\"")
                case "no validator": LoopbackServer.Reply(version, to: request)
                default: LoopbackServer.Reply(version, to: request, etag: request.fields["if-range"])
                }
            if how == "206 with another ETag" { reply.fields["ETag"] = "\"\(version.seed)\"" }
            if request.number == 0 { reply.cutAfter = 500_000 }
            return reply
        }
        // Without hash and validator nobody can tell: that case is not one.
        if how == "no validator", !isKnown { return }
        let fetched = try bench.fetch([entry(content, serving.url, hash: isKnown)])
        #expect(fetched.first?.sha256 == content.sha256)
        #expect(try bench.bytes() == whole(content))
    }

    @Test func fileThatChangesAtEveryRequestIsGivenUp() throws {
        let bench = try Bench()
        let serving = try Serving { request in
            var reply = LoopbackServer.Reply(
                GeneratedContent(seed: UInt64(request.number), bytes: 1_500_001), to: request,
                etag: "\"\(request.number)\"")
            reply.cutAfter = 100_000
            return reply
        }
        let failure = bench.failure([entry(content, serving.url, hash: false)])
        #expect(failure.contains("no origin gave the right file"))
        #expect(serving.server.requestCount < 20)
    }

    @Test func wrongRangeInTheAnswerIsRefused() throws {
        let bench = try Bench()
        let content = content
        let serving = try Serving { request in
            var reply = LoopbackServer.Reply(content, to: request, etag: "\"1\"")
            if request.number == 0 {
                reply.cutAfter = 100_000
            } else {
                reply.range = 0..<content.bytes
                reply.fields["Content-Range"] = "bytes 0-\(content.bytes - 1)/\(content.bytes)"
            }
            return reply
        }
        #expect(bench.failure([entry(content, serving.url)]).contains("asked for bytes from 100000, got 0 to 1500000"))
    }

    /// RFC 9110, section 13.1.5: `If-Range` takes no weak tag.
    @Test func aWeakTagAsksForNoRange() throws {
        let bench = try Bench()
        let content = content
        let serving = try Serving { request in
            if request.fields["if-range"]?.hasPrefix("W/") == true { return .init("400 Bad Request") }
            var reply = LoopbackServer.Reply(content, to: request)
            reply.fields["ETag"] = "W/\"1\""
            if request.number == 0 { reply.cutAfter = 100_000 }
            return reply
        }
        try bench.fetch([entry(content, serving.url)])
        #expect(try bench.bytes() == whole(content))
    }

    /// Doubled with every failure in a row, up to a bound; somewhere in the upper half of it.
    @Test(arguments: [(1, 1.0), (2, 2), (4, 8), (7, 60), (40, 60)]) func delaysDouble(failures: Int, most: Double) {
        var options = DownloadOptions(), random = SystemRandomNumberGenerator()
        (options.firstDelay, options.longestDelay) = (1, 60)
        for _ in 0..<20 {
            let delay = retryDelay(after: failures, options: options, using: &random)
            #expect((most / 2...most).contains(delay))
        }
    }

    @Test func moreThanTheRangeInTheAnswerIsRefused() throws {
        let bench = try Bench()
        bench.options.rangeBytes = 100_000
        let content = content
        let serving = try Serving { request in
            var reply = LoopbackServer.Reply(content, to: request, etag: "\"1\"")
            if let asked = request.range(of: content.bytes), asked.upperBound < content.bytes {
                reply.range = asked.lowerBound..<asked.upperBound + 1
                reply.fields["Content-Range"] = "bytes \(asked.lowerBound)-\(asked.upperBound)/\(content.bytes)"
            }
            return reply
        }
        #expect(bench.failure([entry(content, serving.url)]).contains("asked for bytes from"))
    }

    @Test func trickleOfSingleBytesIsGivenUp() throws {
        let bench = try Bench()
        let content = content
        let serving = try Serving { request in
            var reply = LoopbackServer.Reply(content, to: request, etag: "\"1\"")
            reply.cutAfter = 1
            return reply
        }
        #expect(bench.failure([entry(content, serving.url)]).contains("no origin gave the right file"))
        #expect(serving.server.requestCount == bench.options.retries + 1)
    }

    @Test func statusDecidesBetweenRetryAndNextOrigin() throws {
        let content = content
        for (status, requests) in [
            ("404 Not Found", 1), ("403 Forbidden", 1), ("500 Internal Server Error", 5),
            ("503 Service Unavailable", 5), ("429 Too Many Requests", 5),
        ] {
            let bench = try Bench()
            let serving = try Serving { _ in .init(status, text: "sorry") }
            let honest = try Serving { .init(content, to: $0) }
            try bench.fetch([entry(content, serving.url, honest.url)])
            #expect(serving.server.requestCount == requests, "\(status)")
            #expect(bench.notes.contains { $0.contains("HTTP \(status.prefix(3))") })
        }
    }

    @Test func retryAfterIsObeyedUpToALimit() throws {
        let bench = try Bench()
        let content = content
        let serving = try Serving { request in
            request.number == 0 ? .init("429 Too Many Requests", ["Retry-After": "1"]) : .init(content, to: request)
        }
        try bench.fetch([entry(content, serving.url)])
        #expect(bench.notes == ["file: HTTP 429 from \(serving.url); next try in 1.0 s"])
        let patient = try Bench()
        let slow = try Serving { _ in .init("503 Service Unavailable", ["Retry-After": "86400"]) }
        #expect(patient.failure([entry(content, slow.url)]).contains("HTTP 503, asks to wait 86400 s"))
        #expect(slow.server.requestCount == 1)
    }

    @Test func serverThatBearsFewConnectionsIsNotOverrun() throws {
        let bench = try Bench()
        bench.options.rangeBytes = 100_000
        let content = content
        let serving = try Serving { request in
            // The second, third and fourth request at the start are turned away.
            (1...3).contains(request.number)
                ? .init("503 Service Unavailable") : .init(content, to: request, etag: "\"1\"")
        }
        try bench.fetch([entry(content, serving.url)])
        #expect(try bench.bytes() == whole(content))
        #expect(serving.sent == content.bytes)
    }

    @Test func deadHostLeadsToTheNextOrigin() throws {
        let bench = try Bench()
        let content = content
        let honest = try Serving { .init(content, to: $0) }
        try bench.fetch([entry(content, "http://127.0.0.1:\(try freePort())/file", honest.url)])
        #expect(try bench.bytes() == whole(content))
    }

    @Test func redirectsAreFollowedButNotForEver() throws {
        let bench = try Bench()
        bench.options.rangeBytes = 300_000
        let content = content
        let serving = try Serving { request in
            switch request.path {
            case "/file": .init("302 Found", ["Location": "/moved"])
            case "/moved": .init(content, to: request, etag: "\"1\"")
            case "/elsewhere": .init("301 Moved Permanently", ["Location": "file:///etc/passwd"])
            default: .init("307 Temporary Redirect", ["Location": "/loop"])
            }
        }
        try bench.fetch([entry(content, serving.url)])
        #expect(try bench.bytes() == whole(content))
        try FileManager.default.removeItem(atPath: bench.downloads)
        #expect(bench.failure([entry(content, serving.server.url + "/loop")]).contains("more than 10 redirects"))
        #expect(bench.failure([entry(content, serving.server.url + "/elsewhere")]).contains("a redirect to nowhere"))
    }

    @Test func partOfADeadOriginGoesOnAtTheNextOne() throws {
        let bench = try Bench()
        let content = content
        let dying = try Serving { request in
            guard request.number == 0 else { return .init("404 Not Found") }
            var reply = LoopbackServer.Reply(content, to: request, etag: "\"1\"")
            reply.cutAfter = 900_000
            return reply
        }
        let honest = try Serving { .init(content, to: $0, etag: "\"other\"") }
        try bench.fetch([entry(content, dying.url, honest.url)])
        #expect(try bench.bytes() == whole(content))
        #expect(honest.server.served.map(\.start) == [900_000])
    }

    @Test func wrongBytesOfADeadOriginAreFetchedAnew() throws {
        let bench = try Bench()
        let (content, other) = (content, other)
        let dying = try Serving { request in
            guard request.number == 0 else { return .init("404 Not Found") }
            var reply = LoopbackServer.Reply(other, to: request)
            reply.cutAfter = 900_000
            return reply
        }
        let honest = try Serving { .init(content, to: $0, etag: "\"2\"") }
        try bench.fetch([entry(content, dying.url, honest.url)])
        #expect(try bench.bytes() == whole(content))
        #expect(honest.server.served.map(\.start) == [900_000, 0])
    }

    /// A new process hashes what an earlier one left: bytes that went wrong in between are never taken for the file.
    @Test(arguments: [1, 4]) func aResumedPartIsHashedFromItsStart(connections: Int) throws {
        let bench = try Bench()
        let content = content
        bench.options.connectionsPerFile = connections
        let dying = try Serving { request in
            guard request.number == 0 else { return .init("404 Not Found") }
            var reply = LoopbackServer.Reply(content, to: request, etag: "\"1\"")
            reply.cutAfter = 900_000
            return reply
        }
        _ = bench.failure([entry(content, dying.url)])
        var part = try bench.bytes("file.part")
        part[5] ^= 1
        try bench.folder.write(part, to: "downloads/file.part")
        let honest = try Serving { .init(content, to: $0, etag: "\"2\"") }
        let fetched = try bench.fetch([entry(content, honest.url)])
        #expect(fetched.first?.sha256 == content.sha256)
        #expect(try bench.bytes() == whole(content))
        #expect(try bench.bytes("file.quarantine")[5] == part[5], "what was wrong is kept aside")
        #expect(bench.notes.contains { $0.contains("sha256 expected \(content.sha256)") })
    }

    /// Pages that were written may not have reached the disk when the machine went down.
    @Test func afterAnotherBootOnlyDurableBytesCount() throws {
        let bench = try Bench()
        let content = content
        let dying = try Serving { request in
            guard request.number == 0 else { return .init("404 Not Found") }
            var reply = LoopbackServer.Reply(content, to: request, etag: "\"1\"")
            reply.cutAfter = 900_000
            return reply
        }
        _ = bench.failure([entry(content, dying.url)])
        var journal = String(decoding: try bench.bytes("file.part.journal"), as: UTF8.self)
        let boot = try #require(try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))
            .trimmingCharacters(in: .newlines)
        #expect(journal.contains(boot))
        journal = journal.replacingOccurrences(of: boot, with: "another")
        try bench.folder.write(Array(journal.utf8), to: "downloads/file.part.journal")
        let honest = try Serving { .init(content, to: $0, etag: "\"1\"") }
        try bench.fetch([entry(content, honest.url)])
        #expect(try bench.bytes() == whole(content))
        #expect(honest.server.served.map(\.start) == [0])
    }

    @Test func tornOrSenselessJournalDoesNoHarm() throws {
        for (journal, start) in [("torn", 800_000), ("{}\n", 0), ("", 0), ("\n\n", 0)] {
            let bench = try Bench()
            let content = content
            let dying = try Serving { request in
                guard request.number < 2 else { return .init("404 Not Found") }
                var reply = LoopbackServer.Reply(content, to: request, etag: "\"1\"")
                reply.cutAfter = request.number == 0 ? 800_000 : 100_000
                return reply
            }
            _ = bench.failure([entry(content, dying.url)])
            var bytes = try bench.bytes("file.part.journal")
            if journal == "torn" { bytes.removeLast(3) } else { bytes = Array(journal.utf8) }
            try bench.folder.write(bytes, to: "downloads/file.part.journal")
            let honest = try Serving { .init(content, to: $0, etag: "\"1\"") }
            try bench.fetch([entry(content, honest.url)])
            #expect(try bench.bytes() == whole(content))
            #expect(honest.server.served.map(\.start) == [start])
        }
    }
}
