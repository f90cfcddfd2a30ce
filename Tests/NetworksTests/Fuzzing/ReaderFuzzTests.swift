import Foundation
import Networks
import Testing

/// A short fuzzing of the readers, and the files that once broke them.
@Suite struct Fuzzing {
    private static let checkpoints = ["zip.pth", "legacy.pth", "tar.pth", "wrapped.pth", "protocol4.pth", "evil_legacy.pth"].map(checkpointPath)
    private static let hdf5 = [checkpointPath("expected.h5"), Bundle.module.bundlePath + "/Fixtures/Training/step.h5"]

    @Test(arguments: [checkpoints, hdf5]) func damagedFilesAreReadOrRefused(samples: [String]) throws {
        try withTemporaryFolder { folder in
            let report = try ReaderFuzz(seed: 1).run(samples: samples, scratch: folder, rounds: 300)
            #expect(report.rounds == 300 && report.refused > 50 && report.accepted > 5, "\(report)")
        }
    }

    @Test func theSameSeedGivesTheSameFiles() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        var one = ByteMutator(seed: 1, stream: "a"), again = ByteMutator(seed: 1, stream: "a"), other = ByteMutator(seed: 1, stream: "b")
        #expect(one.mutate(bytes, others: [bytes]) == again.mutate(bytes, others: [bytes]))
        #expect(one.mutate(bytes) != other.mutate(bytes))
        #expect(one.mutate([]) == [])
    }
}
