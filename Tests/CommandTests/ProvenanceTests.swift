import Fingerprints
import Foundation
import TestSupport
import Testing

/// `provenance.json` of a run.
@Suite(.waits) struct ProvenanceTests {
    /// Every entity that the provenance speaks of is described, every file's digest is its own, and nothing names this
    /// machine.
    @Test func provenanceIsWhole() throws {
        try Command.with { command in
            try command.makeExperiment()
            #expect(try command.run("run", "x.json").code == 0)
            let text = try String(contentsOfFile: command.path("results/x/provenance.json"), encoding: .utf8)
            #expect(!text.contains(command.root) && !text.contains(ProcessInfo.processInfo.hostName))
            let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            let graph = try #require(object["@graph"] as? [[String: Any]])
            let known = Set(graph.compactMap { $0["@id"] as? String })
            #expect(known.count == graph.count)
            func references(_ value: Any) -> [String] {
                if let list = value as? [Any] { return list.flatMap(references) }
                return ((value as? [String: Any])?["@id"] as? String).map { [$0] } ?? []
            }
            for entity in graph {
                for (key, value) in entity where key != "@id" {
                    for id in references(value)
                    where !id.hasPrefix("http://schema.org/") && !id.hasPrefix("https://w3id.org/ro/crate") {
                        #expect(known.contains(id), "\(id)")
                    }
                }
            }
            for name in try FileManager.default.contentsOfDirectory(atPath: command.path("results/x"))
            where name != "provenance.json" {
                #expect(known.contains(name), "\(name)")
            }
        }
    }

    /// The same results made anew, later and in another store, leave the file as it is; other results do not.
    @Test func onlyTimesAreNoChange() throws {
        try Command.with { command in
            try command.makeExperiment()
            let path = command.path("results/x/provenance.json")
            func provenance(_ arguments: String...) throws -> String {
                #expect(try command.run(["run", "x.json"] + arguments).code == 0)
                return try String(contentsOfFile: path, encoding: .utf8)
            }
            let first = try provenance()
            let dated = first.replacingOccurrences(of: "\"startTime\": \"2", with: "\"startTime\": \"1")
            #expect(dated != first)
            try command.write("results/x/provenance.json", dated)
            #expect(try provenance("--store", ".other") == dated)
            #expect(try provenance("--set", "evaluate.topImages=1", "--results", "results") != dated)
        }
    }

