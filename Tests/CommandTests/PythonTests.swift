import Foundation
import TestSupport
import Testing

/// `python/lavise_results`: its own tests and its notebook, on a run of the demo's kind.
@Suite(.waits) struct PythonTests {
    private static let repository = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardized.path
    /// Where `scripts/setup --tests` installs the package; `LAVISE_NOTEBOOK_PYTHON` names another.
    private static let python = [
        ProcessInfo.processInfo.environment["LAVISE_NOTEBOOK_PYTHON"] ?? "", repository + "/.build/notebook/bin/python",
    ]
    .first { FileManager.default.isExecutableFile(atPath: $0) }

    /// Runs Python in the project.
    /// - Returns: its exit code, and what it wrote.
    private func run(
        _ arguments: [String], in command: Command, _ environment: [String: String]
    ) throws -> (code: Int32, said: String) {
        let process = Process(), output = Pipe()
        process.executableURL = URL(fileURLWithPath: try #require(Self.python))
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: command.root)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }.merging([
            "PYTHONDONTWRITEBYTECODE": "1"
        ]) { $1 }
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, said)
    }

    /// The package's page, read from it: what it shows runs as it stands.
    @Test(.enabled(if: python != nil, "needs .build/notebook: scripts/setup --tests")) func itsPageRuns() throws {
        let package = Self.repository + "/python/lavise_results"
        let lines = try String(contentsOfFile: package + "/README.md", encoding: .utf8).components(separatedBy: "\n")
            .filter { $0.hasPrefix("    ") && !$0.contains("pip install") }.map { $0.dropFirst(4) }
        #expect(lines.count >= 9 && lines.contains { $0.contains("Run.load(\"demo\")") }, "\(lines)")
        try Command.inMemory { command in
            try command.makeTiny("demo")
            try FileManager.default.createDirectory(
                atPath: command.path("experiments"), withIntermediateDirectories: true)
            let text = try String(contentsOfFile: command.path("demo.json"), encoding: .utf8)
            try command.write(
                "experiments/demo.json",
                text.replacing(#/"filters": \[[^\]]*\]/#, with: "\"filters\": [0, 17]").replacing(
                    #/"methods": \[[^\]]*\]/#, with: "\"methods\": [\"original\", \"projection\"]"))
            #expect(try command.run("run", "demo").code == 0)
            try command.write("page.py", lines.joined(separator: "\n") + "\n")
            let path = Command.binary.deletingLastPathComponent().path
            let (code, said) = try run(
                [command.path("page.py")], in: command,
                command.ownPlaces.merging([
                    "PATH": path + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? ""), "PYTHONPATH": package,
                    "LAVISE_STORE": "", "LAVISE_DATA": "",
                ]) { $1 })
            #expect(code == 0, "\(said)")
        }
    }

    @Test(.enabled(if: python != nil, "needs .build/notebook: scripts/setup --tests")) func testsAndNotebookPass()
        throws
    {
        try StreamTests.withProject { command in
            let text = try String(contentsOfFile: command.path("experiments/x.json"), encoding: .utf8)
                .replacingOccurrences(of: "\"scenes\": 16", with: "\"scenes\": 60").replacingOccurrences(
                    of: "[0, 1]", with: "[0, 1, 2, 3, 4, 5]"
                )
                .replacingOccurrences(of: "\"topImages\": 2", with: "\"topImages\": 7")
                .replacingOccurrences(of: "[\"original\"]", with: "[\"original\", \"projection\"]")
            try command.write("experiments/x.json", text)
            #expect(try command.run("run", "x").code == 0)
            let package = Self.repository + "/python/lavise_results"
            let (code, said) = try run(
                ["-m", "pytest", "-q", "-p", "no:cacheprovider", package + "/tests"], in: command,
                [
                    "LAVISE_BINARY": Command.binary.path, "LAVISE_PROJECT": command.root, "LAVISE_EXPERIMENT": "x",
                    "PYTHONPATH": package, "IPYTHONDIR": command.path("ipython"),
                ])
            #expect(code == 0, "\(said)")
            #expect(said.contains("9 passed"), "\(said)")
        }
    }
}
