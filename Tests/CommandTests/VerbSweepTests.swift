import Foundation
import Testing
import TestSupport

/// Every verb over a store and a project that are damaged, absent or forbidden: an exit code of the contract, and a
/// message in the user's words.
@Suite(.waits) struct VerbSweepTests {
    /// What a shell does to the project's folder, from within it.
    struct Trouble: Sendable {
        let name: String, script: String
    }

    static let damages =
        ["ac", "cas", "ac .lavise/cas", "history", "stat"].map {
            Trouble(name: "no \($0)", script: "rm -rf .lavise/\($0)")
        } + [
            Trouble(name: "traces that are none", script: "for f in .lavise/ac/*/*; do echo none > $f; done"),
            Trouble(
                name: "artifacts cut short",
                script: "find .lavise/cas -type f | while read f; do truncate -s 10 $f; done"),
            Trouble(name: "a store that is a file", script: "rm -rf .lavise; echo > .lavise"),
            Trouble(name: "a marker that is none", script: "echo {} > .lavise/lavise-store.json"),
            Trouble(name: "results that are a file", script: "rm -rf results; echo > results"),
            Trouble(name: "a run's results that are a file", script: "rm -rf results/x; echo > results/x"),
            Trouble(
                name: "folders for results' files",
                script: "for f in results/x/*; do rm $f; mkdir $f; done"),
            Trouble(name: "results cut short", script: "for f in results/x/*; do truncate -s 50 $f; done"),
            Trouble(name: "an experiment cut short", script: "truncate -s 50 experiments/x.json"),
            Trouble(name: "a folder for an experiment", script: "rm experiments/x.json; mkdir experiments/x.json"),
            Trouble(name: "no experiments", script: "rm -r experiments"),
            Trouble(name: "a file for pictures", script: "rm -r pictures; echo > pictures"),
            Trouble(name: "a picture cut short", script: "truncate -s 90 pictures/a.bmp"),
            Trouble(name: "settings that are none", script: "echo { > lavise.json"),
            Trouble(name: "a folder for settings", script: "mkdir lavise.json"),
            Trouble(name: "a key that is none", script: "echo none > .key.pem"),
            Trouble(
                name: "a remote store cut short, and none here",
                script: "rm -rf .lavise/ac .lavise/cas; find shared -type f | while read f; do truncate -s 10 $f; done"
            ),
        ]

    static let prohibitions =
        [
            ".lavise", ".lavise/ac", ".lavise/cas", ".lavise/history", ".lavise/stat", ".lavise/locks", ".lavise/work",
            ".lavise/projects", ".lavise/runs", "results", "results/x", "results/x/provenance.json",
            "results/x/recall.csv", "experiments", "experiments/x.json", "pictures", "pictures/a.bmp", "shared",
            ".key.pem",
        ].map { Trouble(name: "\($0) closed", script: "chmod 0 \($0)") } + [
            Trouble(
                name: "one artifact closed",
                script: "find .lavise/cas -type f | sort | head -n 1 | xargs chmod 0"),
            Trouble(name: "one trace closed", script: "find .lavise/ac -type f | sort | head -n 1 | xargs chmod 0"),
            Trouble(name: "nothing to be written", script: "chmod -R a-w ."),
        ]

    @Test func whatIsDamagedOrAbsentIsSaidInTheUsersWords() throws {
        try Self.withSavedProject { command in
            for trouble in Self.damages { try Self.sweep(command, trouble, asNobody: false) }
        }
    }

    @Test(.enabled(if: DiskTroubleTests.mayBeNobody, "needs root, setpriv and a build that others may execute"))
    func whatIsForbiddenIsSaidInTheUsersWords() throws {
        try Self.withSavedProject { command in
            try Self.shell("chown -R 65534:65534 .", in: command.root + ".saved")
            for trouble in Self.prohibitions { try Self.sweep(command, trouble, asNobody: true) }
        }
    }

    /// A path that is an artifact's or record's address, or a sentence of Foundation's.
    nonisolated(unsafe) private static let foreign =
        #/[0-9a-f]{64}|NSCocoaErrorDomain|NSPOSIXErrorDomain|Error Domain|The operation could|couldn.t be|Optional\(/#

    private static func sweep(_ command: Command, _ trouble: Trouble, asNobody: Bool) throws {
        try shell("rm -rf '\(command.root)'; cp -a '\(command.root).saved' '\(command.root)'", in: "/")
        try shell("chmod -R u+w .lavise; " + trouble.script, in: command.root)
        // A run mends what the others should find.
        let verbs = StreamTests.requests.keys.sorted { ($0 == "run" ? "~" : $0) < ($1 == "run" ? "~" : $1) }
        for verb in verbs {
            let request = [verb] + (StreamTests.requests[verb] ?? [])
            let end = try run(request, in: command, asNobody: asNobody)
            let said = "\(trouble.name), \(request.joined(separator: " ")): \(end)"
            #expect(end.signal == nil && [0, 1, 2, 3, 4, 5, 8].contains(end.code), "\(said)")
            #expect(end.code == 0 || !(end.output + end.errors).isEmpty, "\(said)")
            // What `show` is asked for are addresses.
            let text = verb == "show" ? end.errors : end.output + end.errors
            #expect(text.firstMatch(of: foreign) == nil, "\(said)")
        }
        try shell("chmod -R u+rwX '\(command.root)'", in: "/")
    }

    private static func run(_ arguments: [String], in command: Command, asNobody: Bool) throws -> StreamTests.End {
        let process = Process(), streams = command.root + ".streams"
        let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = (asNobody ? nobody : []) + [Command.binary.path] + arguments + ["-C", command.root]
        process.environment = ProcessInfo.processInfo.environment.merging(command.ownPlaces) { $1 }
        func open(_ name: String) throws -> FileHandle {
            try Data().write(to: URL(fileURLWithPath: streams + name))
            return try FileHandle(forWritingTo: URL(fileURLWithPath: streams + name))
        }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try open(".out")
        process.standardError = try open(".err")
        try process.run()
        process.waitUntilExit()
        let isExit = process.terminationReason == .exit
        return StreamTests.End(
            code: isExit ? process.terminationStatus : nil, signal: isExit ? nil : process.terminationStatus,
            output: try String(contentsOfFile: streams + ".out", encoding: .utf8),
            errors: try String(contentsOfFile: streams + ".err", encoding: .utf8))
    }

    private static func withSavedProject(_ body: (Command) throws -> Void) throws {
        try StreamTests.withProject { command in
            defer { try? shell("rm -rf '\(command.root)'.*", in: "/") }
            try shell("chmod 755 .; cp -a . '\(command.root).saved'", in: command.root)
            try body(command)
        }
    }

    private static func shell(_ script: String, in folder: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script]
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(script)")
    }
}
