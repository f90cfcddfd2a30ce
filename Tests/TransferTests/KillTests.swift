import Fingerprints
import Foundation
import Synchronization
import Testing
import Transfer
import TestSupport

/// A process killed again and again while it fetches over connections that are cut again and again.
///
/// 256 MB by default; `LAVISE_LARGE_TESTS=1` makes it the 2 GB of the requirement. The content is generated, not
/// stored, by the server.
@Suite(.waits) struct KillTests {
    @Test(arguments: [1, 4]) func killedAndCutDownloadEndsWithTheRightHash(connections: Int) throws {
        let isLarge = ProcessInfo.processInfo.environment["LAVISE_LARGE_TESTS"] == "1"
        let content = GeneratedContent(seed: 21, bytes: (isLarge ? 2 << 30 : 256 << 20) + 12345)
        let kills = 5
        var random = RandomSource(seed: UInt64(connections), stream: "kills and cuts")
        let cuts = (0..<20).map { _ in random.below(content.bytes) }
        let marks = (0..<kills).map { ($0 + 1) * content.bytes / (kills + 1) + random.below(content.bytes / 50) }
        let serving = try Serving(cuts: cuts) { .init(content, to: $0, etag: "\"1\"") }
        let folder = try TemporaryFolder()
        let manifest = Manifest(name: "m", files: [entry(content, serving.url)])
        let path = try folder.write(Array(manifest.value.json(pretty: true).utf8), to: "m.json")
        let rangeBytes = content.bytes / 16
        let arguments = ["fetch", path, folder.path("downloads"), String(connections), String(rangeBytes)]

        var onDisk: [Int] = []
        for mark in marks {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: probe)
            process.arguments = arguments
            process.standardError = FileHandle.nullDevice
            try process.run()
            while serving.server.bytesServed < mark, process.isRunning { usleep(500) }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            #expect(process.terminationReason == .uncaughtSignal, "the process ended before it was killed")
            onDisk.append(try #require(plannedDownloads(manifest, in: folder.path("downloads")).first).bytesPresent)
        }
        let result = try runProgram(probe, arguments)
        #expect(result.output == "\(content.sha256) \(content.bytes) file\n", "\(result.errors)")
        #expect(onDisk == onDisk.sorted())

        // What was sent before a cut arrives, so only requests that a kill ended lose their tail to a later one: what
        // the sockets and libcurl's buffer held and the journal did not name yet.
        let ranges = serving.server.served.map { $0.start..<$0.start + $0.sent }
        let tails = ranges.indices.map { index in
            let later = ranges.indices.filter { ranges[$0].lowerBound > ranges[index].lowerBound || $0 > index }
            let next = later.map { ranges[$0].lowerBound }.filter(ranges[index].contains).min()
            return next.map { ranges[index].upperBound - $0 } ?? 0
        }.filter { $0 > 0 }
        let tail = try socketBuffers() + (256 << 10) + (256 << 10)
        #expect(tails.count <= kills * connections)
        #expect(tails.allSatisfy { $0 <= tail })
        #expect(tails.reduce(0, +) == serving.sent - content.bytes)
        print(
            "\(content.bytes) bytes, \(cuts.count) cuts, \(kills) kills, \(connections) connections: tails sent twice \(tails)"
        )
    }

    /// The most bytes that the two sockets of a loopback connection may hold.
    private func socketBuffers() throws -> Int {
        let sizes = try String(contentsOfFile: "/proc/sys/net/ipv4/tcp_rmem", encoding: .utf8)
        let most = try #require(sizes.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) })
        return most + (128 << 10)
    }
}
