import ArgumentParser
import Fingerprints
import Foundation
import Pipeline
import Reporting

struct Tables: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tables", abstract: "The papers' own tables, ours beside the published values.",
        discussion: """
            Collects what stands in results/ into A's Tables 1 to 3, Figure 7 and section 4.5.5, and B's Tables 2 and 3; experiments not run yet are marked. \
            A folder counts only where its provenance says that it is the experiment of its name, with the settings of the experiment's file; \
            of others a line says why they are left out.
            """)

    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("Where the experiments' results are (default results).", valueName: "dir")) var results:
        String?
    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Where the tables go (default tables/ in the results).", valueName: "folder")) var output:
        String?

    func run() throws {
        let project = try global.open()
        let found = try CollectedTables(from: results, project: project), collected = found.tables
        let folder = try found.write(to: output, results: results, places: project.places)
        if global.json {
            try standardOutput(json: [
                "schema": 1, "folder": .string(folder), "tables": .array(collected.map(\.value)),
                "left_out": .array(found.leftOut.map { .string($0) }),
            ])
        } else {
            try standardOutput(collected.map(\.markdown).joined(separator: "\n"), terminator: "")
        }
        for line in found.leftOut { standardError(line) }
        if !global.quiet {
            let rows = collected.reduce(0) { $0 + $1.published.rows.count },
                computed = collected.reduce(0) { $0 + $1.computed }
            standardError("\(computed) of \(rows) rows computed here; written to \(Format.path(folder))")
        }
        if found.isDamaged { throw ExitCode(ExitStatus.integrity.rawValue) }
    }
}
