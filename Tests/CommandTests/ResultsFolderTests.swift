import Fingerprints
import Foundation
import TestSupport
import Testing

/// `results/NAME` by the real program: one run's files, found where the run said, and taken for what they are.
@Suite(.waits) struct ResultsFolderTests {
    private func names(_ command: Command, _ folder: String = "results") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: command.path(folder)).sorted()
    }

    @Test func variantsGoToFoldersOfTheirOwn() throws {
        try Command.inMemory { command in
            try command.makeTiny()
            #expect(try command.finish(["run", "x.json"]).code == 0)
            let own = try command.files("results/x")
            for (arguments, name) in [
                (["--set", "evaluate.topImages=1"], "x@evaluate.topImages=1"),
                (
                    ["--set", "train.epochs=2", "--set", "evaluate.topImages=1"],
                    "x@evaluate.topImages=1,train.epochs=2"
                ),
                (["--seeds", "0..1"], "x@seeds=0..1"),
                (["--set", "train.epochs=1", "--seeds", "3,1"], "x@train.epochs=1,seeds=3+1"),
                (["--set", "title=a/b, c"], "x@title=a%2Fb%2C%20c"),
                (["--set", "name=y", "--set", "train.epochs=1"], "y"),
            ] {
                let end = try command.finish(["run", "x.json"] + arguments)
                #expect(end.code == 0 && end.errors.contains("results/\(name);"), "\(end.errors)")
                #expect(
                    FileManager.default.fileExists(atPath: command.path("results/\(name)/provenance.json")), "\(name)"
                )
            }
            #expect(try command.files("results/x") == own)
            #expect(try names(command).count == 7)
            // The page of a variant lies with it, and its pictures.
            let report = try command.run("report", "x.json", "--set", "evaluate.topImages=1")
            #expect(
                report.code == 0
                    && report.output == command.path("results/x@evaluate.topImages=1/report.html") + "\n",
                "\(report.errors)")
            #expect(
                try command.run(
                    "explain", "x.json", "--set", "evaluate.topImages=1", "--filter", "0", "--method", "original"
                ).code == 0)
            #expect(
                FileManager.default.fileExists(
                    atPath: command.path("results/x@evaluate.topImages=1/heatmaps/filter-0.png")))
            #expect(
                try command.run("report", "x.json", "--seeds", "0..1").output.hasSuffix(
                    "results/x@seeds=0..1/report.html\n"))
            #expect(try command.files("results/x") == own)
            // `--results` says otherwise.
            #expect(try command.finish(["run", "x.json", "--seeds", "0..1", "--results", "there"]).code == 0)
            #expect(try names(command, "there") == ["x"])
            // A folder's name may stand in a comparison, also beside a revision.
            #expect(try command.run("diff", "results/x", "results/x@evaluate.topImages=1").code == 4)
            let absent = try command.run("diff", "results/x", "results/x@train.epochs=9")
            #expect(absent.code == 2, "\(absent.errors)")
        }
    }

    @Test func whatAnEarlierRunLeftGoesAndOthersStay() throws {
        try Command.inMemory { command in
            try command.makeTiny()
            let here = ["--results", "results"]
            #expect(try command.finish(["run", "x.json", "--seeds", "0..1"] + here).code == 0)
            #expect(try names(command, "results/x").contains("seeds.md"))
            #expect(try command.finish(["run", "x.json", "--set", "train.categoryFraction=0.5"] + here).code == 0)
            let unseen = try names(command, "results/x")
            #expect(
                unseen.contains("recall-unseen.json") && unseen.contains("filters.md") && !unseen.contains("seeds.md")
            )
            #expect(try command.finish(["run", "x.json"]).code == 0)
            try command.write("results/x/notes.txt", "mine")
            #expect(try command.run("report", "x.json").code == 0)
            #expect(try command.run("explain", "x.json", "--filter", "1", "--method", "original").code == 0)
            #expect(
                try command.finish(["run", "x.json", "--seeds", "0..1"] + here).errors.contains(
                    "report.html there is older than these tables"))
            let seeds = try names(command, "results/x")
            for name in ["recall-unseen.json", "recall-seen.csv", "filters.md", "training.csv"] {
                #expect(!seeds.contains(name), "\(name)")
            }
            for name in ["notes.txt", "report.html", "heatmaps", "seeds.csv"] {
                #expect(seeds.contains(name), "\(name)")
            }
            #expect(try names(command) == ["x"], "nothing is left beside it")
        }
    }

    /// Two at once, again and again: what lies there afterwards is one run's.
    @Test func twoRunsAtOnceDoNotMix() throws {
        try Command.inMemory { command in
            try command.makeTiny()
            let arguments = [
                ["run", "x.json"], ["run", "x.json", "--set", "evaluate.topImages=1", "--results", "results"],
            ]
            var expected: [[String: Data]] = []
            for run in arguments {
                #expect(try command.finish(run).code == 0)
                expected.append(try command.files("results/x"))
            }
            for round in 0..<20 {
                let running = try arguments.map { try command.start($0) }
                #expect(try running.map { try $0.wait().code } == [0, 0])
                let found = try command.files("results/x")
                #expect(expected.contains(found), "round \(round)")
                #expect(
                    try command.run("diff", "results/x", "results/x").code == 0,
                    "round \(round): the provenance is another run's")
            }
            #expect(try names(command) == ["x"])
        }
    }

    @Test func othersResultsAreNotTakenForOurs() throws {
        try Command.inMemory { command in
            try command.makeTiny()
            #expect(try command.finish(["run", "x.json"]).code == 0)
            let plain = try command.run("status", "x.json")
            #expect(!plain.output.contains("other settings"), "\(plain.output)")
            #expect(try command.run("report", "x.json").code == 0)

            // Made by a run with other settings: said by `status`, `check` and `report`.
            #expect(
                try command.finish(["run", "x.json", "--set", "train.epochs=2", "--results", "results"]).code == 0)
            let said = "results/x was made by other settings: train.epochs was 2, now 5"
            #expect(try command.run("status", "x.json").output.contains(said))
            #expect(try command.run("status", "x.json", "--json").output.contains(said))
            #expect(try command.run("check", "x.json").errors.contains(said))
            let report = try command.run("report", "x.json")
            #expect(
                report.code == 2 && report.errors.contains(said) && report.errors.contains("lavise-pipeline run"),
                "\(report.errors)")
            #expect(try command.run("report", "x.json", "--output", "elsewhere").code == 0)
            let shown = try command.run("show", "results/x/recall.csv")
            #expect(shown.code == 0 && shown.output.contains("experiment x, --set train.epochs=2"), "\(shown.output)")

            // Renamed.
            #expect(try command.finish(["run", "x.json"]).code == 0)
            try command.makeTiny("z")
            try FileManager.default.copyItem(atPath: command.path("results/x"), toPath: command.path("results/z"))
            #expect(try command.run("status", "z.json").output.contains("results/z holds the results of x, not of z"))
            #expect(
                try command.run("show", "results/z/recall.csv").output.contains(
                    "results/z holds the results of x, not of z"))
            #expect(try command.finish(["run", "z.json"]).code == 0)
            #expect(!(try command.run("status", "z.json").output.contains("holds the results")))

            // A leftover of another run beside the files of this one, and a file that was changed.
            try FileManager.default.copyItem(
                atPath: command.path("results/x/filters.csv"), toPath: command.path("results/x/seeds.csv"))
            try command.edit("results/x/recall.md") { $0.append(contentsOf: "x".utf8) }
            let output = try command.run("status", "x.json").output
            #expect(
                output.contains("recall.md was changed") && output.contains("seeds.csv is of another run"),
                "\(output)")
            let stray = try command.run("show", "results/x/seeds.csv")
            #expect(stray.code == 2 && stray.errors.contains("is of another run"), "\(stray.output)\(stray.errors)")
        }
    }

    @Test func namesAreTheFilesOwn() throws {
        try Command.with { command in
            try command.makeTiny()
            func refusal(_ arguments: String...) throws -> String {
                let outcome = try command.run(["run"] + arguments)
                #expect(outcome.code == 2, "\(outcome.errors)")
                return outcome.errors
            }
            try FileManager.default.copyItem(atPath: command.path("x.json"), toPath: command.path("copy.json"))
            #expect(try refusal("copy.json").contains(": \"name\" is \"x\", and the file is named copy.json"))
            for folder in ["experiments", "more"] {
                try FileManager.default.createDirectory(
                    atPath: command.path(folder), withIntermediateDirectories: true)
                try FileManager.default.copyItem(
                    atPath: command.path("x.json"), toPath: command.path("\(folder)/x.json"))
            }
            #expect(try refusal("more/x.json").contains("is that of \(command.path("experiments/x.json"))"))
            try command.makeTiny("y")
            #expect(try refusal("y.json", "--set", "name=x").contains("its name \"x\" is that of"))
            try FileManager.default.moveItem(
                atPath: command.path("experiments/x.json"), toPath: command.path("experiments/w.json"))
            try command.edit("more/x.json") {
                $0 = Data(
                    String(decoding: $0, as: UTF8.self).replacingOccurrences(
                        of: "\"epochs\": 5", with: "\"epochs\": 4"
                    ).utf8)
            }
            #expect(try refusal("x.json", "more/x.json").contains("are both named \"x\""))
            let long = String(repeating: "n", count: 300)
            #expect(try refusal("x.json", "--set", "name=\(long)").contains("at most 100 bytes"))
            #expect(try refusal("x.json", "--set", "name=tables").contains("give the experiment another name"))
            #expect(!FileManager.default.fileExists(atPath: command.path(".lavise/ac")), "nothing ran")
            // As long as may be, with settings as long as may be.
            let longest = String(repeating: "n", count: 100)
            try command.makeTiny(longest, epochs: 1)
            let outcome = try command.run(
                "run", "\(longest).json", "--set", "title=\(String(repeating: "ü", count: 400))")
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(try names(command).contains { $0.hasPrefix("\(longest)@title=%C3%BC") && $0.utf8.count == 201 })
        }
    }

    @Test func placesThatCannotBeAreFoundBeforeTheWork() throws {
        try Command.with { command in
            try command.makeTiny()
            let files = FileManager.default
            try files.createDirectory(atPath: command.path("results"), withIntermediateDirectories: true)
            try files.createSymbolicLink(atPath: command.path("results/x"), withDestinationPath: "nowhere")
            for arguments in [["run", "x.json"], ["run", "x.json", "--dry-run"], ["plan", "x.json"]] {
                let dangling = try command.run(arguments)
                #expect(
                    dangling.code == 1 && dangling.errors.contains("results/x is a link that leads nowhere"),
                    "\(dangling.errors)")
            }
            try files.createDirectory(atPath: command.path("results/nowhere"), withIntermediateDirectories: true)
            try command.write("elsewhere.md", "another text")
            try files.createSymbolicLink(
                atPath: command.path("results/x/recall.md"), withDestinationPath: command.path("elsewhere.md"))
            for verb in ["run", "plan"] {
                let link = try command.run(verb, "x.json")
                #expect(link.code == 1 && link.errors.contains("results/x/recall.md is a link to"), "\(link.errors)")
            }
            #expect(!files.fileExists(atPath: command.path(".lavise/ac")), "nothing ran")
            try files.removeItem(atPath: command.path("results/x/recall.md"))
            // A plan names what would be left, and where.
            #expect(try command.run("plan", "x.json").output.contains("results go to results/x\n"))
            #expect(
                try command.run("plan", "x.json", "--set", "seed=3").output.contains("results go to results/x@seed=3\n")
            )
            #expect(try !command.run("run", "x.json", "-n", "--until", "train").output.contains("results go to"))
            let plan = try Value(json: Array(command.run("plan", "x.json", "--json").output.utf8)).objectValue ?? [:]
            let outputs = plan["runs"]?.arrayValue?.map {
                ($0.objectValue?["outputs"]?.arrayValue ?? []).compactMap(\.stringValue)
            }
            #expect(
                plan["results"] == "results/x" && outputs?.first == ["scenes"] && outputs?.last == ["tables"], "\(plan)"
            )
            // The link to the folder is followed and stays.
            #expect(try command.run("run", "x.json").code == 0)
            #expect(try String(contentsOfFile: command.path("elsewhere.md"), encoding: .utf8) == "another text")
            #expect(try files.destinationOfSymbolicLink(atPath: command.path("results/x")) == "nowhere")
            #expect(files.fileExists(atPath: command.path("results/nowhere/recall.md")))
        }
    }
}
