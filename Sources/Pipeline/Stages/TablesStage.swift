import Engine
import Fingerprints
import Foundation
import LaViSE
import Reporting

/// Names in the results folder.
public enum TablesFolder {
    /// Of the stage, and of its output.
    public static let name = "tables"

    /// The table that `run` prints.
    public static func mainTable(of file: ExperimentFile) -> String {
        switch file.matrixKeys {
        case ["protocol.deviations"]: "deviations.md"
        case ["seed"]: "seeds.md"
        default: "recall.md"
        }
    }
}

/// Evaluations → the tables of the results folder. Holds no times, paths or host names: the same inputs give the same bytes.
struct TablesStage: Stage {
    let name = "tables"
    let revision = 4
    let staysWithDriver = true
    let outputs = [TablesFolder.name]
    let file: ExperimentFile

    init(_ file: ExperimentFile) { self.file = file }

    private var experiments: [Experiment] { file.variants.map(\.experiment) }

    var parameters: Value {
        .object([
            "name": .string(file.name), "title": .string(file.title), "matrix": .array(file.matrixKeys.map { .string($0) }),
            "claims": .array(experiments[0].claims.map(\.value)),
            "variants": .array(file.variants.map { variant in
                [
                    "labels": .array(variant.labels.map { .string($0) }), "seed": .int(Int(variant.experiment.seed)),
                    "bootstrap": .int(variant.experiment.evaluate.bootstrap),
                    "weighByActivation": .bool(variant.experiment.deviations.contains(.weighByActivation)),
                    "sharedImages": .bool(variant.experiment.evaluate.sharedImages),
                ]
            }),
        ])
    }

    func numericsKey() -> Digest? { nil }

    func run(_ context: StageContext) throws {
        let variants = try file.variants.indices.map { index in
            try VariantResults(
                experiments[index], dataset: context.input("dataset.\(index)"), words: context.input("words.\(index)"),
                explainer: context.input("explainer.\(index)"), evaluation: context.input("evaluation.\(index)"),
                evidence: experiments[index].evaluate.metrics.isEmpty ? nil : context.input("evidence.\(index)"))
        }
        let folder = context.output + "/" + TablesFolder.name
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (name, text) in try ResultTables(file, variants).files() {
            try context.checkCancelled()
            try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
        }
    }
}

extension PublishedClaim {
    fileprivate var value: Value {
        switch statement {
        case .recall(let method, let k, let unseen, let published, let margin):
            .array([.string(source), .string(row ?? ""), .string(method), .int(k), .bool(unseen), .double(published), .double(margin)])
        case .order(let methods):
            .array([.string(source), .string(row ?? ""), .array(methods.map { .string($0) })])
        }
    }
}
