import Fingerprints
import Foundation
import TestSupport
import Testing

/// What would stop a run is found before its first stage, all at once; `plan` and a dry run say the same.
@Suite(.waits) struct PreflightTests {
    /// Runs and plans, and expects both to end in the same way with nothing made.
    private func expect(
        _ code: Int32, _ texts: [String], _ command: Command, _ arguments: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        var said: Set<String> = []
        for verb in [["plan"], ["run", "-n"], ["run"]] {
            let outcome = try command.run(verb + arguments)
            #expect(outcome.code == code, "\(verb): \(outcome.errors)", sourceLocation: sourceLocation)
            for text in texts {
                #expect(outcome.errors.contains(text), "\(verb): \(outcome.errors)", sourceLocation: sourceLocation)
            }
            // But for how much room is left, which changes by itself.
            said.insert((outcome.errors.components(separatedBy: "error: ").last ?? "").filter { !$0.isNumber })
        }
        #expect(said.count == 1, "\(said)", sourceLocation: sourceLocation)
        #expect(!FileManager.default.fileExists(atPath: command.path("results")), sourceLocation: sourceLocation)
        let traces = (try? FileManager.default.subpathsOfDirectory(atPath: command.path(".lavise/ac"))) ?? []
        #expect(traces.isEmpty, "a stage ran: \(traces)", sourceLocation: sourceLocation)
    }

    private let weights = #"backbone={"architecture":"resnet18","layer":"layer1","weights":{"path":"w.pth"}}"#

    @Test func everyMissingFileIsNamedAtOnce() throws {
        try Command.with { command in
            try command.makeExperiment()
            try FileManager.default.removeItem(atPath: command.path("data/scenes/val2017"))
            try FileManager.default.removeItem(atPath: command.path("data/scenes/glove.txt"))
            try expect(
                1,
                [
                    "4 things are in the way", "data/scenes/val2017", "data/scenes/glove.txt", "data/w.pth",
                    "data/words.txt", "--data DIR",
                ], command,
                ["x.json", "--set", weights, "--set", "evaluate.entities=words.txt"])
            // Two experiments: before the first stage of the first.
            try command.makeExperiment()
            try command.write(
                "y.json",
                try String(contentsOfFile: command.path("x.json"), encoding: .utf8)
                    .replacingOccurrences(of: "\"name\": \"x\"", with: "\"name\": \"y\"").replacingOccurrences(
                        of: "scenes/glove.txt", with: "absent.txt"))
            try expect(1, ["embedding needs", "data/absent.txt, which is not there"], command, ["x.json", "y.json"])
        }
    }

    @Test func everyMissingManifestIsNamedAtOnce() throws {
        try Command.with { command in
            try command.makeExperiment()
            try command.write("bad.json", "{\"name\": \"bad\",}")
            let settings = [
                #"dataset={"kind":"coco","manifest":"manifests/d.json"}"#,
                #"embedding={"kind":"glove","manifest":"bad.json"}"#, weights,
            ].flatMap { ["--set", $0] }
            try expect(
                2,
                [
                    "3 things are in the way", "manifests/d.json: no such manifest", "bad.json:1:16: expected a key",
                    "data/w.pth: no such file",
                ], command, ["x.json"] + settings)
        }
    }

