import ArgumentParser

@main
struct LavisePipeline: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "lavise-pipeline")
}
