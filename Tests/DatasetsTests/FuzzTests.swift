import TestSupport
import Testing

@Suite struct FuzzTests {
    /// 1,000 mutated inputs, or as many as are asked for.
    @Test(arguments: DatasetReader.allCases) func mutatedInputsAreReadOrRefused(_ reader: DatasetReader) throws {
        let budget = FuzzBudget(short: 1_000), report = try fuzz(reader, budget)
        #expect(report.surprises == [])
        if budget.isLong { print("\(report.inputs) damaged files for \(reader): \(report.accepted) read") }
        #expect(report.inputs > 20 && report.accepted > 0 && report.accepted < report.inputs)
    }
}
