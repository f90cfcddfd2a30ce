import ArgumentParser
import Fingerprints
import Foundation
import Pipeline

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "What this machine has and lacks.")

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let project = try global.open()
        let checks = try examine(project)
        if global.json {
            print(Value.array(checks.map { ["check": .string($0.name), "ok": .bool($0.isGood), "found": .string($0.found), "hint": .string($0.hint)] }).json(pretty: true))
        } else {
            let style = Style(descriptor: STDOUT_FILENO)
            let rows = Format.columns(checks.map { [$0.isGood ? "ok" : "lacks", $0.name, $0.isGood ? $0.found : "\($0.found); \($0.hint)"] })
            for (row, check) in zip(rows, checks) { print(check.isGood ? row : style.bad(row)) }
        }
    }
}
