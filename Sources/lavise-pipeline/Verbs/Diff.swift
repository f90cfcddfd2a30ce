import ArgumentParser
import Fingerprints
import Foundation
import Pipeline
import Reporting

struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Two results cell by cell; exit code 4 when a cell differs by more than --tolerance.",
        discussion: """
            A side is a results folder, a table in it (.csv, recall.json), any of them at a git revision (results/demo@HEAD~1), \
            or published values: `published`, or a table by its name (A-table-2).
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable { case text, md, json }

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Results folder, table, PATH@REVISION or published table.") var old: String
    @Argument(help: "The other.") var new: String
    @Option(help: ArgumentHelp("0.01, 1% or COLUMN=NUMBER; may be given several times.", valueName: "tolerance")) var tolerance: [String] = []
    @Option(help: "text, md or json.") var format = Output.text

    func run() throws {
        let result = try compare(global.open().places), diff = result.diff
        let diverged = result.diverged.map { "first stage that came out differently: \($0)" }
        switch global.json ? .json : format {
        case .text: 
            let text = diff.text(colour: Style(descriptor: STDOUT_FILENO).isOn)
            try standardOutput(text + (diverged.map { $0 + "\n" } ?? ""), terminator: "")
        case .md: try standardOutput(diff.markdown + (diverged.map { "\n" + $0 + "\n" } ?? ""), terminator: "")
        case .json:
            var members = diff.value.objectValue ?? [:]
            members["first_divergence"] = result.diverged.map { .string($0) } ?? .null
            try standardOutput(json: .object(members))
        }
        if !diff.isWithinTolerance { throw ExitCode(ExitStatus.outsideTolerance.rawValue) }
    }

    private func compare(_ places: Places) throws -> ResultsDiff {
        let tolerances: Tolerances
        do {
            tolerances = try Tolerances(tolerance)
        } catch let error as ToleranceError {
            throw ExperimentError("\(error)")
        }
        if ResultsSource.isPublished(new) { throw ExperimentError("\(new): published values come first: lavise-pipeline diff \(new) \(old)") }
        let ours = try ResultsSource(new, places: places)
        let before = try ResultsSource.isPublished(old) ? ResultsSource(published: old, beside: ours) : ResultsSource(old, places: places)
        return try ResultsDiff(before, ours, tolerances: tolerances)
    }
}
