import Foundation
import Testing

/// `provenance.json` of a run.
@Suite struct ProvenanceTests {
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
