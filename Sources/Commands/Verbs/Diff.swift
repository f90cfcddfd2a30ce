import ArgumentParser
import Fingerprints
import Foundation
import Pipeline
import Reporting

struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Two results cell by cell; exit code 4 when a cell differs by more than --tolerance.",
        discussion: """
            A side is a results folder, a table in it (.csv, recall.json), any of them at a git revision (results/demo@HEAD~1), \
            or published values: `published`, or a table by its name (A-table-2). A folder whose files disagree with each other or \
            with its provenance is said to be so: exit code 5 where no cell differs.
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable { case text, md, json }

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Results folder, table, PATH@REVISION or published table.") var old: String
    @Argument(help: "The other.") var new: String
    @Option(help: ArgumentHelp("0.01, 1% or COLUMN=NUMBER; may be given several times.", valueName: "tolerance"))
    var tolerance: [String] = []
    @Option(help: "text, md or json.") var format = Output.text
    @Flag(help: ArgumentHelp("Show every change, not the first \(Self.mostChanges) alone.")) var all = false

    private static let mostChanges = 50

    func run() throws {
        let result = try compare(global.open()), diff = result.diff, most = all ? Int.max : Self.mostChanges
        let diverged = result.diverged.map { "first stage that came out differently: \($0)" }
        switch global.json ? .json : format {
        case .text:
            let text = diff.text(colour: Style(descriptor: STDOUT_FILENO).isOn, most: most)
            try standardOutput(
                text + ([diverged].compactMap { $0 } + result.disagreements).map { $0 + "\n" }.joined(),
                terminator: "")
        case .md:
            let notes = ([diverged].compactMap { $0 } + result.disagreements).map { "\n\($0)\n" }
            try standardOutput(diff.markdown(most: most) + notes.joined(), terminator: "")
        case .json:
            var members = diff.value.objectValue ?? [:]
            members["first_divergence"] = result.diverged.map { .string($0) } ?? .null
            members["disagreements"] = .array(result.disagreements.map { .string($0) })
            try standardOutput(json: .object(members))
        }
        for concern in result.concerns { standardError(concern) }
        if !diff.isWithinTolerance { throw ExitCode(ExitStatus.outsideTolerance.rawValue) }
        if !result.disagreements.isEmpty { throw ExitCode(ExitStatus.integrity.rawValue) }
    }

    private func compare(_ project: Project) throws -> ResultsDiff {
        let tolerances: Tolerances
        do {
            tolerances = try Tolerances(tolerance)
        } catch let error as ToleranceError {
            throw ExperimentError("\(error)")
        }
        if ResultsSource.isPublished(new) {
            throw ExperimentError("\(new): published values come first: lavise-pipeline diff \(new) \(old)")
        }
        let ours = try ResultsSource(new, project: project)
        let before =
            try ResultsSource.isPublished(old)
            ? ResultsSource(published: old, beside: ours) : ResultsSource(old, project: project)
        return try ResultsDiff(before, ours, tolerances: tolerances)
    }
}