    /// What each stage took stands beside it, in `status --json` and for the whole run; it is no change of results.
    @Test func whatStagesTookIsTold() throws {
        try Command.with { command in
            try command.makeExperiment()
            let run = try command.run("run", "x.json")
            #expect(run.code == 0)
            let status = try Value(json: Array(command.run("status", "x.json", "--json").output.utf8))
            let stages = try #require(status["stages"]?.arrayValue)
            func sum(_ key: String) -> Double { stages.compactMap { $0[key]?.doubleValue }.reduce(0, +) }
            #expect(
                stages.allSatisfy { ($0["coreSeconds"]?.doubleValue ?? 0) > 0 && $0["peakMemory"]?.intValue ?? 0 > 0 })
            let cost = try #require(status["cost"])
            #expect(abs((cost["coreSeconds"]?.doubleValue ?? 0) - sum("coreSeconds")) < 1e-6)
            #expect(abs((cost["joules"]?.doubleValue ?? 0) - sum("joules")) < 1e-3)
            let kinds = Set(stages.compactMap { $0["energy"]?.stringValue })
            #expect(kinds.count == 1 && kinds.isSubset(of: ["measured", "estimated"]))
            let words = try #require(run.errors.split(separator: "\n").first { $0.hasPrefix("made with ") })
            #expect(words.contains("core-seconds") && words.contains("of memory"))
            #expect(words.contains(kinds == ["measured"] ? "measured by" : "an estimate: 10 W a core"))

            let path = command.path("results/x/provenance.json")
            let graph = try #require(
                try Value(json: Array(Data(contentsOf: URL(fileURLWithPath: path))))["@graph"]?.arrayValue)
            let runs = graph.filter { $0["@id"]?.stringValue?.hasPrefix("#run/") == true }
            #expect(runs.count == stages.count)
            for (run, stage) in zip(runs, stages) {
                let usage = (run["resourceUsage"]?.arrayValue ?? []).compactMap { id in
                    graph.first { $0["@id"] == id["@id"] }
                }
                #expect(usage.map { $0["propertyID"] } == ["peakMemory", "coreSeconds", "energy"])
                #expect(
                    usage.map { $0["value"]?.doubleValue }
                        == ["peakMemory", "coreSeconds", "joules"].map { stage[$0]?.doubleValue })
            }
            let shown = try command.run("show", "results/x/recall.md")
            #expect(shown.output.contains("\n" + words + "\n"), "\(shown.output)")
            // Tables say nothing of it: they come out the same again.
            for (name, bytes) in try command.files("results/x") where name != "provenance.json" {
                #expect(!String(decoding: bytes, as: UTF8.self).contains("core-seconds"), "\(name)")
            }
            // Another cost is no other result; one that an older program left without is made complete.
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let memory = try #require(stages[0]["peakMemory"]?.intValue)
            let other = text.replacingOccurrences(of: "\"value\": \(memory)", with: "\"value\": \(memory + 1)")
            #expect(other != text)
            try command.write("results/x/provenance.json", other)
            #expect(try command.run("run", "x.json").code == 0)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == other)
            try command.write(
                "results/x/provenance.json", text.replacingOccurrences(of: "resourceUsage", with: "resource"))
            #expect(try command.run("run", "x.json").code == 0)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
        }
    }

    /// Two rows of a matrix that come to the same training share its execution, which another experiment made under
    /// another name: it is told once, by this plan's name, and counted once.
    @Test func whatRowsShareIsToldOnce() throws {
        try Command.with { command in
            try command.makeExperiment()
            let text = try String(contentsOfFile: command.path("x.json"), encoding: .utf8)
            let matrix = #", "matrix": {"protocol.deviations": [[], ["evaluateOnAll"]]}}"#
            try command.write("y.json", text.replacing("\"x\"", with: "\"y\"").dropLast() + matrix)
            #expect(try command.run("run", "x.json", "--set", "protocol.deviations=[\"evaluateOnAll\"]").code == 0)
            #expect(try command.run("run", "y.json").code == 0)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: command.path("results/y/provenance.json")))
            let graph = try #require(try Value(json: Array(bytes))["@graph"]?.arrayValue)
            let ids = graph.compactMap { $0["@id"]?.stringValue }
            #expect(Set(ids).count == ids.count, "\(ids.filter { id in ids.count { $0 == id } > 1 })")
            let runs = graph.filter { $0["@id"]?.stringValue?.hasPrefix("#run/") == true }
            let fingerprints = runs.compactMap { $0["identifier"]?.stringValue }
            #expect(Set(fingerprints).count == runs.count)
            let status = try Value(json: Array(command.run("status", "y.json", "--json").output.utf8))
            let stages = try #require(status["stages"]?.arrayValue)
            let jobs = Dictionary(grouping: stages) { $0["fingerprint"]?.stringValue ?? "" }
            #expect(jobs.count < stages.count && Set(jobs.keys) == Set(fingerprints))
            // What several take is taken once.
            let costs = jobs.values.compactMap { $0[0]["coreSeconds"]?.doubleValue }
            let total = try #require(status["cost"]?["coreSeconds"]?.doubleValue)
            #expect(abs(total - costs.reduce(0, +)) < 1e-6)
        }
    }

    @Test(.enabled(if: validator != nil, "needs roc-validator: scripts/setup --tests"))
    func publicValidatorFindsNothing() throws {
        try Command.with { command in
            try command.makeExperiment()
            #expect(try command.run("run", "x.json", "--seeds", "0..1", "--results", "results").code == 0)
            let process = Process()
            process.executableURL = URL(fileURLWithPath: try #require(Self.validator))
            process.arguments = [Self.script, command.path("results/x")]
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "the public validator found issues")
        }
    }

    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
        path: "../../scripts/validate-provenance"
    ).standardizedFileURL.path
    /// A Python that has roc-validator: of `LAVISE_ROC_PYTHON`, or where `scripts/setup --tests` puts it.
    private static let validator =
        ProcessInfo.processInfo.environment["LAVISE_ROC_PYTHON"]
        ?? [
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../.build/roc/bin/python")
                .path
        ].first { FileManager.default.isExecutableFile(atPath: $0) }
}
