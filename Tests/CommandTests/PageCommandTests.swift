import Foundation
import Testing
import TestSupport

/// Every command that the pages name, read from the pages: it runs, in their order, and does not fail.
///
/// Experiments of the demo and of the sample data are stand-ins here, drawn in a moment; those of the full datasets are
/// asked for what they need.
@Suite(.waits) struct PageCommandTests {
    private static let repository = PageCommand.repository
    private static let commands = PageCommand.all

    @Test func everyPageIsLookedAt() {
        #expect(PageCommand.pages.count >= 20 && PageCommand.pages.contains("docs/cluster.md"))
        #expect(PageCommand.ownTests.keys.allSatisfy(PageCommand.pages.contains))
        #expect(Self.commands.count { $0.program == "lavise-pipeline" } > 60)
        #expect(Self.commands.count { $0.program == "make" } > 15)
    }

    /// What the tests below run. Anything else is on the list of what is left, with its reason, and nothing is on it that
    /// no page names.
    @Test func nothingIsLeftInSilence() {
        var left: Set<String> = []
        for told in Self.commands {
            if let reason = told.reasonToLeave {
                if left.insert(told.text).inserted { print("not run: \(told): \(reason)") }
                continue
            }
            switch told.program {
            case "lavise-pipeline":
                #expect(told.arguments != nil || PageCommand.ownTests[told.page] != nil, "\(told)")
            case "make": #expect(Self.targets.contains { told.text.hasPrefix("make " + $0.asked) }, "\(told)")
            default: #expect(Self.run(as: told) != nil || PageCommand.ownTests[told.page] != nil, "\(told)")
            }
        }
        let unknown = PageCommand.left.keys.filter { key in !left.contains { $0.hasPrefix(key) } }
        #expect(unknown == [], "on no page")
    }

    @Test(
        arguments: Set(commands.filter { $0.program == "make" }.map { $0.words.dropFirst().joined(separator: " ") })
            .sorted())
    func targetsAreThere(_ arguments: String) throws {
        let end = try shell("make -n \(arguments)", in: Self.repository)
        #expect(end.code == 0, "make \(arguments)")
    }

