import Datasets
import Foundation
import TestSupport
import Testing

/// `new`: an experiment for one's own pictures, with what was found, that plans and runs.
@Suite(.waits) struct NewVerbTests {
    private static func json(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private static func written(_ command: Command, _ name: String) throws -> [String: Any] {
        try json(String(contentsOfFile: command.path("experiments/\(name).json"), encoding: .utf8))
    }

    /// A project with the experiment x on drawn scenes.
    private static func withProject(_ body: (Command) throws -> Void) throws {
        try Command.with { command in
            try command.makeExperiment()
            try FileManager.default.createDirectory(
                atPath: command.path("experiments"), withIntermediateDirectories: true)
            try FileManager.default.moveItem(atPath: command.path("x.json"), toPath: command.path("experiments/x.json"))
            try body(command)
        }
    }

    /// Pictures without annotations: one command after `new`, and nothing is trained again.
    @Test func picturesWithoutAnnotations() throws {
        try Self.withProject { command in
            #expect(try command.run("run", "x").code == 0)
            try FileManager.default.createDirectory(
                atPath: command.path("data/mine"), withIntermediateDirectories: true)
            for file in try FileManager.default.contentsOfDirectory(atPath: command.path("data/scenes/train2017")) {
                try FileManager.default.copyItem(
                    atPath: command.path("data/scenes/train2017/\(file)"), toPath: command.path("data/mine/\(file)"))
            }
            try command.write("data/mine/notes.txt", "x")
            let made = try command.run("new", "mine", "--pictures", "data/mine", "--like", "x", "--json")
            #expect(made.code == 0, "\(made.errors)")
            let said = try Self.json(made.output)
            let found = try #require(said["found"] as? [String])
            #expect(found[0].hasSuffix(" JPEG; 1 other files") && found[1].hasPrefix("the explainer is that of x"))
            #expect(said["runs"] as? [String] == ["target", "features-target", "evaluate", "tables"])
            let own = try Self.written(command, "mine"), reference = try Self.written(command, "x")
            #expect(own["target"] as? [String: String] == ["folder": "mine"] && own["$pictures"] as? String == found[0])
            for key in ["dataset", "embedding", "backbone", "train"] {
                #expect((own[key] as? NSDictionary) == (reference[key] as? NSDictionary), "\(key)")
            }
            let run = try command.run("run", "mine")
            #expect(run.code == 0 && run.output.contains("which nobody annotated: there is no recall"), "\(run.errors)")
            let words = try String(contentsOfFile: command.path("results/mine/words.csv"), encoding: .utf8)
            #expect(words.hasPrefix("layer,filter,rank,word,images,cosine,lift,corr,iou\nlayer1,0,1,"))
            let again = try command.run("new", "mine", "--pictures", "data/mine", "--like", "x")
            #expect(again.code == 2 && again.errors.contains("is there already"))
        }
    }

    @Test func annotatedPictures() throws {
        try Self.withProject { command in
            let labels = "data/scenes/annotations/instances_train2017.json"
            let made = try command.run(
                "new", "mine", "--pictures", "data/scenes/train2017", "--annotations", labels, "--like", "x", "--words",
                "data/scenes/glove.txt", "--layer", "layer2")
            #expect(
                made.code == 0 && made.output.contains(" annotated; ")
                    && made.errors.contains("next: lavise-pipeline run mine"), "\(made.errors)")
            let own = try Self.written(command, "mine")
            #expect((own["backbone"] as? [String: Any])?["layer"] as? String == "layer2")
            #expect((own["dataset"] as? [String: Any])?["kind"] as? String == "coco" && own["protocol"] == nil)
            #expect(try command.run("run", "mine", "--until", "train").code == 0)
        }
    }

