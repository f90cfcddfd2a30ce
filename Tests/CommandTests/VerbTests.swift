import Foundation
import TestSupport
import Testing

/// What the verbs print and how they exit.
@Suite(.waits) struct VerbTests {
    @Test func runStatusAndExitCodes() throws {
        try Command.with { command in
            try command.makeExperiment()
            #expect(try command.run("status", "x.json", "--exit-code").code == 3)
            let first = try command.run("run", "x.json")
            #expect(first.code == 0 && first.output.contains("| original |"), "\(first.errors)")
            #expect(first.errors.contains("7 stages: 0 fresh, 7 run"))
            #expect(try command.run("status", "x.json", "--exit-code").code == 0)
            let second = try command.run("run", "x.json")
            #expect(second.errors.contains("7 stages: 7 fresh, 0 run") && second.output == first.output)
            for name in ["recall.md", "recall.csv", "recall.json", "filters.md", "filters.csv", "training.csv"] {
                #expect(FileManager.default.fileExists(atPath: command.path("results/x/\(name)")), "\(name)")
            }

            let json = try command.run("status", "x.json", "--json").output
            let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
            let stages = try #require(object["stages"] as? [[String: Any]])
            #expect(object["schema"] as? Int == 1 && object["experiment"] as? String == "x")
            #expect(
                stages.compactMap { $0["name"] as? String } == [
                    "embedding", "preprocess", "features", "train", "evaluate", "evidence", "tables",
                ])
            let outputs = try #require(stages[1]["outputs"] as? [[String: Any]])
            let path = try #require(outputs[0]["path"] as? String)
            #expect(FileManager.default.isReadableFile(atPath: path))

            #expect(try command.run("diff", "results/x", "results/x").code == 0)
            try command.edit("results/x/recall.json") { data in
                data = Data(
                    String(decoding: data, as: UTF8.self).replacingOccurrences(of: "\"pairs\": ", with: "\"pairs\": 1")
                        .utf8)
            }
            try FileManager.default.copyItem(atPath: command.path("results/x"), toPath: command.path("results/y"))
            _ = try command.run("run", "x.json")
            #expect(try command.run("diff", "results/x", "results/y").code == 4)
            #expect(
                try command.run("why", "x.json", "evaluate", "--set", "evaluate.topImages=1").output.contains(
                    "topImages: 2 → 1"))
            #expect(try command.run("verify", "x.json", "train").code == 0)
            // Global options may come first.
            #expect(try command.run("--store", ".lavise", "--offline", "status", "x.json", "--exit-code").code == 0)
            #expect(try command.run("--store", ".other", "status", "x.json", "--exit-code").code == 3)
        }
    }

    @Test func usageErrorsExitWithTwo() throws {
        try Command.with { command in
            let codes = try [["runn"], ["run", "--nonsense", "x"], ["--help"], ["version"]].map {
                try command.run($0).code
            }
            #expect(codes == [2, 2, 0, 0])
            // Options that every verb has may stand before it.
            let before = try command.run("--json", "version"), after = try command.run("version", "--json")
            #expect(before.code == 0 && before.output == after.output && before.output.hasPrefix("{"))
        }
    }
}
