import ArgumentParser
import Engine
import Fingerprints
import Foundation
import Pipeline

struct GC: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Drop artifacts that no experiment and no results reach, of any project that uses the store.")

    @OptionGroup var global: GlobalOptions
    @Flag(name: [.customShort("n"), .long], help: "Only name what would go.") var dryRun = false
    @Flag(name: [.short, .long], help: "Do not ask, on a terminal, before anything goes.") var yes = false
    @Option(help: ArgumentHelp("Keep what is younger.", valueName: "days")) var keepDays = 0.0
    @Flag(help: "Go on though inputs are absent: what reads them keeps what it had last.") var missingInputs = false
    @Option(help: ArgumentHelp("Forget a project that is gone, and drop what only it needs.", valueName: "dir"))
    var forget: [String] = []

    func run() throws {
        let project = try global.open()
        for path in forget where try !project.store.forgetProject(at: path) {
            throw ExperimentError(
                "--forget \(path): no such project uses the store; there are \(try project.store.projects().map(\.path).joined(separator: ", "))"
            )
        }
        let (keep, notes) = try project.kept(days: keepDays, mayMissInputs: missingInputs)
        for note in notes { standardError("note: \(note)") }
        let asks = !dryRun && !yes && isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1
        var garbage = try project.runner().collectGarbage(keep, dryRun: dryRun || asks)
        if asks, !garbage.items.isEmpty {
            for line in Self.lines(garbage) { standardError(line) }
            standardError(
                "remove \(Self.summary(garbage)) from \(Format.path(project.store.root))? [y/N] ", terminator: "")
            guard ["y", "yes"].contains(readLine()?.lowercased() ?? "") else {
                return standardError("nothing was removed")
            }
            garbage = try project.runner().collectGarbage(keep, only: Set(garbage.items.map(\.path)))
        }
        if global.json {
            try standardOutput(
                json: .array(
                    garbage.items.map { item in
                        [
                            "kind": .string(item.kind.rawValue), "name": .string(item.name), "bytes": .int(item.bytes),
                            "days": .double(item.age / 86400),
                        ]
                    }))
        } else {
            try standardOutput(
                lines: (asks ? [] : Self.lines(garbage)) + [
                    "\(Self.summary(garbage))\(dryRun ? " would go" : " removed")"
                ])
        }
    }

    private static func lines(_ garbage: Garbage) -> [String] {
        Format.columns(
            garbage.items.map {
                [
                    $0.kind.rawValue, String($0.name.prefix(16)), Format.bytes($0.bytes),
                    Format.seconds($0.age) + " old", $0.job ?? "",
                ]
            })
    }

    private static func summary(_ garbage: Garbage) -> String {
        "\(garbage.items.count) things, \(Format.bytes(garbage.bytes))"
    }
}
