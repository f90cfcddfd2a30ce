import Foundation
import Networks
import TestSupport
import Testing

/// A short fuzzing of the readers, and the files that once broke them.
@Suite struct Fuzzing {
    /// Files of each container, the smallest there are.
    private static let samples: [(kind: String, paths: [String])] = [
        ("zip", ["zip.pth", "wrapped.pth", "protocol4.pth", "foreign/beside2.pth", "foreign/views.pth"]),
        ("legacy", ["legacy.pth", "evil_legacy.pth", "foreign/beside_legacy.pth", "foreign/whole_legacy.pth"]),
        ("tar", ["tar.pth"]), ("safetensors", ["foreign/plain.safetensors"]),
    ].map { ($0, $1.map(checkpointPath)) }

    @Test(arguments: samples) func damagedFilesAreReadOrRefused(kind: String, samples: [String]) throws {
        try fuzz(kind, samples)
    }

    @Test func damagedHDF5FilesAreReadOrRefused() throws {
        try fuzz("HDF5", [checkpointPath("expected.h5"), Bundle.module.bundlePath + "/Fixtures/Training/step.h5"])
    }

    private func fuzz(_ kind: String, _ samples: [String]) throws {
        try withTemporaryFolder { folder in
            let budget = FuzzBudget(short: 300), fuzz = ReaderFuzz(seed: budget.seed)
            let report = try fuzz.run(samples: samples, scratch: folder, while: budget.lasts)
            #expect(
                (budget.isLong || report.rounds == 300) && report.refused > 50 && report.accepted > 5, "\(report)")
            if budget.isLong { print("\(kind): \(report)") }
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
