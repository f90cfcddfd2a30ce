import Fingerprints
import Foundation
import TestSupport
import Testing

/// `log`, `run --keep-going`, and what verbs say without arguments.
@Suite(.waits) struct LogVerbTests {
    @Test func runsAreRemembered() throws {
        try StreamTests.withProject { command in
            #expect(try command.run("run", "x", "--set", "train.epochs=2").code == 0)
            #expect(try command.run("run", "x", "--set", "backbone.layer=nowhere").code == 2, "nothing was run")
            let lines = try command.run("log").output.split(separator: "\n")
            #expect(
                lines.count == 3 && lines[0].hasPrefix("when")
                    && lines[1].contains("--set train.epochs=2; parameter epochs: 1 → 2"), "\(lines)")
            #expect(lines[1].contains("original recall@20 0.") && lines[2].contains("never built"), "\(lines)")
            let document = try Value(json: Array(command.run("log", "x", "--json", "--last", "1").output.utf8))
                .arrayValue
            #expect(document?.count == 1 && document?[0]["steps"]?.arrayValue?.first?["job"] == "train")
            let long = try command.run("log", "-v", "-n", "1").output
            #expect(
                long.contains("x --set train.epochs=2") && long.contains("  evaluate")
                    && long.contains("lavise-pipeline 0."), "\(long)")
            #expect(try command.run("log", "y").code == 2)
            // A collection leaves the records; what is damaged is left out.
            #expect(try command.run("gc").code == 0)
            let folder = command.path(".lavise/runs")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names.count == 2)
            try Data("{".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(names.sorted()[0])"))
            #expect(try command.run("log").output.split(separator: "\n").count == 2)
        }
    }

    @Test func keepGoingDoesTheRest() throws {
        try StreamTests.withProject { command in
            let bad = try String(contentsOfFile: command.path("experiments/x.json"), encoding: .utf8)
                .replacingOccurrences(of: "\"name\": \"x\"", with: "\"name\": \"bad\"")
                .replacingOccurrences(
                    of: "{\"kind\": \"demo-scenes\"}", with: "{\"kind\": \"glove\", \"path\": \"words.txt\"}")
            try FileManager.default.createDirectory(atPath: command.path("data"), withIntermediateDirectories: true)
            try command.write("data/words.txt", "dog 1 2 x\n")
            try command.write("experiments/bad.json", bad)
            let stopped = try command.run("run", "bad", "x", "--set", "seed=1")
            #expect(
                stopped.code == 1 && !FileManager.default.fileExists(atPath: command.path("results/x@seed=1")),
                "\(stopped)")
            let whole = try command.run("run", "bad", "x", "--set", "seed=1", "--keep-going")
            #expect(
                whole.code == 1 && whole.errors.contains("error: bad: ")
                    && FileManager.default.fileExists(atPath: command.path("results/x@seed=1/recall.md")), "\(whole)")
            // Within an experiment what does not depend on the failed stage runs.
            let status =
                try Value(json: Array(command.run("status", "bad", "--set", "seed=1", "--json").output.utf8))["stages"]?
                .arrayValue ?? []
            let states = Dictionary(
                uniqueKeysWithValues: status.compactMap { stage in
                    stage["name"]?.stringValue.map { ($0, stage["state"]?.stringValue ?? "") }
                })
            #expect(
                states["embedding"] == "failed" && states["scenes"] == "fresh" && states["train"] != "fresh",
                "\(states)")
            let log = try command.run("log", "bad", "-n", "1").output
            #expect(log.contains("failed"), "\(log)")
        }
    }

    @Test func withoutArgumentsAllIsSaid() throws {
        try StreamTests.withProject { command in
            let other = try String(contentsOfFile: command.path("experiments/x.json"), encoding: .utf8)
                .replacingOccurrences(of: "\"name\": \"x\"", with: "\"name\": \"y\"").replacingOccurrences(
                    of: "\"epochs\": 1", with: "\"epochs\": 2")
            try command.write("experiments/y.json", other)
            let status = try command.run("status")
            #expect(
                status.code == 0 && status.output.contains("x: ") && status.output.contains("y: ")
                    && status.output.contains("missing"), "\(status)")
            #expect(try Value(json: Array(command.run("status", "--json").output.utf8)).arrayValue?.count == 2)
            #expect(try command.run("status", "--exit-code").code == 3)
            #expect(try command.run("status", "--set", "seed=1").code == 2)
            let why = try command.run("why").output
            #expect(
                why.contains("x: all 8 stages are fresh") && why.contains("y:\n")
                    && why.contains("  train is missing: never built"), "\(why)")
            let stages = try command.run("why", "x").output
            #expect(
                stages.split(separator: "\n").count == 8
                    && stages.contains("evaluate is fresh; it last ran because of: its first build"), "\(stages)")
            #expect(try Value(json: Array(command.run("why", "x", "--json").output.utf8)).arrayValue?.count == 8)
            #expect(try Value(json: Array(command.run("why", "--json").output.utf8)).arrayValue?.isEmpty == false)
            let list = try command.run("list").output
            #expect(list.contains("x           fresh") && list.contains("missing, 4/8 fresh"), "\(list)")
            let listed = try Value(json: Array(command.run("list", "--json").output.utf8)).arrayValue
            #expect(listed?.map { $0["state"] } == ["fresh", "missing"])
        }
    }
}
