import ArgumentParser
import Fingerprints
import Pipeline

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Versions of this program and its libraries.")

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let versions = PipelineVersion.libraries
        if global.json {
            print(Value.object(versions.mapValues { .string($0) }).json(pretty: true))
        } else {
            versions.sorted { $0.key < $1.key }.forEach { print("\($0.key) \($0.value)") }
        }
    }
}
