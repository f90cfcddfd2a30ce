import CZip
import Files
import Fingerprints
import Foundation
import Synchronization
import Testing
import Transfer
import TestSupport

@Suite struct ZipTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func crc(_ bytes: [UInt8]) -> UInt32 { UInt32(crc32_z(0, bytes, bytes.count)) }

    private func raw(_ entries: [RawZip.Entry]) throws -> String {
        try folder.write(RawZip.bytes(entries, crc32: crc), to: "raw.zip")
    }

    /// An archive like the real ones: stored images in a folder, packed JSON.
    private func sample(images: Int = 20) throws -> String {
        let writer = try ZipWriter(folder.path("sample.zip"))
        try writer.addFolder("images")
        for index in (0..<images).reversed() { try writer.add("images/\(index).jpg", image(index), stored: true) }
        try writer.add("annotations/a.json", json)
        try writer.close()
        return folder.path("sample.zip")
    }

    private func image(_ index: Int) -> [UInt8] {
        let content = GeneratedContent(seed: UInt64(index), bytes: 1000 * index)
        return content.slice(0..<content.bytes)
    }

    private var json: [UInt8] { Array(String(repeating: #"{"id": 1, "name": "person"}"#, count: 10_000).utf8) }

    private func failure(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch { return "\(error)" }
    }

    @Test func listingIsSortedAndMembersReadBack() throws {
        let archive = try ZipArchive.open(try sample())
        #expect(archive.members.map(\.name) == (["annotations/a.json"] + (0..<20).map { "images/\($0).jpg" }).sorted())
        for index in 0..<20 { #expect(try archive.read("images/\(index).jpg") == image(index)) }
        #expect(try archive.read("annotations/a.json") == json)
        #expect(try archive.member("annotations/a.json").compressedBytes < json.count / 10)
        #expect(failure { _ = try archive.read("a.json") }.contains(#"did you mean "annotations/a.json"?"#))
        #expect(
            failure { _ = try archive.read("annotations/a.json", limit: 100) }.contains("more than the 100 allowed"))
    }

    @Test func manyThreadsReadAtOnce() throws {
        let archive = try ZipArchive(try sample(images: 60))
        let wrong = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: 600) { round in
            let isRight = (try? archive.read("images/\(round % 60).jpg")) == image(round % 60)
            if !isRight { wrong.withLock { $0 += 1 } }
        }
        #expect(wrong.withLock(\.self) == 0)
    }

    @Test func rulesDecideWhatIsExtractedAndWhere() throws {
        let archive = try ZipArchive(try sample())
        var seen: [TransferProgress] = []
        let rules = [
            Extraction(.folder("images"), to: "train"),
            Extraction(.member("annotations/a.json"), to: "b.json", bytes: json.count, sha256: Digest(hashing: json)),
        ]
        let summary = try archive.extract(rules, into: folder.path("out")) { seen.append($0) }
        #expect(summary == ExtractionSummary(files: 21, bytes: archive.members.reduce(0) { $0 + $1.bytes }))
        #expect(
            folder.listing().filter { $0.hasPrefix("out/") }
                == (["out/b.json", "out/train"] + (0..<20).map { "out/train/\($0).jpg" }).sorted())
        for index in 0..<20 { #expect(try folder.read("out/train/\(index).jpg") == image(index)) }
        #expect(try folder.read("out/b.json") == json)
        #expect(!seen.isEmpty && seen.allSatisfy { $0.phase == .extracting && $0.total == summary.bytes })
    }

    @Test func interruptedExtractionGoesOnAndWrongFilesAreReplaced() throws {
        let archive = try ZipArchive(try sample())
        let rules = [Extraction(.folder("images"), to: "")]
        _ = try archive.extract(rules, into: folder.path("out"))
        func number(_ name: String) throws -> UInt64 {
            try #require(FileManager.default.attributesOfItem(atPath: folder.path(name))[.systemFileNumber] as? UInt64)
        }
        let kept = try number("out/3.jpg")
        var damaged = image(4)
        damaged[17] ^= 1
        try folder.write(damaged, to: "out/4.jpg")
        try folder.write(Array(image(5).dropLast()), to: "out/5.jpg")
        try FileManager.default.removeItem(atPath: folder.path("out/6.jpg"))
        try folder.write([1], to: "out/6.jpg.part")
        _ = try archive.extract(rules, into: folder.path("out"))
        #expect(try number("out/3.jpg") == kept)
        for index in 4...6 { #expect(try folder.read("out/\(index).jpg") == image(index)) }
        #expect(!folder.exists("out/6.jpg.part"))
    }

    @Test func contentThatDoesNotMatchItsHashLeavesNothing() throws {
        let archive = try ZipArchive(try sample())
        let rule = Extraction(.member("annotations/a.json"), to: "a.json", sha256: Digest(hashing: [1]))
        #expect(
            failure { _ = try archive.extract([rule], into: folder.path("out")) }.contains(
                "sha256 expected \(Digest(hashing: [1])), got \(Digest(hashing: json))"))
        #expect(!folder.listing().contains { $0.hasPrefix("out/") })
        let sized = Extraction(.member("annotations/a.json"), to: "a.json", bytes: 5)
        #expect(
            failure { _ = try archive.extract([sized], into: folder.path("out")) }.contains(
                "size expected 5, got \(json.count)"))
        #expect(
            failure { _ = try archive.extract([Extraction(.folder("image"), to: "")], into: folder.path("out")) }
                .contains("no such folder"))
    }

    @Test(arguments: ["../evil", "a/../../evil", "/etc/evil", "a//b", "C:\\evil", "..\\evil", "a/./b"])
    func pathsThatLeaveTheFolderAreRefused(name: String) throws {
        let path = try raw([.init(name: "good", data: [1]), .init(name: name, data: [2])])
        #expect(failure { _ = try ZipArchive(path) }.contains("leaves the archive's folder"))
    }

    @Test func linksSpecialFilesAndDoublesAreRefused() throws {
        #expect(
            failure { _ = try ZipArchive(try raw([.init(name: "l", data: Array("/etc".utf8), mode: 0o120777)])) }
                .contains("a link or special file"))
        #expect(
            failure { _ = try ZipArchive(try raw([.init(name: "p", mode: 0o010644)])) }.contains(
                "a link or special file"))
        #expect(
            failure { _ = try ZipArchive(try raw([.init(name: "a", data: [1]), .init(name: "a", data: [2])])) }
                .contains("stands twice"))
        #expect(failure { _ = try ZipArchive(try raw([.init(name: "a", data: [1], flags: 1)])) }.contains("encrypted"))
        let clash = try ZipArchive(try raw([.init(name: "a", data: [1]), .init(name: "a/b", data: [2])]))
        #expect(
            failure { _ = try clash.extract([Extraction(.folder(""), to: "")], into: folder.path("out")) }.contains(
                "cannot"))
    }

    @Test func linkInTheTargetFolderIsNotWrittenThrough() throws {
        let archive = try ZipArchive(try raw([.init(name: "a", data: [1, 2, 3])]))
        let outside = try folder.write([9], to: "outside")
        try FileManager.default.createDirectory(atPath: folder.path("out"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: folder.path("out/a.part"), withDestinationPath: outside)
        try FileManager.default.createSymbolicLink(atPath: folder.path("out/a"), withDestinationPath: outside)
        _ = try archive.extract([Extraction(.member("a"), to: "a")], into: folder.path("out"))
        #expect(try folder.read("outside") == [9])
        #expect(try folder.read("out/a") == [1, 2, 3])
    }

    @Test func bombsAreBounded() throws {
        let writer = try ZipWriter(folder.path("bomb.zip"))
        try writer.add("zeros", [UInt8](repeating: 0, count: 20 << 20))
        try writer.close()
        #expect(failure { _ = try ZipArchive(folder.path("bomb.zip")) }.contains("over 250 to 1"))
        let shared = [UInt8](repeating: 7, count: 10_000)
        let overlapping = try raw(
            [.init(name: "a", data: shared)]
                + (0..<50).map { .init(name: "b\($0)", size: 10_000, packedSize: 10_000, crc: crc(shared), offset: 0) })
        #expect(failure { _ = try ZipArchive(overlapping) }.contains("members overlap"))
        let huge = try raw([.init(name: "a", data: [1], method: 8, size: .max - 1)])
        #expect(failure { _ = try ZipArchive(huge) }.contains("over 250 to 1"))
        var limits = ZipLimits()
        limits.members = 1
        #expect(failure { _ = try ZipArchive(try sample(), limits: limits) }.contains("more than the 1 allowed"))
        // Twenty pictures, a table and a folder.
        limits.members = 21
        #expect(
            failure { _ = try ZipArchive(try sample(), limits: limits) }.contains(
                "22 members, more than the 21 allowed"))
        limits.members = 22
        #expect(try ZipArchive(sample(), limits: limits).members.count == 21)
    }

    @Test func damageIsNoticed() throws {
        let data = [UInt8](0..<100)
        let wrongSum = try ZipArchive(try raw([.init(name: "a", data: data, crc: 1)]))
        #expect(failure { _ = try wrongSum.read("a") }.contains("CRC error"))
        #expect(
            failure { _ = try wrongSum.extract([Extraction(.member("a"), to: "a")], into: folder.path("out")) }
                .contains("CRC error"))
        #expect(!folder.listing().contains { $0.hasPrefix("out/") })
        for size in [UInt32(99), 101, 5000] {
            let archive = try ZipArchive(try raw([.init(name: "a", data: data, size: size)]))
            #expect(failure { _ = try archive.read("a") } != "no error", "declared \(size)")
            #expect(
                failure { _ = try archive.extract([Extraction(.member("a"), to: "a")], into: folder.path("out")) }
                    != "no error")
        }
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: try sample())))
        for count in [0, 10, whole.count / 2, whole.count - 1] {
            let path = try folder.write(Array(whole[..<count]), to: "cut.zip")
            #expect(failure { _ = try ZipArchive(path) } != "no error", "cut to \(count)")
        }
        #expect(failure { _ = try ZipArchive(folder.path("nothing.zip")) }.contains("No such file"))
    }

    @Test func archiveReplacedUnderAReaderIsNoticed() throws {
        let archive = try ZipArchive(try sample())
        let first = try #require(archive.members.first { $0.bytes > 0 })
        var problem = ""
        try archive.stream(first) { _ in
            guard problem.isEmpty else { return }
            _ = try sample(images: 3)
            // The handle in use is busy, so this read opens the path again.
            problem = failure { _ = try archive.read("annotations/a.json") }
        }
        #expect(problem.contains("was replaced or changed"))
    }

    @Test func zip64SizesOffsetsAndCounts() throws {
        let bigBytes: UInt64 = 4_600_000_000
        let small = Array("behind four gigabytes".utf8)
        // The sum of a hole without reading it: doubling by combination.
        var sum = crc([0]), length: UInt64 = 1, total: UInt32 = 0, remaining = bigBytes
        while remaining > 0 {
            if remaining & 1 == 1 { total = UInt32(crc32_combine(UInt(total), UInt(sum), Int(length))) }
            sum = UInt32(crc32_combine(UInt(sum), UInt(sum), Int(length)))
            length *= 2
            remaining >>= 1
        }
        try RawZip.writeZip64(
            folder.path("big.zip"), bigBytes: bigBytes, bigCRC: total, small: small, smallCRC: crc(small))
        let archive = try ZipArchive(folder.path("big.zip"))
        #expect(archive.members.map(\.bytes) == [Int(bigBytes), small.count])
        #expect(try archive.read("small") == small)
        if ProcessInfo.processInfo.environment["LAVISE_LARGE_TESTS"] == "1" {
            var count = 0
            try archive.stream(archive.members[0]) { count += $0.count }
            #expect(count == Int(bigBytes))
        }
        // More entries than the old format can count.
        let writer = try ZipWriter(folder.path("many.zip"))
        for index in 0..<70_000 { try writer.add("m/\(index)", [], stored: true) }
        try writer.close()
        #expect(try ZipArchive(folder.path("many.zip")).members.count == 70_000)
    }

    @Test func unpackGivesProductsAndKeepsArchivesOnlyWhereAsked() throws {
        _ = try sample()
        let weights = image(3)
        try folder.write(weights, to: "w.pth")
        func manifest(_ keep: Bool) -> Manifest {
            Manifest(
                name: "m",
                files: [
                    ManifestFile(
                        name: "sample.zip", urls: ["http://x/s"], bytes: nil, checksum: nil, license: "",
                        extract: [Extraction(.folder("annotations"), to: "annotations")]),
                    ManifestFile(name: "w.pth", urls: ["http://x/w"], bytes: nil, checksum: nil, license: ""),
                ], keepArchives: keep)
        }
        let summary = try unpack(manifest(false), from: folder.path, into: folder.path("out"))
        #expect(summary == ExtractionSummary(files: 2, bytes: json.count + weights.count))
        #expect(
            folder.listing().filter { $0.hasPrefix("out/") } == [
                "out/annotations", "out/annotations/a.json", "out/w.pth",
            ])
        _ = try unpack(manifest(true), from: folder.path, into: folder.path("out"))
        #expect(folder.exists("out/sample.zip") && folder.exists("sample.zip"))
    }
}
