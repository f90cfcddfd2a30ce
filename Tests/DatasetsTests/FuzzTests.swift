import TestSupport
import Foundation
import Testing

@Suite struct FuzzTests {
    /// A tenth of a second of mutated inputs, or LAVISE_FUZZ_SECONDS of them from LAVISE_FUZZ_SEED.
    @Test(arguments: DatasetReader.allCases) func mutatedInputsAreReadOrRefused(_ reader: DatasetReader) throws {
        let environment = ProcessInfo.processInfo.environment
        let seconds = environment["LAVISE_FUZZ_SECONDS"].flatMap(Double.init)
        let seed = environment["LAVISE_FUZZ_SEED"].flatMap(UInt64.init) ?? 1
        let report = try fuzz(reader, seed: seed, seconds: seconds ?? 0.1)
        #expect(report.surprises == [])
        if seconds != nil { print("\(report.inputs) damaged files for \(reader): \(report.accepted) read") }
        #expect(report.inputs > 20 && report.accepted > 0 && report.accepted < report.inputs)
    }
}
