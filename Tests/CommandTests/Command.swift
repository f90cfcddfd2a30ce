import Datasets
import Foundation
import Testing

/// The real program, run in a project folder of its own.
struct Command {
    let root: String

    struct Outcome {
        let code: Int32
        let output: String
        let errors: String
    }

    static func with<R>(_ body: (Command) throws -> R) throws -> R {
        let root = FileManager.default.temporaryDirectory.appending(path: "command-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }
        return try body(Command(root: root))
    }

    /// The binary beside the test runner's.
    static let binary = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appending(
        path: "lavise-pipeline")

    func run(_ arguments: String...) throws -> Outcome { try run(arguments) }

    /// - Parameter environment: beside the test's own.
    func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Outcome {
        let process = Process()
        process.executableURL = Self.binary
        process.arguments = arguments + ["-C", root]
        process.environment = ProcessInfo.processInfo.environment.merging(ownPlaces) { $1 }.merging(environment) { $1 }
        let output = root + "/.stdout", errors = root + "/.stderr"
        for path in [output, errors] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
        try process.run()
        process.waitUntilExit()
        return Outcome(
            code: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8))
    }

    func path(_ name: String) -> String { "\(root)/\(name)" }

    /// Nothing of the user's is read or made: not their signing key, nor a remote store of theirs.
    var ownPlaces: [String: String] { ["LAVISE_KEY": path(".key.pem"), "LAVISE_REMOTE": ""] }

    /// A small drawn dataset of the user's own and an experiment on it.
    func makeExperiment() throws {
        let scenes = path("data/scenes")
        try FileManager.default.createDirectory(atPath: scenes, withIntermediateDirectories: true)
        try DemoScenes(seed: 0, images: 16).write(to: scenes)
        try write(
            "x.json",
            """
            {"name": "x", "dataset": {"kind": "coco", "root": "scenes"}, "embedding": {"kind": "glove", "path": "scenes/glove.txt"},
             "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": {"epochs": 1, "batchSize": 8},
             "evaluate": {"filters": [0, 1], "topImages": 2, "methods": ["original"]}}
            """)
    }

    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    }

    func edit(_ name: String, _ change: (inout Data) -> Void) throws {
        var data = try Data(contentsOf: URL(fileURLWithPath: path(name)))
        change(&data)
        try data.write(to: URL(fileURLWithPath: path(name)))
    }

    /// The first image of a split.
    func image(_ split: String) throws -> String {
        try "data/scenes/\(split)/" + #require(
            FileManager.default.contentsOfDirectory(atPath: path("data/scenes/\(split)")).min())
    }
}