    @Test func aCheckpointThatIsNoneIsFoundFirst() throws {
        try Command.with { command in
            try command.makeExperiment()
            try command.write("data/w.pth", "hello")
            try expect(1, ["w.pth': is no PyTorch checkpoint"], command, ["x.json", "--set", weights])
            // Of another network: the first and the last tensor that it lacks.
            let fixtures = URL(fileURLWithPath: #filePath).appending(path: "../../NetworksTests/Fixtures/Checkpoints")
                .standardized.path
            try FileManager.default.removeItem(atPath: command.path("data/w.pth"))
            try FileManager.default.copyItem(atPath: "\(fixtures)/zip.pth", toPath: command.path("data/w.pth"))
            try expect(
                1, ["w.pth': has no tensor 'conv1.weight'", "nor 24 more, up to 'layer1.1.bn2.running_var'"], command,
                ["x.json", "--set", weights])
        }
    }

    @Test func roomIsAskedForBeforeTheFirstStage() throws {
        try Command.with { command in
            try command.makeExperiment()
            try command.write(
                "m.json",
                #"{"name": "m", "files": [{"name": "v.txt", "license": "", "urls": ["file:///nowhere/v.txt"], "bytes": 1000000000000000000}]}"#
            )
            try expect(
                8, ["bytes are needed", "make room"], command,
                ["x.json", "--set", #"embedding={"kind":"glove","manifest":"m.json"}"#])
        }
    }

    @Test func aDryRunSelectsAndRefusesAsTheRunDoes() throws {
        try Command.with { command in
            try command.makeExperiment()
            for option in ["--only", "--from", "--until", "--force"] {
                let wrong = try command.run("run", "x.json", "-n", option, "trian")
                #expect(
                    wrong.code == 2 && wrong.errors.contains("no job or stage is called trian"),
                    "\(option): \(wrong.errors)")
            }
            try expect(
                2, ["needs preprocess, which is not up to date"], command: command, ["x.json", "--only", "features"])
            #expect(
                try command.run("run", "x.json", "-n", "--until", "preprocess").output.contains(
                    "2 of 7 stages would run"))
            #expect(try command.run("run", "x.json", "--quiet").code == 0)
            #expect(try command.run("run", "x.json", "-n").output.contains("0 of 7 stages would run"))
            let forced = try command.run("run", "x.json", "-n", "--force", "train")
            #expect(
                forced.code == 0 && forced.output.contains("1 of 7 stages would run")
                    && forced.output.contains("forced"), "\(forced.output)")
            #expect(
                try command.run("run", "x.json", "-n", "--force", "train", "--until", "preprocess").output.contains(
                    "0 of 7"))
            let edited = ["--set", "train.epochs=2"]
            #expect(
                try command.run(["run", "x.json", "-n", "--from", "train"] + edited).output.contains(
                    "4 of 7 stages would run"))
            #expect(try command.run(["run", "x.json", "-n", "--only", "evaluate"] + edited).code == 2)
            #expect(try command.run(["run", "x.json", "--only", "evaluate"] + edited).code == 2)
            #expect(
                try command.run(["run", "x.json", "-n", "--only", "train"] + edited).output.contains(
                    "1 of 7 stages would run"))
        }
    }

    /// A dry run's refusal is the run's.
    private func expect(_ code: Int32, _ texts: [String], command: Command, _ arguments: [String]) throws {
        var said: Set<String> = []
        for verb in [["run", "-n"], ["run"]] {
            let outcome = try command.run(verb + arguments)
            #expect(outcome.code == code, "\(outcome.errors)")
            for text in texts { #expect(outcome.errors.contains(text), "\(outcome.errors)") }
            said.insert(outcome.errors)
        }
        #expect(said.count == 1)
    }

    /// Its lock file lies beside it, wherever it lies.
    @Test func aManifestMayLieAnywhere() throws {
        try Command.with { command in
            try command.makeExperiment()
            let url = "file://" + command.path("data/scenes/glove.txt")
            for name in ["m.json", "deep/er/m.json", "../outside.json"] {
                let path = command.path(name)
                try FileManager.default.createDirectory(
                    atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path,
                    withIntermediateDirectories: true)
                let own = "m\(UUID().uuidString.prefix(8))"
                try command.write(
                    name, #"{"name": "\#(own)", "files": [{"name": "v.txt", "license": "", "urls": ["\#(url)"]}]}"#)
                let lock = URL(fileURLWithPath: path).deletingLastPathComponent().appending(path: "\(own).lock.json")
                    .path
                defer { _ = [lock, path].map { try? FileManager.default.removeItem(atPath: $0) } }
                let outcome = try command.run(
                    "run", "x.json", "--set", #"embedding={"kind":"glove","manifest":"\#(name)"}"#, "--quiet",
                    "--results", "out")
                #expect(
                    outcome.code == 0 && FileManager.default.fileExists(atPath: command.path("out/x/recall.md")),
                    "\(outcome.errors)")
                #expect(
                    try String(contentsOfFile: lock, encoding: .utf8).contains(
                        try Digest(contentsOf: command.path("data/scenes/glove.txt")).hex))
                #expect(
                    try command.run(
                        "status", "x.json", "--exit-code", "--set", #"embedding={"kind":"glove","manifest":"\#(name)"}"#
                    ).code == 0)
            }
            #expect(!FileManager.default.fileExists(atPath: command.path("manifests")))
        }
    }
}
