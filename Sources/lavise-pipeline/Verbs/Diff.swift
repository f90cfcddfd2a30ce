import ArgumentParser
import Foundation
import Pipeline
import Reporting

struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Two results folders or tables, cell by cell; `published` stands for the published values.")

    enum Output: String, ExpressibleByArgument, CaseIterable { case text, md, json }

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Results folder, recall.csv or recall.json; or `published`.") var old: String
    @Argument(help: "The other.") var new: String
    @Option(help: ArgumentHelp("0.01, 1% or COLUMN=NUMBER; may be given several times.", valueName: "tolerance")) var tolerance: [String] = []
    @Option(help: "text, md or json.") var format = Output.text

    func run() throws {
        let diff = try compare(places: global.open().places)
        switch global.json ? .json : format {
        case .text: print(diff.text(colour: Style(descriptor: STDOUT_FILENO).isOn), terminator: "")
        case .md: print(diff.markdown, terminator: "")
        case .json: print(diff.json, terminator: "")
        }
        if !diff.isWithinTolerance { throw ExitCode(ExitStatus.outsideTolerance.rawValue) }
    }

    private func compare(places: Places) throws -> TableDiff {
        do {
            let tolerances = try Tolerances(tolerance)
            let ours = try RecallTable(resultsAt: places.projectPath(new))
            if old == "published" {
                return TableDiff(
                    try ComparableTable(ours.publishedTable, name: "published", columns: ["recall"]),
                    try ComparableTable(ours, name: new, columns: ["recall"]), tolerances: tolerances, oldIsPart: true)
            }
            return TableDiff(
                try ComparableTable(RecallTable(resultsAt: places.projectPath(old)), name: old), try ComparableTable(ours, name: new),
                tolerances: tolerances)
        } catch let error as ToleranceError {
            throw ExperimentError("\(error)")
        } catch let error as TableError {
            throw ExperimentError("\(error)")
        }
    }
}
