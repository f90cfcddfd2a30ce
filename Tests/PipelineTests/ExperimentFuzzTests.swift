import Foundation
import Networks
import Pipeline
import TestSupport
import Testing

/// Damaged experiment files: each is read or refused with an error of its own.
@Suite struct ExperimentFuzzTests {
    @Test func damagedExperimentsAreReadOrRefused() throws {
        let environment = ProcessInfo.processInfo.environment
        let seconds = environment["LAVISE_FUZZ_SECONDS"].flatMap(Double.init) ?? 1
        var mutator = ByteMutator(
            seed: environment["LAVISE_FUZZ_SEED"].flatMap(UInt64.init) ?? 1, stream: "experiments")
        let folder = URL(fileURLWithPath: #filePath).appending(path: "../../../experiments").standardized
        let samples = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().filter {
            $0.hasSuffix(".json") && $0 != "schema.json"
        }
        .map { [UInt8](try Data(contentsOf: folder.appending(path: $0))) }
        var rounds = 0, read = 0
        let end = Date().addingTimeInterval(seconds)
        try Workspace.with { workspace in
            while Date() < end || rounds < 200 {
                let text = String(
                    decoding: mutator.mutate(samples[rounds % samples.count], others: samples), as: UTF8.self)
                rounds += 1
                do {
                    _ = try workspace.plan(text)
                    read += 1
                } catch is ExperimentError {}
            }
        }
        #expect(read > 0 && read < rounds)
        if environment["LAVISE_FUZZ_SECONDS"] != nil { print("\(rounds) damaged experiments: \(read) read") }
    }
}
