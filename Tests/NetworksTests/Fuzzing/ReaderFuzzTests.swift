import Foundation
import Networks
import TestSupport
import Testing

/// A short fuzzing of the readers, and the files that once broke them.
@Suite struct Fuzzing {
    private static let checkpoints = [
        "zip.pth", "legacy.pth", "tar.pth", "wrapped.pth", "protocol4.pth", "evil_legacy.pth", "foreign/beside2.pth",
        "foreign/beside_legacy.pth",
        "foreign/views.pth", "foreign/plain.safetensors", "foreign/whole_legacy.pth",
    ].map(checkpointPath)
    private static let hdf5 = [checkpointPath("expected.h5"), Bundle.module.bundlePath + "/Fixtures/Training/step.h5"]

    @Test(arguments: [checkpoints, hdf5]) func damagedFilesAreReadOrRefused(samples: [String]) throws {
        try withTemporaryFolder { folder in
            // 300 rounds, or for LAVISE_FUZZ_SECONDS from LAVISE_FUZZ_SEED.
            let environment = ProcessInfo.processInfo.environment
            let seconds = environment["LAVISE_FUZZ_SECONDS"].flatMap(Double.init)
            let fuzz = ReaderFuzz(seed: environment["LAVISE_FUZZ_SEED"].flatMap(UInt64.init) ?? 1)
            let report = try fuzz.run(
                samples: samples, scratch: folder, rounds: seconds == nil ? 300 : 1_000_000_000,
                seconds: seconds ?? .infinity)
            #expect((seconds != nil || report.rounds == 300) && report.refused > 50 && report.accepted > 5, "\(report)")
            if seconds != nil { print(report) }
        }
    }

    @Test func theSameSeedGivesTheSameFiles() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        var one = ByteMutator(seed: 1, stream: "a"), again = ByteMutator(seed: 1, stream: "a"),
            other = ByteMutator(seed: 1, stream: "b")
        #expect(one.mutate(bytes, others: [bytes]) == again.mutate(bytes, others: [bytes]))
        #expect(one.mutate(bytes) != other.mutate(bytes))
        #expect(one.mutate([]) == [])
    }
}
