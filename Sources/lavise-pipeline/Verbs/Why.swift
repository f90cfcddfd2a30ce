import ArgumentParser
import Engine
import Pipeline

struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Why a stage is not fresh, or why it last ran: the field that changed, old → new.")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Experiment file, or its name.") var experiment: String
    @Argument(help: "A stage of it, as `status` names it.") var stage: String
    @Option(help: ArgumentHelp("Change a parameter: a.b=VALUE.", valueName: "key=value")) var set: [String] = []

    func run() throws {
        let project = try global.open()
        let plan = try project.plan(project.experiment(experiment, settings: set)).plan
        print(try project.runner().why(plan, job: stage))
    }
}
