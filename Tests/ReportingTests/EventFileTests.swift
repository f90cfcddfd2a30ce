import Foundation
import Reporting
import Testing

/// TensorBoard's event files: what `make_events.py` reads of the same bytes is committed beside it.
@Suite struct EventFileTests {
    /// RFC 3720, B.4, and the usual check value.
    @Test func checksums() {
        #expect(EventFile.crc32c([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
        #expect(EventFile.crc32c([UInt8](repeating: 255, count: 32)) == 0x62a8_ab43)
        #expect(EventFile.crc32c(Array("123456789".utf8)) == 0xe306_9283)
    }

    /// The bytes that TensorBoard's own writer leaves for the same events (`Fixtures/make_events.py`).
    @Test func bytesAreThoseOfTensorBoardsWriter() throws {
        let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/events.bin")
        let file = EventFile(
            steps: [(1, [("loss", 90.25), ("hit@1", 0.125)]), (300, [("loss", 1e-3)])], time: 1_795_000_000.5)
        #expect(file.name == "events.out.tfevents.1795000000.lavise-pipeline")
        #expect(try Data(file.bytes) == Data(contentsOf: fixture))
    }

    @Test func curvesAreTwoRunsOfTheSameTags() {
        let runs = FigureTests.training.eventFiles(time: 5)
        #expect(runs.map(\.run) == ["train", "validation"] && runs[0].file.steps.count == 10)
        #expect(runs[1].file.steps[0].scalars.map(\.tag) == ["loss", "hit@1", "hit@5", "hit@10", "hit@20"])
        #expect(runs[0].file.steps[0].scalars[0].value == 89 && runs[1].file.steps[0].scalars[0].value == 91)
    }
}
