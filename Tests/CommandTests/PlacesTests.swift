import Foundation
import TestSupport
import Testing

/// Where paths start, which project is meant, and which experiment a word names.
@Suite(.waits) struct PlacesTests {
    /// The program started in a folder of the project, without `-C` unless it is given.
    private func run(
        _ command: Command, in folder: String, _ arguments: [String], _ environment: [String: String] = [:]
    ) throws -> Command.Outcome {
        let process = Process(), output = Pipe(), errors = Pipe()
        process.executableURL = Command.binary
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: command.path(folder))
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Command.Outcome(
            code: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
            errors: String(decoding: said, as: UTF8.self))
    }

    private func folder(_ command: Command, _ names: String...) throws {
        for name in names {
            try FileManager.default.createDirectory(atPath: command.path(name), withIntermediateDirectories: true)
        }
    }

    private func exists(_ command: Command, _ name: String) -> Bool {
        FileManager.default.fileExists(atPath: command.path(name))
    }

    /// A project whose experiment `x` stands in `experiments/`, and a folder beside it.
    private func withProject(_ body: (Command) throws -> Void) throws {
        try Command.with { command in
            try command.makeExperiment()
            try folder(command, "p/experiments", "p/deep/er", "away")
            try FileManager.default.moveItem(atPath: command.path("data"), toPath: command.path("p/data"))
            try FileManager.default.moveItem(
                atPath: command.path("x.json"), toPath: command.path("p/experiments/x.json"))
            try body(command)
        }
    }

    private let short = ["--until", "embedding", "--quiet"]

    @Test func theProjectIsTheNearestFolderAboveThatHasExperiments() throws {
        try withProject { command in
            for place in ["p", "p/deep/er", "p/experiments", "p/data"] {
                let listed = try run(command, in: place, ["list", "--json"])
                #expect(listed.code == 0 && listed.output.contains("\"x\""), "\(listed.errors)")
            }
            #expect(try run(command, in: "p/deep/er", ["run", "x"] + short).code == 0)
            #expect(exists(command, "p/.lavise/ac") && !exists(command, "p/deep/er/.lavise"))
            // A folder of that name without experiments is no project, and -C is taken at its word.
            try folder(command, "p/deep/experiments")
            #expect(try run(command, in: "p/deep/er", ["list"]).code == 0)
            let other = try run(command, in: "p", ["list", "-C", "deep/er"])
            #expect(
                other.code == 2 && other.errors.contains("p/deep/er has no folder experiments")
                    && other.errors.contains("-C DIR"), "\(other.errors)")
            #expect(try run(command, in: "away", ["list", "-C", "../p"]).code == 0)
            let none = try run(command, in: "p", ["list", "-C", "nowhere"])
            #expect(
                none.code == 2 && none.errors.contains("-C nowhere: no such folder") && !exists(command, "p/nowhere"))
            #expect(try run(command, in: "p", ["list", "-C", ""]).code == 2)
            #expect(try run(command, in: "p", ["list", "-C", "experiments/x.json"]).errors.contains("no such folder"))
        }
    }

    /// Options, arguments and variables: all start at the folder of `-C`, or else where the program was started.
    @Test func relativePathsStartAtOneFolder() throws {
        try withProject { command in
            try folder(command, "away/stay")
            let json = try String(contentsOfFile: command.path("p/experiments/x.json"), encoding: .utf8)
            try command.write("away/y.json", json.replacingOccurrences(of: "\"x\"", with: "\"y\""))
            // From p/deep: the project is p, paths start at p/deep.
            #expect(
                try run(
                    command, in: "p/deep",
                    ["run", "../experiments/x.json", "--data", "../data", "--store", "s", "--results", "r"]
                ).code == 0)
            #expect(exists(command, "p/deep/s/ac") && exists(command, "p/deep/r/x/recall.md"))
            #expect(
                try run(
                    command, in: "p/deep", ["run", "x", "--results", "r2"],
                    ["LAVISE_DATA": "../data", "LAVISE_STORE": "s"]
                ).code == 0)
            #expect(exists(command, "p/deep/r2/x/recall.md") && !exists(command, "p/.lavise"))
            let image =
                "../data/scenes/val2017/"
                + (try FileManager.default.contentsOfDirectory(atPath: command.path("p/data/scenes/val2017")).min()
                    ?? "")
            let explained = try run(
                command, in: "p/deep", ["explain", "x", "--store", "s", "--image", image, "--output", "e.png"])
            #expect(explained.code == 0 && exists(command, "p/deep/e.png"), "\(explained.errors)")
            #expect(
                try run(command, in: "p/deep", ["report", "x", "--store", "s", "--output", "page"]).code == 0
                    && exists(command, "p/deep/page/report.html"))
            #expect(
                try run(command, in: "p/deep", ["tables", "--results", "r", "--output", "t"]).code == 0
                    && exists(command, "p/deep/t/A-table-2.md"))
            #expect(try run(command, in: "p/deep", ["diff", "r/x", "r2/x"]).code == 0)
            #expect(try run(command, in: "p/deep", ["show", "r/x/recall.md", "--store", "s"]).code == 0)
            // With -C from elsewhere: everything starts there.
            let far = ["-C", "../p/deep", "--data", "../data", "--store", "s2", "--results", "r3"]
            let ran = try run(command, in: "away", ["run", "../experiments/x.json"] + far)
            #expect(
                ran.code == 0 && exists(command, "p/deep/s2/ac") && exists(command, "p/deep/r3/x/recall.md"),
                "\(ran.errors)")
            #expect(
                try run(command, in: "away", ["run", "y.json"] + far).errors.contains("y.json: no such experiment file")
            )
            #expect(
                try run(
                    command, in: "away",
                    [
                        "explain", "../experiments/x.json", "-C", "../p/deep", "--data", "../data", "--store", "s2",
                        "--image", image, "-o", "f.png",
                    ]
                ).code == 0)
            #expect(exists(command, "p/deep/f.png"))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: command.path("away")).sorted() == [
                    "stay", "y.json",
                ])
        }
    }

    /// `cur/..` is the folder above what `cur` points at.
    @Test func pathsThroughLinksAreTheKernels() throws {
        try withProject { command in
            try folder(command, "disk/v1", "disk/data")
            try FileManager.default.moveItem(
                atPath: command.path("p/data/scenes"), toPath: command.path("disk/data/scenes"))
            try FileManager.default.createSymbolicLink(atPath: command.path("p/cur"), withDestinationPath: "../disk/v1")
            try folder(command, "p/data")
            #expect(try run(command, in: "p", ["run", "x", "--data", "cur/../data"] + short).code == 0)
            #expect(try run(command, in: "p", ["run", "x"] + short).code == 1)
            #expect(
                try run(
                    command, in: "p", ["run", "x", "--set", "embedding.path=../cur/../data/scenes/glove.txt"] + short
                ).code == 0)
            #expect(
                try run(command, in: "p", ["run", "x", "--store", "cur/../s", "--data", "cur/.././/data/"] + short).code
                    == 0)
            #expect(exists(command, "disk/s/ac"))
            // A project beside what a link points at.
            try FileManager.default.createSymbolicLink(
                atPath: command.path("away/lnk"), withDestinationPath: "../p/deep")
            try folder(command, "away/experiments")
            #expect(try run(command, in: "away", ["list", "-C", "lnk/.."]).output.contains("x"))
            #expect(try run(command, in: "away", ["list", "-C", "lnk/../../p"]).output.contains("x"))
        }
    }

    @Test func aFolderHidesNoExperiment() throws {
        try withProject { command in
            try folder(command, "p/x", "p/only", "p/experiments/z.json")
            #expect(try run(command, in: "p", ["run", "x"] + short).code == 0)
            #expect(try run(command, in: "p", ["run", "x.json"] + short).code == 0)
            let folder = try run(command, in: "p", ["run", "only"])
            #expect(
                folder.code == 2 && folder.errors.contains("only: a folder, and no such experiment file"),
                "\(folder.errors)")
            #expect(try run(command, in: "p", ["list"]).code == 0)
            #expect(
                try run(command, in: "p/experiments", ["run", "z.json"]).errors.contains(
                    "z.json: a folder, and no such experiment file"))
        }
    }

    @Test func anUnknownExperimentNamesTheNearest() throws {
        try withProject { command in
            try FileManager.default.moveItem(
                atPath: command.path("p/experiments/x.json"), toPath: command.path("p/experiments/demonstration.json"))
            for word in ["demonstraton", "Demonstration", "demonstrations"] {
                let outcome = try run(command, in: "p", ["status", word])
                #expect(
                    outcome.code == 2
                        && outcome.errors.contains("\(word): no such experiment file; did you mean \"demonstration\"?"),
                    "\(outcome.errors)")
            }
            #expect(
                try run(command, in: "p", ["status", "experiments/demonstraton.json"]).errors.contains(
                    "did you mean \"demonstration.json\"?"))
            #expect(!(try run(command, in: "p", ["status", "quite-else"]).errors.contains("did you mean")))
        }
    }

    @Test func aBrokenExperimentHidesNoOther() throws {
        try withProject { command in
            try command.write("p/experiments/a.json", "{\"name\": \"a\",}")
            try command.write("p/experiments/b.json", "{\"name\": \"b\"}")
            let outcome = try run(command, in: "p", ["list"])
            #expect(outcome.code == 2 && outcome.output.contains("x"), "\(outcome.output)")
            #expect(
                outcome.errors.contains("a.json:1:14: expected a key")
                    && outcome.errors.contains("b.json:1:1: the file lacks \"dataset\""), "\(outcome.errors)")
            #expect(try run(command, in: "p", ["status", "x"]).code == 0)
        }
    }

    @Test func pathsThatAreNotUTF8AreRefused() throws {
        try withProject { command in
            let process = Process(), errors = Pipe()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = [
                "-c",
                "\(Command.binary.path) list -C p --store \"$(printf 'a\\377')\"; echo $?; LAVISE_STORE=$(printf 'b\\376') \(Command.binary.path) list -C p; echo $?",
            ]
            process.currentDirectoryURL = URL(fileURLWithPath: command.root)
            process.standardError = errors
            process.standardOutput = errors
            try process.run()
            let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(
                text.contains("argument 5 is not UTF-8") && text.contains("the variable LAVISE_STORE is not UTF-8"),
                "\(text)")
            #expect(text.split(separator: "\n").filter { $0 == "2" }.count == 2, "\(text)")
        }
    }

    @Test(arguments: [
        ("1,1", "1 stands twice"), ("0,1,2,1", "1 stands twice"), ("0..x..2", "this is no range"),
        ("", "a seed is missing"), ("3..1", "the range falls"), ("0..", "this is no range"),
        ("..2", "this is no range"), ("0...2", "this is no range"), ("1,,2", "a seed is missing"),
        ("1,", "a seed is missing"), ("-1", "\"-1\" is no seed"), ("1, 2", "\" 2\" is no seed"),
        ("01", "\"01\" is no seed"),
        ("+1", "is no seed"), ("1.5", "is no seed"), ("0..999999999999", "at most 1000"),
        ("0..99999999999999999999", "this is no range"), ("-3..2", "this is no range"), ("a", "\"a\" is no seed"),
    ])
    func seedsThatAreNoneAreRefused(seeds: String, expected: String) throws {
        try Command.with { command in
            try command.makeExperiment()
            let option = seeds.isEmpty ? ["--seeds", ""] : ["--seeds=\(seeds)"]
            let outcome = try command.run(["plan", "x.json"] + option)
            #expect(
                outcome.code == 2 && outcome.errors.contains("--seeds \(seeds): ") && outcome.errors.contains(expected),
                "\(outcome.errors)")
        }
    }
}
