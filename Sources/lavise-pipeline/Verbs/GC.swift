import ArgumentParser
import Engine
import Fingerprints
import Pipeline

struct GC: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "gc", abstract: "Drop artifacts that no experiment reaches.")

    @OptionGroup var global: GlobalOptions
    @Flag(name: [.customShort("n"), .long], help: "Only name what would go.") var dryRun = false
    @Option(help: ArgumentHelp("Keep what is younger.", valueName: "days")) var keepDays = 0.0

    func run() throws {
        let project = try global.open()
        let plans = try project.experimentPaths().map { try project.plan(ExperimentFile(contentsOf: $0)).plan }
        let garbage = try project.runner().collectGarbage(keeping: plans, keepDays: keepDays, dryRun: dryRun)
        if global.json {
            try standardOutput(json: .array(garbage.items.map { item in
                [
                    "kind": .string(item.kind.rawValue), "name": .string(item.name), "bytes": .int(item.bytes),
                    "days": .double(item.age / 86400),
                ]
            }))
        } else {
            try standardOutput(lines: Format.columns(garbage.items.map { [$0.kind.rawValue, String($0.name.prefix(16)), Format.bytes($0.bytes), Format.seconds($0.age) + " old", $0.job ?? ""] }))
            try standardOutput("\(garbage.items.count) things, \(Format.bytes(garbage.bytes))\(dryRun ? " would go" : " removed")")
        }
    }
}
