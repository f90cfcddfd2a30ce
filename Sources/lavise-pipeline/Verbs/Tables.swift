import ArgumentParser
import Fingerprints
import Foundation
import Pipeline
import Reporting

struct Tables: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The papers' own tables, ours beside the published values.",
        discussion: "Collects what stands in results/ into A's Tables 2 and 3 and Figure 7 and B's Tables 2 and 3; experiments not run yet are marked.")

    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("Where the experiments' results are (default results).", valueName: "dir")) var results: String?
    @Option(name: [.short, .long], help: ArgumentHelp("Where the tables go (default tables/ in the results).", valueName: "folder")) var output: String?

    func run() throws {
        let places = try global.open().places, source = places.projectPath(results ?? "results")
        let collected = try collectTables(from: source)
        let folder = output.map(places.projectPath) ?? source + "/tables"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for table in collected {
            let name = table.published.name
            for (ending, text) in [("md", table.markdown), ("csv", table.csv), ("tex", table.latex)] + (table.isFigure ? [("svg", table.plot.svg)] : []) {
                try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name).\(ending)"), options: .atomic)
            }
        }
        if global.json {
            try standardOutput(json: ["schema": 1, "folder": .string(folder), "tables": .array(collected.map(\.value))])
        } else {
            try standardOutput(collected.map(\.markdown).joined(separator: "\n"), terminator: "")
        }
        if !global.quiet {
            let rows = collected.reduce(0) { $0 + $1.published.rows.count }, computed = collected.reduce(0) { $0 + $1.computed }
            standardError("\(computed) of \(rows) rows computed here; written to \(Format.path(folder))")
        }
    }
}
