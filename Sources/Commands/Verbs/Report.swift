import ArgumentParser
import Fingerprints
import Foundation
import Pipeline

struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract:
            "A page of an experiment's results: tables, claims, curves, every filter's words and heat maps, provenance.",
        discussion: """
            Needs experiments that are up to date. The page loads nothing from elsewhere; open it in any browser.
              report demo                       results/demo/report.html
              report demo coco_sample           both pages, and the two side by side: results/demo/with-coco_sample.html
              report demo demo@train.epochs=3   a run with --set train.epochs=3, by its results folder's name
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: ExperimentOptions
    @Flag(help: "Put the pictures into the page whatever its size (otherwise beside it, above 20 MB).") var singleFile =
        false
    @Option(
        name: [.short, .long], help: ArgumentHelp("Where the page goes (default results/NAME).", valueName: "folder"),
        completion: .directory) var output: String?
    @Option(
        help: ArgumentHelp(
            "Show only this row of a matrix experiment (default: all, with a switch).", valueName: "labels"),
        completion: Completion.rows) var row: String?
    @Option(
        help: ArgumentHelp("Write training's curves there for TensorBoard, and no page.", valueName: "folder"),
        completion: .directory)
    var tensorboard: String?
    @OptionGroup var threads: ThreadOptions

    func run() throws {
        let project = try global.open()
        let files = try chosen.files(project)
        if output != nil, files.count > 1 {
            throw ExperimentError("--output takes one experiment's page; leave it out for several")
        }
        var documents: [Value] = []
        var pages: [ReportPage] = []
        for (name, file) in zip(chosen.experiments, files) {
            let state = try project.state(of: project.plan(file))
            let page = try ReportPage(state, project: project, row: row, threads: threads.count)
            if let tensorboard {
                let written = try page.writeTrainingEvents(to: project.places.argumentPath(tensorboard))
                if global.json {
                    documents.append([
                        "schema": 1, "experiment": .string(file.name), "events": .array(written.map { .string($0) }),
                    ])
                }
                if !global.json { try standardOutput(lines: written) }
                continue
            }
            if output == nil, state.isFresh { try project.requireOwnResults(of: state) }
            let place = ResultsPlace(file, page: output, places: project.places)
            documents += try tell(file) {
                try page.write(to: place, arguments: chosen.words(of: name), singleFile: singleFile, progress: $0)
            }
            pages.append(page)
        }
        if tensorboard == nil, files.count == 2, files[0].resultsName != files[1].resultsName {
            let place = ResultsPlace(files[0], page: nil, places: project.places)
            let words = chosen.experiments + chosen.words(of: "").dropFirst()
            documents += try tell(files[0], beside: files[1]) {
                try ReportPair(pages[0], pages[1]).write(
                    to: place, arguments: words, singleFile: singleFile, progress: $0)
            }
        }
        if global.json { try standardOutput(json: documents, isList: chosen.isList) }
    }

    /// Writes a page and says where it is.
    /// - Returns: the same as JSON, if that is asked for.
    private func tell(
        _ file: ExperimentFile, beside other: ExperimentFile? = nil,
        _ write: ((Int, Int) -> Void) throws -> WrittenReport
    ) throws -> [Value] {
        var progress = LiveLine(isWanted: !global.quiet && !global.noProgress)
        let written = try write { done, total in
            progress.draw(done == total ? "" : "heat maps \(done)/\(total) filters")
        }
        if !global.json { try standardOutput(written.page) }
        if !global.quiet {
            let pictures = written.pictures.map { ", with its pictures in \(Format.path($0)); keep them together" }
            standardError(
                "\(file.resultsName)\(other.map { " beside \($0.resultsName)" } ?? ""): \(Format.bytes(written.bytes))\(pictures ?? ", one file")"
            )
        }
        guard global.json else { return [] }
        var document: [String: Value] = [
            "schema": 1, "experiment": .string(file.name), "page": .string(written.page), "bytes": .int(written.bytes),
            "pictures": written.pictures.map { .string($0) } ?? .null,
        ]
        if let other { document["beside"] = .string(other.resultsName) }
        return [.object(document)]
    }
}
