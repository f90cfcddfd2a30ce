import ArgumentParser
import Engine
import Fingerprints
import Pipeline

struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Why a stage is not fresh, or why it last ran: the field that changed, old → new.",
        discussion: """
            why demo train   one stage, and the stages that its changes came from
            why demo         every stage of an experiment
            why              what is not fresh in any experiment of the project
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Experiment file, or its name (default: all).", completion: Completion.experiments) var experiment:
        String?
    @Argument(help: "A stage of it, as `status` names it (default: all).", completion: Completion.stages) var stage:
        String?
    @Option(
        help: ArgumentHelp("Change a parameter: a.b=VALUE.", valueName: "key=value"), completion: Completion.settings)
    var set: [String] = []

    func run() throws {
        let project = try global.open()
        guard let experiment else { return try showAll(project) }
        let plan = try project.plan(project.experiment(experiment, settings: set)).plan
        if let stage {
            let explanation = try project.runner().why(plan, job: stage)
            return try global.json
                ? standardOutput(json: document(explanation, experiment, stage)) : standardOutput("\(explanation)")
        }
        let runner = project.runner()
        let found = try plan.jobs.map { ($0.id, try runner.why(plan, job: $0.id)) }
        if global.json { return try standardOutput(json: .array(found.map { document($1, experiment, $0) })) }
        try standardOutput(lines: found.map { firstStep($1) })
    }

    /// Of every experiment the stages that are not fresh.
    private func showAll(_ project: Project) throws {
        guard set.isEmpty else { throw ExperimentError("--set needs an experiment that it changes") }
        let runner = project.runner()
        var documents: [Value] = []
        var lines: [String] = []
        for path in try project.experimentPaths() {
            let file = try project.experiment(path)
            let plan = try project.plan(file).plan
            let stale = try runner.status(of: plan).filter { $0.state != .fresh }
            if stale.isEmpty {
                lines.append("\(file.name): all \(plan.jobs.count) stages are fresh")
            } else {
                lines.append("\(file.name):")
            }
            for status in stale {
                let explanation = try runner.why(plan, job: status.job)
                if global.json { documents.append(document(explanation, file.name, status.job)) }
                lines.append("  " + firstStep(explanation))
            }
        }
        try global.json ? standardOutput(json: .array(documents)) : standardOutput(lines: lines)
    }

    /// The stage's own reasons on a line.
    private func firstStep(_ explanation: Explanation) -> String {
        guard let step = explanation.steps.first else { return "" }
        let isFresh = step.state == .fresh
        // That there was no build before is the reason of the first.
        let reasons = step.reasons.map { isFresh && $0 == .neverBuilt ? "its first build" : "\($0)" }.joined(
            separator: "; ")
        return isFresh
            ? "\(step.job) is fresh; it last ran because of: \(reasons)"
            : "\(step.job) is \(step.state.rawValue): \(reasons)"
    }

    /// The stage asked about, then those whose changes reached it, nearest first.
    private func document(_ explanation: Explanation, _ experiment: String, _ stage: String) -> Value {
        let steps = explanation.steps.map { step -> Value in
            [
                "name": .string(step.job), "stage": .string(step.stage), "state": .string(step.state.rawValue),
                "reasons": .array(step.reasons.map { .string("\($0)") }),
                "details": .array(step.details.map { .string($0) }),
            ]
        }
        return ["schema": 1, "experiment": .string(experiment), "stage": .string(stage), "steps": .array(steps)]
    }
}
