import ArgumentParser
import Fingerprints
import Pipeline

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Versions of this program and its libraries.")

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let versions = PipelineVersion.all
        if global.json {
            try standardOutput(json: .object(versions.mapValues { .string($0) }))
        } else {
            try standardOutput(lines: versions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })
        }
    }
}
