import Foundation
import TestSupport
import Testing

/// `diff` between folders, files, git revisions and published values.
@Suite(.waits) struct DiffVerbTests {
    private func git(_ command: Command, _ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            [
                "git", "-C", command.root, "-c", "user.name=test", "-c", "user.email=test@example.org", "-c",
                "commit.gpgsign=false",
            ] + arguments
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test func revisionsAndTheStageThatDiverged() throws {
        try Command.with { command in
            try command.makeExperiment()
            #expect(try command.run("run", "x.json").code == 0)
            try git(command, "init", "-q")
            try git(command, "add", "results")
            try git(command, "commit", "-q", "-m", "first")
            let same = try command.run("diff", "results/x@HEAD", "results/x")
            #expect(
                same.code == 0 && same.output.contains("results/x equals results/x@HEAD"),
                "\(same.output)\(same.errors)")

            #expect(try command.run("run", "x.json", "--set", "train.epochs=2", "--results", "results").code == 0)
            let changed = try command.run("diff", "results/x@HEAD", "results/x")
            #expect(
                changed.code == 4 && changed.output.contains("train:") && changed.output.contains("epochs 1 → 2"),
                "\(changed.output)\(changed.errors)")
            #expect(
                changed.output.split(separator: "\n").filter { !$0.hasPrefix("first stage") }.allSatisfy {
                    $0.count <= 80
                }, "\(changed.output)")
            let json = try command.run("diff", "results/x@HEAD", "results/x", "--format", "json", "--tolerance", "1000")
            let object = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
            #expect((object["first_divergence"] as? String)?.hasPrefix("train:") == true)
            let tables = Set(try #require(object["changes"] as? [[String: Any]]).compactMap { $0["table"] as? String })
            #expect(tables.contains("training") && tables.isSubset(of: ["recall", "filters", "training"]))
            let file = try command.run(
                "diff", "results/x/training.csv@HEAD", "results/x/training.csv", "--format", "md")
            #expect(file.code == 4 && file.output.contains("| 2 | train_loss |"), "\(file.output)\(file.errors)")

            for (arguments, text) in [
                (["results/x@nothing", "results/x"], "no such git revision"),
                (["results/y", "results/x"], "results/y: no such table"),
                (["published", "results/x"], "nothing was published"),
                (["results/x", "published"], "published values come first"),
                (["results/x", "results/x", "--tolerance", "a"], "--tolerance a"),
                (["results/x@--help", "results/x"], "no such git revision"),
            ] {
                let outcome = try command.run(["diff"] + arguments)
                #expect(outcome.code == 2 && outcome.errors.contains(text), "\(outcome.errors)")
            }
        }
    }
}

/// `diff` of folders looks at every file of a table, and says what does not belong together.
@Suite(.waits) struct DiffFilesTests {
    private func replace(_ command: Command, _ file: String, _ old: String, _ new: String) throws {
        try command.edit(file) { data in
            let text = String(decoding: data, as: UTF8.self)
            #expect(text.contains(old), "\(file)")
            data = Data(text.replacingOccurrences(of: old, with: new).utf8)
        }
    }