    @Test func scriptsAreThere() {
        for command in Self.commands where command.isScript {
            #expect(
                FileManager.default.isExecutableFile(atPath: "\(Self.repository)/\(command.program)"), "\(command)")
        }
    }

    /// What a command other than `lavise-pipeline` and `make` is run as, in the test's project.
    private static func run(as told: PageCommand) -> String? {
        switch told.text {
        case "scripts/large-dataset ../shared/data/coco-sample DIR N":
            "'\(repository)/scripts/large-dataset' data/scenes large 40"
        case "scripts/mutants --check": "'\(repository)/scripts/mutants' --check"
        case "scripts/validate-provenance FOLDER…":
            // Without the validator it cannot say more than that.
            "python='\(repository)/.build/roc/bin/python'; [ ! -x \"$python\" ] || "
                + "\"$python\" '\(repository)/scripts/validate-provenance' results/demo"
        case "git diff --stat results/demo": told.text
        default: nil
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
                "demo", "coco_sample", "coco_small", "deviations_sample", "random_sample", "unseen_sample",
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
            for told in Self.commands where told.program != "make" && PageCommand.ownTests[told.page] == nil {
                if let line = Self.run(as: told) {
                    let end = try shell(line, in: command.root)
                    #expect(end.code == 0, "\(told): \(end.said)")
                    ran += 1
                }
                guard told.program == "lavise-pipeline", let arguments = told.arguments else { continue }
                let isLarge =
                    arguments[0] != "layers"
                    && arguments.contains { $0.contains("_vg") || $0.contains("_coco") || $0.contains("resnet") }
                if arguments.count == 1, Self.needingMore.contains(arguments[0]) {
                    // A verb's name, not a command.
                    #expect(try command.run(arguments + ["--help"]).code == 0, "\(told)")
                    continue
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
            print("\(ran) commands of the pages ran")
            #expect(ran > 60, "\(ran) ran")
        }
    }

    /// Verbs that do nothing without an argument.
    private static let needingMore: Set = [
        "report", "plan", "run", "check", "verify", "why", "explain", "dag", "show", "status", "diff", "export",
        "layers",
        "compare", "bias", "new", "serve", "sync", "key", "remote",
    ]

    /// What a target is asked for on a page, as what it is run here, and what it leaves.
    private static let targets: [(asked: String, run: String, left: String)] = [
        ("demo", "demo", "results/demo/recall.md"), ("sample", "sample", "results/coco_sample/recall.md"),
        ("report", "report EXPERIMENT=demo", "results/demo/report.html"), ("man", "man", ".build/lavise-pipeline.1"),
        ("docs", "docs", ".build/completions/lavise-pipeline.fish"), ("tables", "tables", "results/tables"),
        ("results", "results", "results/coco_sample@seeds=0..9/recall.md"),
        ("reproduce-all", "reproduce-all", "results/b_alexnet_coco/recall.md"),
        ("install PREFIX=", "install PREFIX=/usr DESTDIR=dest", "dest/usr/bin/lavise-pipeline"),
    ]

    /// What targets do once the program is built, in a copy of the project: the same binary, and nothing is installed.
    @Test(.timeLimit(.minutes(10))) func targetsDoTheirWork() throws {
        try Command.inMemory { command in
            try prepare(command)
            let experiments = try FileManager.default.contentsOfDirectory(atPath: command.path("experiments"))
            for name in experiments where name != "schema.json" {
                try standIn(String(name.dropLast(".json".count)), command)
            }
            for name in [
                "Makefile", "scripts", "README.md", "REPRODUCE.md", "ARTIFACT.md", "docs", "Sources/Pipeline/Project",
            ] {
                let place = command.path(name)
                try FileManager.default.createDirectory(
                    atPath: URL(fileURLWithPath: place).deletingLastPathComponent().path,
                    withIntermediateDirectories: true)
                try FileManager.default.copyItem(atPath: "\(Self.repository)/\(name)", toPath: place)
            }
            for (_, target, left) in Self.targets {
                try? FileManager.default.removeItem(atPath: command.path(left))
                // `-o`: it is built and set up.
                let line = "make -o build -o setup BIN='\(Command.binary.path)' \(target)"
                let end = try shell(
                    line.replacing("DESTDIR=dest", with: "DESTDIR='\(command.path("dest"))'"), in: command.root,
                    environment: command.ownPlaces)
                #expect(end.code == 0, "make \(target): \(end.said)")
                #expect(FileManager.default.fileExists(atPath: command.path(left)), "make \(target): no \(left)")
            }
            for file in ["share/man/man1/lavise-pipeline.1", "share/lavise-pipeline/experiments/schema.json"] {
                #expect(FileManager.default.fileExists(atPath: command.path("dest/usr/\(file)")), "\(file)")
            }
            try installedProgramRuns(in: command.path("dest/usr"))
            // `make results` wrote what its runs took.
            let page = try String(contentsOfFile: command.path("REPRODUCE.md"), encoding: .utf8)
            #expect(page.contains("| [`unseen_sample`](results/unseen_sample) |"))
        }
    }

    /// In an empty folder it says how the experiments that were installed come there, and then runs them.
    private func installedProgramRuns(in prefix: String) throws {
        try Command.with { other in
            let run = "'\(prefix)/bin/lavise-pipeline' run demo --quiet"
            let copy = "cp -r '\(prefix)/share/lavise-pipeline/.' ."
            let alone = try shell(run, in: other.root, environment: other.ownPlaces)
            #expect(alone.code == 2 && alone.said.contains("`\(copy)` brings"), "\(alone)")
            let end = try shell("\(copy) && \(run)", in: other.root, environment: other.ownPlaces)
            #expect(end.code == 0, "\(end.said)")
        }
    }

    private func shell(
        _ line: String, in folder: String, environment: [String: String] = [:]
    ) throws -> (code: Int32, said: String) {
        let shell = Process()
        let output = FileManager.default.temporaryDirectory.appending(path: "said-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: output) }
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", line]
        shell.currentDirectoryURL = URL(fileURLWithPath: folder)
        shell.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            .merging(["LAVISE_STORE": "", "LAVISE_DATA": ""]) { $1 }
        guard FileManager.default.createFile(atPath: output, contents: nil) else { throw CocoaError(.fileWriteUnknown) }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        shell.standardOutput = file
        shell.standardError = file
        try shell.run()
        shell.waitUntilExit()
        return (shell.terminationStatus, try String(contentsOfFile: output, encoding: .utf8))
    }

    /// An experiment of a name of this project's, in a moment's size.
    private func standIn(_ name: String, _ command: Command, _ more: String = "") throws {
        try command.write(
            "experiments/\(name).json",
            """
            {"name": "\(name)", "dataset": {"kind": "demo-scenes", "scenes": 24}, "embedding": {"kind": "demo-scenes"},
             "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": {"epochs": 2, "batchSize": 12},
             "evaluate": {"filters": [0, 1, 17], "topImages": 2, "methods": ["original", "projection"]}\(more)}
            """)
    }

    /// A project with this one's experiments and manifests, the small ones in a moment's size.
    private func prepare(_ command: Command) throws {
        let files = FileManager.default
        for folder in ["experiments", "manifests"] {
            try files.copyItem(atPath: "\(Self.repository)/\(folder)", toPath: command.path(folder))
        }
        try standIn("demo", command)
        try standIn(
            "coco_sample", command, #", "claims": [{"source": "A, Table 2", "order": ["projection", "original"]}]"#)
        try standIn("deviations_sample", command, #", "matrix": {"protocol.deviations": [[], ["lowQuantile"]]}"#)
        for name in ["coco_small", "random_sample", "planted_sample"] { try standIn(name, command) }
        try standIn("unseen_sample", command, #", "matrix": {"train.categoryFraction": [0.5, 0.7]}"#)
        let scenes = command.path("scenes")
        try files.createDirectory(atPath: scenes, withIntermediateDirectories: true)
        try command.makeExperiment()
        try files.removeItem(atPath: command.path("x.json"))
        try files.copyItem(atPath: command.path(command.image("val2017")), toPath: command.path("me.jpg"))
        try files.copyItem(atPath: command.path("data/scenes/train2017"), toPath: command.path("pictures"))
        // Two groups of them: every other one.
        let pictures = try files.contentsOfDirectory(atPath: command.path("pictures")).sorted()
        try command.write(
            "groups.csv",
            "file,group\n" + pictures.enumerated().map { "pictures/\($1),\($0 % 2)\n" }.joined())
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
