import Foundation
import Testing
import TestSupport

/// docs/your-own-data.md, read from the page: every command runs in a shell as it is written, in the page's order, and
/// leaves what it says.
@Suite(.waits) struct OwnDataPageTests {
    private static let repository = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardized.path

    /// Indented lines; those with a word in capitals stand for others.
    private static func commands() throws -> [String] {
        try String(contentsOfFile: "\(repository)/docs/your-own-data.md", encoding: .utf8).components(separatedBy: "\n")
            .filter { $0.hasPrefix("    ") }.map { $0.trimmingCharacters(in: .whitespaces) }
    }

    private static func isPlaceholder(_ command: String) -> Bool {
        command.split(separator: " ").contains { $0.count > 2 && $0.allSatisfy(\.isUppercase) }
    }

    /// What the page's commands run in: experiments, manifests and scripts as they are, the demo in a moment's size.
    private static func withProject(_ body: (Command) throws -> Void) throws {
        try Command.inMemory { command in
            for folder in ["experiments", "manifests", "scripts"] {
                try FileManager.default.copyItem(atPath: "\(repository)/\(folder)", toPath: command.path(folder))
            }
            try command.write(
                "experiments/demo.json",
                """
                {"name": "demo", "dataset": {"kind": "demo-scenes", "scenes": 48}, "embedding": {"kind": "demo-scenes"},
                 "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}}
                """)
            try body(command)
        }
    }

    private static func shell(_ line: String, _ command: Command) throws -> (code: Int32, output: String) {
        let shell = Process(), output = command.path(".shell")
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", line]
        shell.currentDirectoryURL = URL(fileURLWithPath: command.root)
        let path =
            Command.binary.deletingLastPathComponent().path + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
        shell.environment = ProcessInfo.processInfo.environment.merging(command.ownPlaces) { $1 }
            .merging(["PATH": path, "LAVISE_STORE": "", "LAVISE_DATA": ""]) { $1 }
        _ = FileManager.default.createFile(atPath: output, contents: nil)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        shell.standardOutput = file
        shell.standardError = file
        try shell.run()
        shell.waitUntilExit()
        return (shell.terminationStatus, try String(contentsOfFile: output, encoding: .utf8))
    }

    @Test(.timeLimit(.minutes(5))) func theWholePage() throws {
        let commands = try Self.commands().filter { !Self.isPlaceholder($0) }
        #expect(commands.count >= 18, "\(commands)")
        try Self.withProject { command in
            var outputs: [String: String] = [:]
            for line in commands {
                let end = try Self.shell(line, command)
                #expect(end.code == 0, "\(line): exit \(end.code): \(end.output)")
                outputs[line] = end.output
            }
            func text(_ file: String) throws -> String {
                try String(contentsOfFile: command.path(file), encoding: .utf8)
            }
            func said(_ start: String) throws -> String {
                try #require(outputs.first { $0.key.hasPrefix(start) }?.value, "\(start)")
            }
            #expect(try said("lavise-pipeline new mine").hasPrefix("36 JPEG\n36 annotated; "))
            #expect(try text("results/boxed/recall.md").contains("annotations have no outline: their box is the mask"))
            #expect(try !text("results/mine/recall.md").contains("have no outline"))
            // The explainer of mine, on pictures that nobody annotated.
            #expect(try said("lavise-pipeline new holiday").contains("4 of 8 stages would run"))
            #expect(try said("lavise-pipeline run holiday").contains("8 stages: 4 fresh, 4 run"))
            #expect(try said("lavise-pipeline run holiday").contains("first words of the most filters: "))
            #expect(FileManager.default.fileExists(atPath: command.path("results/holiday/report.html")))
            #expect(try said("lavise-pipeline explain holiday").components(separatedBy: "heat maps: ").count == 3)
            // Words of a list alone.
            let listed = Set(try text("data/words.txt").split(separator: "\n").map(String.init))
            let words = try text("results/named/words.csv").split(separator: "\n").dropFirst().map {
                $0.split(separator: ",")[3]
            }
            #expect(words.count > 64 && words.allSatisfy { listed.contains(String($0)) })
            let layers = try text("results/deep/words.csv").split(separator: "\n").dropFirst().map {
                $0.split(separator: ",")[0]
            }
            #expect(Set(layers) == ["layer2", "layer3"])
        }
    }

    /// What stands for other names: the options are the verb's.
    @Test func optionsOfPlaceholdersAreKnown() throws {
        try Command.with { command in
            let help = try command.run("new", "--help").output
            let placeholders = try Self.commands().filter(Self.isPlaceholder)
            #expect(placeholders.count == 2 && placeholders.allSatisfy { $0.hasPrefix("lavise-pipeline new ") })
            for option in placeholders.flatMap({ $0.split(separator: " ") }) where option.hasPrefix("--") {
                #expect(help.contains(option), "\(option)")
            }
        }
    }
}
