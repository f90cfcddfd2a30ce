import ArgumentParser
import Foundation
import Pipeline

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The experiment's published claims: reproduced, inconclusive or refuted.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: ExperimentOptions

    func run() throws {
        let project = try global.open()
        var isRefuted = false
        for file in try chosen.files(project) {
            let experiment = try project.plan(file)
            let report = try experiment.checkClaims(experiment.results(project.runner().status(of: experiment.plan)))
            isRefuted = isRefuted || report.isRefuted
            print(global.json ? report.json : report.text(colour: Style(descriptor: STDOUT_FILENO).isOn), terminator: "")
        }
        if isRefuted { throw ExitCode(ExitStatus.outsideTolerance.rawValue) }
    }
}
