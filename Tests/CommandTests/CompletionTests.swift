import Foundation
import TestSupport
import Testing

/// What bash offers, by the script that the program writes.
@Suite(.waits) struct CompletionTests {
    /// Replies for the last of these words.
    private func replies(_ command: Command, _ words: [String]) throws -> [String] {
        let script = """
            source <("$0" --generate-completion-script bash); cd "$1"; shift
            COMP_WORDS=("$0" "$@"); COMP_CWORD=$#; COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9
            _lavise-pipeline "$0" "${!#}" "${COMP_WORDS[$#-1]}" 2>/dev/null; printf '%s\\n' "${COMPREPLY[@]}"
            """
        let process = Process(), output = command.path(".replies")
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", script, Command.binary.path, command.root] + words
        #expect(FileManager.default.createFile(atPath: output, contents: nil))
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
    }

    @Test func experimentsStagesLayersAndMethodsOfTheProject() throws {
        try Command.with { command in
            try FileManager.default.createDirectory(
                atPath: command.path("experiments"), withIntermediateDirectories: true)
            for name in ["alpha", "almond", "beta"] {
                try command.makeTiny(name)
                try FileManager.default.moveItem(
                    atPath: command.path("\(name).json"), toPath: command.path("experiments/\(name).json"))
            }
            #expect(try Set(replies(command, ["run", "al"])) == ["alpha", "almond"])
            #expect(try Set(replies(command, ["status", "alpha", "b"])) == ["beta"])
            #expect(try Set(replies(command, ["why", "beta", "tra"])) == ["train"])
            #expect(
                try Set(replies(command, ["run", "beta", "--only", "e"])) == ["embedding", "evaluate", "evidence"])
            #expect(try replies(command, ["verify", "nothing", "t"]) == [])
            #expect(try replies(command, ["run", "beta", "--set", "train.e"]) == ["train.epochs="])
            #expect(try replies(command, ["run", "beta", "--set", "backbone.l"]) == ["backbone.layer="])
            let layers = (1...4).map { "backbone.layer=layer\($0)" }
            let offered = try replies(command, ["run", "beta", "--set", "backbone.layer=la"])
            #expect(layers.allSatisfy(offered.contains) && offered.contains("backbone.layer=layer1.0.conv1"))
            #expect(try replies(command, ["explain", "beta", "--method", "p"]) == ["projection"])
            #expect(try replies(command, ["log", "be"]) == ["beta"])
        }
    }
}
