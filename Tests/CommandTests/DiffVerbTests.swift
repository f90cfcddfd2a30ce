import Foundation
import Testing

/// `diff` between folders, files, git revisions and published values.
@Suite struct DiffVerbTests {
    private func git(_ command: Command, _ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git", "-C", command.root, "-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"] + arguments
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
            #expect(same.code == 0 && same.output.contains("results/x equals results/x@HEAD"), "\(same.output)\(same.errors)")

            #expect(try command.run("run", "x.json", "--set", "train.epochs=2", "--results", "results").code == 0)
            let changed = try command.run("diff", "results/x@HEAD", "results/x")
            #expect(changed.code == 4 && changed.output.contains("train:") && changed.output.contains("epochs 1 → 2"), "\(changed.output)\(changed.errors)")
            #expect(changed.output.split(separator: "\n").filter { !$0.hasPrefix("first stage") }.allSatisfy { $0.count <= 80 }, "\(changed.output)")
            let json = try command.run("diff", "results/x@HEAD", "results/x", "--format", "json", "--tolerance", "1000")
            let object = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
            #expect((object["first_divergence"] as? String)?.hasPrefix("train:") == true)
            let tables = Set(try #require(object["changes"] as? [[String: Any]]).compactMap { $0["table"] as? String })
            #expect(tables.contains("training") && tables.isSubset(of: ["recall", "filters", "training"]))
            let file = try command.run("diff", "results/x/training.csv@HEAD", "results/x/training.csv", "--format", "md")
            #expect(file.code == 4 && file.output.contains("| 2 | train_loss |"), "\(file.output)\(file.errors)")

            for (arguments, text) in [
                (["results/x@nothing", "results/x"], "no such git revision"), (["results/y", "results/x"], "results/y: no such table"),
                (["published", "results/x"], "nothing was published"), (["results/x", "published"], "published values come first"),
                (["results/x", "results/x", "--tolerance", "a"], "--tolerance a"), (["results/x@--help", "results/x"], "no such git revision"),
            ] {
                let outcome = try command.run(["diff"] + arguments)
                #expect(outcome.code == 2 && outcome.errors.contains(text), "\(outcome.errors)")
            }
        }
    }
}
