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
            try standardOutput(json: .array(files.map { file in
                ["name": .string(file.name), "title": .string(file.title), "variants": .int(file.variants.count)]
            }))
        } else {
            try standardOutput(lines: Format.columns(files.map { file in
                [file.name, file.variants.count == 1 ? "" : "×\(file.variants.count)", file.title]
            }))
        }
    }
}
