import ArgumentParser
import Fingerprints
import Pipeline

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The experiments of this project.")

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let project = try global.open()
        let files = try project.experimentPaths().map { try ExperimentFile(contentsOf: $0) }
        if global.json {
            print(Value.array(files.map { ["name": .string($0.name), "title": .string($0.title), "variants": .int($0.variants.count)] }).json(pretty: true))
        } else {
            Format.columns(files.map { [$0.name, $0.variants.count == 1 ? "" : "×\($0.variants.count)", $0.title] }).forEach { print($0) }
        }
    }
}
