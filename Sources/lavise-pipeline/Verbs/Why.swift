import ArgumentParser
import Engine
import Fingerprints
import Pipeline

struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Why a stage is not fresh, or why it last ran: the field that changed, old → new.")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Experiment file, or its name.", completion: Completion.experiments) var experiment: String
    @Argument(help: "A stage of it, as `status` names it.", completion: Completion.stages) var stage: String
    @Option(help: ArgumentHelp("Change a parameter: a.b=VALUE.", valueName: "key=value")) var set: [String] = []

    func run() throws {
        let project = try global.open()
        let plan = try project.plan(project.experiment(experiment, settings: set)).plan
        let explanation = try project.runner().why(plan, job: stage)
        try global.json ? standardOutput(json: document(explanation)) : standardOutput("\(explanation)")
    }

    /// The stage asked about, then those whose changes reached it, nearest first.
    private func document(_ explanation: Explanation) -> Value {
        let steps = explanation.steps.map { step -> Value in
            [
                "name": .string(step.job), "stage": .string(step.stage), "state": .string(step.state.rawValue),
                "reasons": .array(step.reasons.map { .string("\($0)") }), "details": .array(step.details.map { .string($0) }),
            ]
        }
        return ["schema": 1, "experiment": .string(experiment), "stage": .string(stage), "steps": .array(steps)]
    }
}