    /// Several layers are rows of one experiment, and a model file takes its preprocessing along.
    @Test func layersAndModelFiles() throws {
        try Self.withProject { command in
            let own = [
                "--pictures", "data/scenes/train2017", "--annotations",
                "data/scenes/annotations/instances_train2017.json", "--words", "data/scenes/glove.txt",
            ]
            let deep = try command.run(["new", "deep", "--like", "x", "--layer", "layer1", "--layer", "layer2"] + own)
            #expect(deep.code == 0, "\(deep.errors)")
            let backbone = try #require(Self.written(command, "deep")["backbone"] as? [String: Any])
            #expect(backbone["layers"] as? [String] == ["layer1", "layer2"] && backbone["layer"] == nil)
            try command.write("net.onnx", "no network")
            let model = ["--model", "net.onnx", "--layer", "l"]
            let bare = try command.run(["new", "net"] + own + model)
            #expect(bare.code == 2 && bare.errors.contains("--model needs --preprocess JSON"), "\(bare.errors)")
            let torn = try command.run(["new", "net"] + own + model + ["--preprocess", "{"])
            #expect(torn.code == 2 && torn.errors.contains("--preprocess: "), "\(torn.errors)")
            // The file is read, and found to be none.
            let whole = #"{"resize": 256, "crop": 224, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}"#
            let read = try command.run(["new", "net"] + own + model + ["--preprocess", whole])
            #expect(read.code != 0 && read.errors.contains("net.onnx"), "\(read.errors)")
        }
    }

    @Test func whatIsMissingIsNamed() throws {
        try Self.withProject { command in
            try FileManager.default.createDirectory(
                atPath: command.path("data/empty"), withIntermediateDirectories: true)
            let scenes = "data/scenes/train2017", other = command.path("data/other")
            try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                atPath: command.path(command.image("val2017")), toPath: other + "/another.jpg")
            for (arguments, text) in [
                ([], "--pictures FOLDER"), (["--pictures", "data/empty", "--like", "x"], "no picture is there"),
                (["--pictures", "data/none", "--like", "x"], "there is no such folder or zip archive"),
                (["--pictures", try command.image("val2017"), "--like", "x"], "neither a folder nor a zip archive"),
                (
                    [
                        "--pictures", "data/other", "--annotations", "data/scenes/annotations/instances_train2017.json",
                        "--like", "x",
                    ], "none of its "
                ),
                (["--pictures", scenes], "need an explainer"),
                (["--pictures", scenes, "--like", "y"], "did you mean \"x\"?"),
                (["--pictures", scenes, "--like", "x", "--layer", "layer2"], "--layer: without --annotations"),
                (["--pictures", scenes, "--annotations", "nothing.json"], "nothing.json"),
                (
                    [
                        "--pictures", scenes, "--annotations", "data/scenes/annotations/instances_train2017.json",
                        "--words", "data/scenes/glove.txt",
                    ], "which network?"
                ),
            ] {
                let outcome = try command.run(["new", "mine"] + arguments)
                #expect(outcome.code == 2 && outcome.errors.contains(text), "\(arguments): \(outcome.errors)")
            }
            #expect(!FileManager.default.fileExists(atPath: command.path("experiments/mine.json")))
        }
    }

    /// What cannot be read, and what annotations name and is not there, is said before anything runs.
    @Test func picturesThatAreNotThere() throws {
        try Self.withProject { command in
            let scenes = command.path("data/scenes/train2017"), some = command.path("data/some")
            try FileManager.default.createDirectory(atPath: some, withIntermediateDirectories: true)
            let names = try FileManager.default.contentsOfDirectory(atPath: scenes).sorted()
            for name in names.dropFirst(3) {
                try FileManager.default.copyItem(atPath: "\(scenes)/\(name)", toPath: "\(some)/\(name)")
            }
            for name in ["a.heic", "b.AVIF"] { try command.write("data/some/\(name)", "x") }
            let made = try command.run(
                "new", "mine", "--pictures", "data/some", "--annotations",
                "data/scenes/annotations/instances_train2017.json", "--like", "x")
            #expect(made.code == 0, "\(made.errors)")
            #expect(made.output.hasPrefix("\(names.count - 3) JPEG, 1 AVIF, 1 HEIC; 2 cannot be read (HEIC, AVIF)"))
            let annotated = "\n\(names.count - 3) annotated, and 3 that the annotations name are not there; "
            #expect(made.output.contains(annotated), "\(made.output)")
        }
    }

    /// An experiment that cannot run is not written, and nothing says to run it.
    @Test func weightsOfAnotherNetwork() throws {
        try Self.withProject { command in
            try command.write("net.pth", "no checkpoint")
            let end = try command.run(
                "new", "mine", "--pictures", "data/scenes/train2017", "--annotations",
                "data/scenes/annotations/instances_train2017.json", "--words", "data/scenes/glove.txt",
                "--architecture", "resnet18", "--layer", "layer1", "--weights", "net.pth")
            #expect(end.code != 0 && end.errors.contains("net.pth") && !end.errors.contains("next:"), "\(end.errors)")
            #expect(!FileManager.default.fileExists(atPath: command.path("experiments/mine.json")))
        }
    }
}
