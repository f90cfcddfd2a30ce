import Foundation
import Testing
import TestSupport

/// Every command that the pages name, read from the pages: it runs, in their order, and does not fail.
///
/// Experiments of the demo and of the sample data are stand-ins here, drawn in a moment; those of the full datasets are
/// asked for what they need.
@Suite(.waits) struct PageCommandTests {
    private static let repository = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardized.path
    /// `OwnDataPageTests` and `OwnModelTests` run these whole, placeholders and all, with what they need.
    private static let elsewhere: Set = ["docs/your-own-data.md", "docs/your-own-model.md"]
    /// All pages but the list of changes, which tells of the past.
    private static let pages: [String] = {
        func names(_ folder: String) -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: "\(repository)/\(folder)")) ?? []).filter {
                $0.hasSuffix(".md")
            }.sorted()
        }
        let first = ["README.md", "ARTIFACT.md", "REPRODUCE.md"]
        let all = names(".").filter { $0 != "CHANGELOG.md" } + names("docs").map { "docs/\($0)" }
        return first + all.filter { !first.contains($0) && !elsewhere.contains($0) }
    }()

    struct PageCommand: Sendable, CustomStringConvertible {
        let page: String, line: Int
        let words: [String]
        var description: String { "\(page):\(line): \(words.joined(separator: " "))" }
    }

    /// Indented lines and spans of code that begin with a command.
    private static let commands: [PageCommand] = pages.flatMap { page -> [PageCommand] in
        let text = (try? String(contentsOfFile: "\(repository)/\(page)", encoding: .utf8)) ?? ""
        return text.components(separatedBy: "\n").enumerated().flatMap { number, line in
            let codes =
                line.hasPrefix("    ")
                ? [line] : line.components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
            return codes.compactMap { code -> PageCommand? in
                let plain = code.components(separatedBy: " # ")[0].trimmingCharacters(in: .whitespaces)
                let words = plain.split(separator: " ").map(String.init)
                guard words.count > 1, let name = words.first?.split(separator: "/").last,
                    ["lavise-pipeline", "make"].contains(String(name))
                        || words[0].hasPrefix("scripts/")
                else { return nil }
                return PageCommand(
                    page: page, line: number + 1,
                    words: [words[0].hasPrefix("scripts/") ? words[0] : String(name)] + words.dropFirst())
            }
        }
    }

    /// A word that stands for another: FILE, `NAME.zip`, `…`.
    private static func isPlaceholder(_ word: String) -> Bool {
        word.contains("…")
            || word.split { !($0.isLetter || $0.isNumber) }.contains { part in
                part.allSatisfy(\.isUppercase) && part.contains(where: \.isLetter) && part != "HEAD"
            }
    }

    @Test func thereAreSome() {
        #expect(Self.commands.count { $0.words[0] == "lavise-pipeline" } > 30)
        #expect(Self.commands.count { $0.words[0] == "make" } > 10)
    }

    @Test func everyPageIsLookedAt() {
        #expect(Self.pages.count >= 18 && Self.pages.contains("docs/cluster.md"), "\(Self.pages)")
        for page in Self.pages + Self.elsewhere {
            #expect(FileManager.default.fileExists(atPath: "\(Self.repository)/\(page)"), "\(page)")
        }
    }

    @Test(
        arguments: Set(commands.filter { $0.words[0] == "make" }.map { $0.words.dropFirst().joined(separator: " ") })
            .sorted())
    func targetsAreThere(_ arguments: String) throws {
        let make = Process()
        make.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        make.arguments = ["make", "-n"] + arguments.split(separator: " ").map(String.init)
        make.currentDirectoryURL = URL(fileURLWithPath: Self.repository)
        make.standardOutput = FileHandle.nullDevice
        make.standardError = FileHandle.nullDevice
        try make.run()
        make.waitUntilExit()
        #expect(make.terminationStatus == 0, "make \(arguments)")
    }

    @Test func scriptsAreThere() {
        for command in Self.commands where command.words[0].hasPrefix("scripts/") {
            #expect(
                FileManager.default.isExecutableFile(atPath: "\(Self.repository)/\(command.words[0])"), "\(command)")
        }
    }

    /// Placeholders cannot be run: the verb and the options are among those that there are.
    @Test func whatHasPlaceholdersIsKnown() throws {
        try Command.with { command in
            for told in Self.commands
            where told.words[0] == "lavise-pipeline" && told.words.contains(where: Self.isPlaceholder) {
                let verb = told.words[1]
                guard !Self.isPlaceholder(verb), !verb.hasPrefix("-") else { continue }
                let help = try command.run(verb, "--help")
                #expect(help.code == 0, "\(told): \(help.errors)")
                for option in told.words where option.hasPrefix("--") && option != "--help" {
                    #expect(help.output.contains(option.components(separatedBy: "=")[0]), "\(told): \(option)")
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(10))) func theyRun() throws {
        try Command.inMemory { command in
            try prepare(command)
            // A bucket by the name that a page gives it, and never somebody's.
            let bucket = RcloneServer.isAvailable ? try RcloneServer(bucket: "lab") : nil
            if bucket == nil { print("skipped: commands with s3:// need rclone (scripts/setup --tests)") }
            let environment = ["LAVISE_STORE": "", "LAVISE_DATA": ""].merging(bucket?.environment ?? [:]) { $1 }
            var ran = 0
            for name in [
                "demo", "coco_sample", "coco_small", "deviations_sample", "random_sample", "unseen_sample", "mine",
            ] {
                let end = try command.run(["run", name, "--quiet"], environment: environment)
                #expect(end.code == 0, "\(name): \(end.errors)")
            }
            // A run of the past that a page looks at again.
            #expect(
                try command.run(["run", "demo", "--set", "train.epochs=3", "--quiet"], environment: environment).code
                    == 0)
            try git(["init", "-q"], command)
            for message in ["one", "two"] {
                try command.write("results/demo/note", message)
                try git(["add", "-A", "results"], command)
                try git(
                    ["-c", "user.name=n", "-c", "user.email=e@example.org", "commit", "-q", "-m", message], command)
            }
            for told in Self.commands
            where told.words[0] == "lavise-pipeline" && !told.words.contains(where: Self.isPlaceholder)
                && !told.words[1].hasPrefix("-")
            {
                let arguments = Array(told.words.dropFirst()),
                    isLarge = arguments.contains { $0.contains("_vg") || $0.contains("_coco") || $0.contains("resnet") }
                if arguments.count == 1,
                    [
                        "report", "plan", "run", "check", "verify", "why", "explain", "dag", "show", "status", "diff",
                        "export",
                    ].contains(arguments[0])
                {
                    continue  // A verb's name, not a command.
                }
                if arguments.contains(where: { $0.hasPrefix("s3://") }), bucket == nil { continue }
                // `export` of an earlier page has made a key.
                if arguments == ["key", "new"] {
                    try? FileManager.default.removeItem(atPath: command.ownPlaces["LAVISE_KEY"] ?? "")
                }
                if arguments[0] == "check", let seeds = arguments.firstIndex(of: "--seeds") {
                    _ = try command.run(
                        ["run", arguments[1], "--quiet"] + arguments[seeds...seeds + 1], environment: environment)
                }
                // `serve` ends by itself where nobody asks it.
                let more = isLarge ? ["--offline"] : arguments[0] == "serve" ? ["--idle", "0"] : []
                let end = try command.run(arguments + more, environment: environment)
                ran += 1
                let allowed: Set<Int32> =
                    isLarge
                    ? [0, 1, 2, 8]
                    : ["check", "diff"].contains(arguments[0]) ? [0, 4] : arguments[0] == "doctor" ? [0, 1] : [0]
                #expect(allowed.contains(end.code), "\(told): exit \(end.code): \(end.errors)")
                // What lacks its data says so, and not that it does not know what was asked.
                if end.code == 2 { #expect(end.errors.contains("is not up to date"), "\(told): \(end.errors)") }
                if isLarge, [1, 8].contains(end.code) {
                    #expect(
                        end.errors.contains("offline") || end.errors.contains("make room"), "\(told): \(end.errors)")
                }
            }
            #expect(ran > 30, "\(ran) ran")
        }
    }

    /// What targets do once the program is built, in a copy of the project: the same binary, and nothing is installed.
    @Test(.timeLimit(.minutes(5))) func targetsDoTheirWork() throws {
        try Command.inMemory { command in
            try prepare(command)
            for name in [
                "Makefile", "scripts", "README.md", "REPRODUCE.md", "ARTIFACT.md", "docs", "Sources/Pipeline/Project",
            ] {
                let place = command.path(name)
                try FileManager.default.createDirectory(
                    atPath: URL(fileURLWithPath: place).deletingLastPathComponent().path,
                    withIntermediateDirectories: true)
                try FileManager.default.copyItem(atPath: "\(Self.repository)/\(name)", toPath: place)
            }
            for (target, left) in [
                ("demo", "results/demo/recall.md"), ("sample", "results/coco_sample/recall.md"),
                ("tables", "results/tables"), ("report EXPERIMENT=demo", "results/demo/report.html"),
                ("man", ".build/lavise-pipeline.1"), ("docs", ".build/completions/lavise-pipeline.fish"),
                ("install PREFIX=/usr DESTDIR=\(command.path("dest"))", "dest/usr/bin/lavise-pipeline"),
            ] {
                try? FileManager.default.removeItem(atPath: command.path(left))
                let end = try make(target, command)
                #expect(end.code == 0, "make \(target): \(end.said)")
                #expect(FileManager.default.fileExists(atPath: command.path(left)), "make \(target): no \(left)")
            }
            for file in ["share/man/man1/lavise-pipeline.1", "share/lavise-pipeline/experiments/schema.json"] {
                #expect(FileManager.default.fileExists(atPath: command.path("dest/usr/\(file)")), "\(file)")
            }
        }
    }

    private func make(_ target: String, _ command: Command) throws -> (code: Int32, said: String) {
        let make = Process(), output = command.path(".make")
        make.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // `-o`: it is built and set up.
        make.arguments =
            ["make", "-C", command.root, "-o", "build", "-o", "setup", "BIN=\(Command.binary.path)"]
            + target.split(separator: " ").map(String.init)
        make.environment = ProcessInfo.processInfo.environment.merging(command.ownPlaces) { $1 }
            .merging(["LAVISE_STORE": "", "LAVISE_DATA": ""]) { $1 }
        FileManager.default.createFile(atPath: output, contents: nil)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        make.standardOutput = file
        make.standardError = file
        try make.run()
        make.waitUntilExit()
        return (make.terminationStatus, try String(contentsOfFile: output, encoding: .utf8))
    }

    /// A project with this one's experiments and manifests, the small ones in a moment's size.
    private func prepare(_ command: Command) throws {
        let files = FileManager.default
        for folder in ["experiments", "manifests"] {
            try files.copyItem(atPath: "\(Self.repository)/\(folder)", toPath: command.path(folder))
        }
        func standIn(_ name: String, _ more: String = "") throws {
            try command.write(
                "experiments/\(name).json",
                """
                {"name": "\(name)", "dataset": {"kind": "demo-scenes", "scenes": 24}, "embedding": {"kind": "demo-scenes"},
                 "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": {"epochs": 2, "batchSize": 12},
                 "evaluate": {"filters": [0, 1, 17], "topImages": 2, "methods": ["original", "projection"]}\(more)}
                """)
        }
        try standIn("demo")
        try standIn("coco_sample", #", "claims": [{"source": "A, Table 2", "order": ["projection", "original"]}]"#)
        try standIn("deviations_sample", #", "matrix": {"protocol.deviations": [[], ["lowQuantile"]]}"#)
        for name in ["coco_small", "random_sample", "mine"] { try standIn(name) }
        try standIn("unseen_sample", #", "matrix": {"train.categoryFraction": [0.5, 0.7]}"#)
        let scenes = command.path("scenes")
        try files.createDirectory(atPath: scenes, withIntermediateDirectories: true)
        try command.makeExperiment()
        try files.removeItem(atPath: command.path("x.json"))
        try files.copyItem(atPath: command.path(command.image("val2017")), toPath: command.path("me.jpg"))
    }

    private func git(_ arguments: [String], _ command: Command) throws {
        let git = Process()
        git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        git.arguments = ["git", "-C", command.root] + arguments
        git.standardOutput = FileHandle.nullDevice
        try git.run()
        git.waitUntilExit()
        #expect(git.terminationStatus == 0, "git \(arguments)")
    }
}