    @Test func everyFileOfATableCounts() throws {
        try Command.inMemory { command in
            try command.write(
                "x.json",
                """
                {"name": "x", "dataset": {"kind": "demo-scenes", "scenes": 16}, "embedding": {"kind": "demo-scenes"},
                 "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": {"epochs": 1, "batchSize": 12},
                 "evaluate": {"filters": [0, 1], "topImages": 2, "methods": ["original"]}, "matrix": {"protocol.deviations": [[], ["lowQuantile"]]}}
                """)
            #expect(try command.finish(["run", "x.json"]).code == 0)
            let files = FileManager.default,
                tables = ["recall", "deviations", "faithfulness", "agreement"].flatMap { name in
                    ["csv", "json", "md", "tex"].map { "\(name).\($0)" }
                }
            for file in tables {
                for hasProvenance in [true, false] {
                    try? files.removeItem(atPath: command.path("results/y"))
                    try files.copyItem(atPath: command.path("results/x"), toPath: command.path("results/y"))
                    if !hasProvenance { try files.removeItem(atPath: command.path("results/y/provenance.json")) }
                    let plain = try command.run("diff", "results/x", "results/y")
                    #expect(plain.code == 0 && plain.output.contains("equals"), "\(plain.output)")
                    // The last number of a row in the file's own form.
                    let text = try String(contentsOfFile: command.path("results/y/\(file)"), encoding: .utf8)
                    let number = try #require(text.matches(of: /0\.[0-9]*[1-9]/).last).output
                    try replace(command, "results/y/\(file)", String(number), "0.987654")
                    let outcome = try command.run("diff", "results/x", "results/y")
                    #expect(outcome.code == 4 || outcome.code == 5, "\(file): \(outcome.output)")
                    #expect(
                        outcome.output.contains("results/y: ") && outcome.output.contains(file),
                        "\(file): \(outcome.output)")
                    // Against itself no cell differs, and yet it disagrees.
                    let itself = try command.run("diff", "results/y", "results/y", "--json")
                    #expect(
                        itself.code == 5 && itself.output.contains("\"disagreements\": [\n"),
                        "\(file): \(itself.output)")
                }
            }
        }
    }

    @Test func tablesOfOtherKindsAndLongDiffs() throws {
        try Command.inMemory { command in
            try command.makeTiny()
            #expect(try command.finish(["run", "x.json"]).code == 0)
            #expect(
                try command.finish([
                    "run", "x.json", "--set", "evaluate.filters=\(Array(0..<32))", "--results", "wide",
                ]).code == 0)
            #expect(
                try command.finish([
                    "run", "x.json", "--set", "evaluate.filters=\(Array(32..<64))", "--results", "other",
                ]).code == 0)
            for (a, b, text) in [
                (
                    "results/x/recall.csv", "results/x/filters.csv",
                    "rows are named by k and method, the other's by filter and method"
                ),
                ("results/x/training.csv", "results/x/recall.json", "rows are named by epoch"),
                ("wide/x/filters.csv", "other/x/filters.csv", "no row in common"),
            ] {
                let refused = try command.run("diff", a, b)
                #expect(refused.code == 2 && refused.errors.contains(text), "\(refused.output)\(refused.errors)")
            }
            // Nor have a plain table and a matrix's anything to compare.
            #expect(try command.finish(["run", "x.json", "--seeds", "0..1"]).code == 0)
            #expect(try command.run("diff", "results/x", "results/x@seeds=0..1").code == 2)
            // A table whose rows are all others is one change; one that a side lacks, too.
            for side in ["less", "more"] {
                try FileManager.default.copyItem(atPath: command.path("results/x"), toPath: command.path(side))
            }
            for name in ["provenance.json", "filters.csv", "filters.md"] {
                try FileManager.default.removeItem(atPath: command.path("less/\(name)"))
            }
            try FileManager.default.removeItem(atPath: command.path("more/provenance.json"))
            try FileManager.default.copyItem(
                atPath: command.path("results/x@seeds=0..1/seeds.csv"), toPath: command.path("more/seeds.csv"))
            for (other, table, old, new) in [
                ("other/x", "filters", "2 rows", "32 others"), ("less", "filters", "2 rows", nil),
                ("more", "seeds", nil, "9 rows"),
            ] as [(String, String, String?, String?)] {
                let outcome = try command.run("diff", "results/x", other, "--json", "--tolerance", "1000")
                let object = try #require(
                    try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
                let changes = try #require(object["changes"] as? [[String: Any]]).filter {
                    $0["table"] as? String == table
                }
                #expect(outcome.code == 4 && changes.count == 1, "\(changes)")
                #expect(
                    changes.first?["old"] as? String == old && changes.first?["new"] as? String == new, "\(changes)")
            }
            // Long ones are cut, with a count.
            let cut = try command.run("diff", "results/x", "wide/x"),
                whole = try command.run("diff", "results/x", "wide/x", "--all")
            #expect(
                cut.output.split(separator: "\n").count < 60 && cut.output.contains("more changes; --all shows them"),
                "\(cut.output)")
            #expect(whole.output.split(separator: "\n").count > 60 && !whole.output.contains("--all"))
        }
    }
}
