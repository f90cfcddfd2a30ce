import ArgumentParser
import Fingerprints
import Foundation
import Pipeline

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "doctor", abstract: "What this machine has and lacks.")

    @OptionGroup var global: GlobalOptions

    @OptionGroup var remote: RemoteOptions

    func run() throws {
        let project: Project
        // Settings that cannot be read are one of the checks.
        do { project = try global.open(remote) } catch is ExperimentError { project = try global.open() }
        let checks = try examine(project)
        if global.json {
            try standardOutput(
                json: .array(
                    checks.map { check in
                        [
                            "check": .string(check.name), "ok": .bool(check.isGood), "found": .string(check.found),
                            "hint": .string(check.hint),
                        ]
                    }))
        } else {
            let style = Style(descriptor: STDOUT_FILENO)
            let rows = Format.columns(
                checks.map { [$0.isGood ? "ok" : "lacks", $0.name, $0.isGood ? $0.found : "\($0.found); \($0.hint)"] })
            try standardOutput(lines: zip(rows, checks).map { $1.isGood ? $0 : style.bad($0) })
        }
    }
}
