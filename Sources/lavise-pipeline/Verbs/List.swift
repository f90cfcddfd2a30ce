import ArgumentParser
import Fingerprints
import Pipeline

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The experiments of this project.")

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let project = try global.open()
        var files: [ExperimentFile] = [], faults: [ExperimentError] = []
        for path in try project.experimentPaths() {
            do { files.append(try ExperimentFile(contentsOf: path)) } catch let error as ExperimentError { faults.append(error) }
        }
        if global.json {
            try standardOutput(json: .array(files.map { file in
                ["name": .string(file.name), "title": .string(file.title), "variants": .int(file.variants.count)]
            }))
        } else {
            try standardOutput(lines: Format.columns(files.map { file in
                [file.name, file.variants.count == 1 ? "" : "×\(file.variants.count)", file.title]
            }))
        }
        faults.forEach { standardError("error: \($0)") }
        if !faults.isEmpty { throw ExitCode(ExitStatus.usage.rawValue) }
    }
}
