import TestSupport
import Foundation
import Testing

@Suite struct FuzzTests {
    /// A second of mutated inputs, or LAVISE_FUZZ_SECONDS of them from LAVISE_FUZZ_SEED.
    @Test func mutatedInputsAreReadOrRefused() throws {
        let environment = ProcessInfo.processInfo.environment
        let seconds = environment["LAVISE_FUZZ_SECONDS"].flatMap(Double.init) ?? 1
        let report = try fuzzDatasetReaders(
            seed: environment["LAVISE_FUZZ_SEED"].flatMap(UInt64.init) ?? 1, seconds: seconds)
        #expect(report.surprises == [])
        if environment["LAVISE_FUZZ_SECONDS"] != nil {
            print("\(report.inputs) damaged data files: \(report.accepted) read")
        }
        #expect(report.inputs > 100 && report.accepted > 0 && report.accepted < report.inputs)
    }
}
