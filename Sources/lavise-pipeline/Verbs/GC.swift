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
            print(Value.array(garbage.items.map { ["kind": .string($0.kind.rawValue), "name": .string($0.name), "bytes": .int($0.bytes), "days": .double($0.age / 86400)] }).json(pretty: true))
        } else {
            Format.columns(garbage.items.map { [$0.kind.rawValue, String($0.name.prefix(16)), Format.bytes($0.bytes), Format.seconds($0.age) + " old", $0.job ?? ""] }).forEach { print($0) }
            print("\(garbage.items.count) things, \(Format.bytes(garbage.bytes))\(dryRun ? " would go" : " removed")")
        }
    }
}
