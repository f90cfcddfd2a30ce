import ArgumentParser
import Foundation
import Pipeline
import Reporting

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The experiment's published claims: reproduced, inconclusive or refuted.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: ExperimentOptions

    func run() throws {
        let project = try global.open()
        var reports: [ClaimReport] = []
        for file in try chosen.files(project) {
            let experiment = try project.plan(file)
            let report = try experiment.checkClaims(experiment.results(project.runner().status(of: experiment.plan)))
            reports.append(report)
            if let concern = project.concern(about: file) { standardError("\(concern); what is checked is in the store") }
            if global.json { continue }
            try standardOutput(report.text(colour: Style(descriptor: STDOUT_FILENO).isOn), terminator: "")
        }
        if global.json { try standardOutput(json: reports.map(\.value), isList: chosen.isList) }
        if reports.contains(where: \.isRefuted) { throw ExitCode(ExitStatus.outsideTolerance.rawValue) }
    }
}
