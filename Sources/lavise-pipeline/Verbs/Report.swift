import ArgumentParser
import Fingerprints
import Foundation
import Pipeline

struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A page of an experiment's results: tables, claims, curves, every filter's words and heat maps, provenance.",
        discussion: "Needs an experiment that is up to date. The page loads nothing from elsewhere; open it in any browser.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: ExperimentOptions
    @Flag(help: "Put the pictures into the page whatever its size (otherwise beside it, above 20 MB).") var singleFile = false
    @Option(name: [.short, .long], help: ArgumentHelp("Where the page goes (default results/NAME).", valueName: "folder")) var output: String?
    @Option(help: ArgumentHelp("The row of a matrix experiment whose filters are shown (default: the first).", valueName: "labels")) var row: String?
    @OptionGroup var threads: ThreadOptions

    func run() throws {
        let project = try global.open(), files = try chosen.files(project)
        if output != nil, files.count > 1 { throw ExperimentError("--output takes one experiment's page; leave it out for several") }
        var documents: [Value] = []
        var progress = LiveLine(isWanted: !global.quiet && !global.noProgress)
        for (name, file) in zip(chosen.experiments, files) {
            let plan = try project.plan(file)
            let jobs = try project.runner().status(of: plan.plan)
            let page = try ReportPage(plan, project: project, jobs: jobs, row: row, threads: threads.count)
            if output == nil, jobs.allSatisfy({ $0.state == .fresh }) { try project.requireOwnResults(of: plan, jobs) }
            let place = ResultsPlace(file, page: output, places: project.places)
            let written = try page.write(to: place, arguments: chosen.words(of: name), singleFile: singleFile) {
                done, total in
                progress.draw(done == total ? "" : "heat maps \(done)/\(total) filters")
            }
            if global.json {
                documents.append([
                    "schema": 1, "experiment": .string(file.name), "page": .string(written.page), "bytes": .int(written.bytes),
                    "pictures": written.pictures.map { .string($0) } ?? .null,
                ])
            } else {
                try standardOutput(written.page)
            }
            if !global.quiet {
                standardError("\(file.name): \(Format.bytes(written.bytes))" + (written.pictures.map { ", with its pictures in \(Format.path($0)); keep them together" } ?? ", one file"))
            }
        }
        if global.json { try standardOutput(json: documents, isList: chosen.isList) }
    }
}
