import Fingerprints
import Foundation
import TestSupport
import Testing

/// `--json` is one document, whatever the verb and however many experiments.
@Suite(.waits) struct JSONTests {
    private func document(_ command: Command, _ arguments: [String], code: Int32 = 0) throws -> Value {
        let end = try command.run(arguments + ["--json"])
        #expect(end.code == code, "\(arguments): \(end.errors)")
        return try Value(json: Array(end.output.utf8))
    }

    @Test func everyVerbPrintsOneDocument() throws {
        try StreamTests.withProject { command in
            for verb in try StreamTests.verbs() {
                let value = try document(command, [verb] + (StreamTests.requests[verb] ?? []))
                #expect(value.objectValue != nil || ["list", "log", "doctor", "gc"].contains(verb), "\(verb)")
            }
        }
    }

    @Test func severalExperimentsAreAnArray() throws {
        try StreamTests.withProject { command in
            for verb in ["run", "status", "plan", "dag", "check", "report"] {
                let one = try document(command, [verb, "x"]), two = try document(command, [verb, "x", "x"])
                #expect(one["experiment"] == "x" && one["schema"] == 1, "\(verb)")
                #expect(two.arrayValue == [one, one], "\(verb)")
            }
            let filters = try document(command, ["explain", "x", "--filter", "0", "--filter", "1"])
            #expect(filters.arrayValue?.map { $0["filter"] } == [0, 1])
            #expect(try document(command, ["run", "-n", "x", "x"]).arrayValue?.count == 2)
            // Of what was finished before a failure.
            try command.write(
                "bad.json",
                String(contentsOfFile: command.path("experiments/x.json"), encoding: .utf8)
                    .replacingOccurrences(of: "\"name\": \"x\"", with: "\"name\": \"bad\"")
                    .replacingOccurrences(
                        of: "\"embedding\": {\"kind\": \"demo-scenes\"}",
                        with: "\"embedding\": {\"kind\": \"glove\", \"path\": \"absent.txt\"}"))
            let end = try command.run("run", "x", "bad.json", "--json")
            #expect(
                end.code != 0 && (end.output.isEmpty || (try? Value(json: Array(end.output.utf8))) != nil), "\(end)")
        }
    }

    /// DESIGN's contract of `status --json`.
    @Test func outputsHaveTheirNamesAndCanBeRead() throws {
        try StreamTests.withProject { command in
            let stages = try #require(try document(command, ["status", "x"])["stages"]?.arrayValue)
            let features = try #require(stages.first { $0["name"] == "features" })
            let outputs = try #require(features["outputs"]?.arrayValue)
            #expect(outputs.compactMap { $0["name"]?.stringValue } == ["features.h5", "pooled.h5"])
            for output in outputs {
                let path = try #require(output["path"]?.stringValue),
                    digest = try #require(output["digest"]?.stringValue)
                #expect(try Digest(contentsOf: path).hex == digest)
            }
        }
    }
}
