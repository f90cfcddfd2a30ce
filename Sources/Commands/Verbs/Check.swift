import ArgumentParser
import Engine
import Foundation
import Pipeline
import Reporting

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "The experiment's published claims: reproduced, inconclusive or refuted.",
        discussion: """
            A verdict joins two sources of chance, the filters and the seeds: with one seed a claim is inconclusive. \
            --until-settled runs the experiment with 3 seeds, 6, 12 and so on until no claim is inconclusive or --budget is reached.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: ExperimentOptions

    @Flag(help: "Run the experiment with more and more seeds until every claim is settled.")
    var untilSettled = false
    @Option(help: ArgumentHelp("With --until-settled: the number of seeds at most.", valueName: "seeds"))
    var budget = 12

    @OptionGroup var threads: ThreadOptions

    func run() throws {
        let project = try global.open()
        var reports: [ClaimReport] = []
        for name in chosen.experiments {
            let report = try untilSettled ? settled(name, project) : checked(name, project)
            reports.append(report)
            if global.json { continue }
            try standardOutput(report.text(colour: Style(descriptor: STDOUT_FILENO).isOn), terminator: "")
        }
        if global.json { try standardOutput(json: reports.map(\.value), isList: chosen.isList) }
        if reports.contains(where: \.isRefuted) { throw ExitCode(ExitStatus.outsideTolerance.rawValue) }
    }

    /// What the results say that there are.
    private func checked(_ name: String, _ project: Project) throws -> ClaimReport {
        let file = try chosen.file(name, project), experiment = try project.plan(file)
        let report = try experiment.checkClaims(project.state(of: experiment).results())
        if let concern = project.concern(about: file) { standardError("\(concern); what is checked is in the store") }
        return report
    }

    /// Adds seeds, the experiment's own first, until no claim is inconclusive.
    private func settled(_ name: String, _ project: Project) throws -> ClaimReport {
        let looks = try SeedLooks(budget: budget), file = try chosen.file(name, project)
        guard !file.matrixKeys.contains("seed") else {
            throw ExperimentError(
                "\(file.name): --until-settled chooses the seeds; leave out --seeds and a matrix over \"seed\"")
        }
        let first = Int(file.variants[0].experiment.seed)
        func experiment(seeds: Int) throws -> ExperimentPlan {
            try project.plan(chosen.file(name, project, seeds: Array(first..<first + seeds)))
        }
        try predict(experiment(seeds: budget), looks, project)
        for seeds in looks.counts.dropLast() {
            let report = try look(experiment(seeds: seeds), looks, project)
            if report.isSettled { return report }
            if !global.quiet { standardError("\(seeds) seeds: \(report.summary)") }
        }
        return try look(experiment(seeds: budget), looks, project)
    }

    /// Says what all seeds may cost, before any is run.
    private func predict(_ experiment: ExperimentPlan, _ looks: SeedLooks, _ project: Project) throws {
        if global.quiet { return }
        let predictions = try project.runner().predict(experiment.plan) {
            try experiment.expectedCosts($0, places: project.places)
        }
        let downloads = try predictions.flatMap { try project.pendingDownloads(of: $0.status, in: experiment) }
        let counts = looks.counts.map(String.init).joined(separator: ", ")
        standardError("looks at \(counts) seeds; at most \(PlanVerb.summary(predictions, downloads))")
    }

    private func look(_ experiment: ExperimentPlan, _ looks: SeedLooks, _ project: Project) throws -> ClaimReport {
        let console = Console(names: experiment.plan.jobs.map(\.id), progress: !global.noProgress, quiet: global.quiet)
        defer { console.end() }
        let options = RunOptions(jobs: threads.count, versions: PipelineVersion.libraries, compare: firstDifference)
        var preflight = Preflight(project)
        try preflight.look(at: experiment, project.predict(experiment, options, observer: console))
        try preflight.check()
        let outcome = ExperimentState(
            experiment, try project.runner(options, observer: console).run(experiment.plan))
        console.end()
        try project.recordLocks(of: experiment)
        return try experiment.checkClaims(outcome.results(), confidence: looks.confidence)
    }
}
