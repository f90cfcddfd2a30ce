import Engine
import Fingerprints
import Foundation
import LaViSE
import Reporting

/// Names in the results folder.
public enum TablesFolder {
    /// Of the stage, and of its output.
    public static let name = "tables"

    /// What is wrong with the results in a folder, and what to try.
    /// - Throws: `TableError`.
    public static func warnings(in folder: String) throws -> [String] {
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(ResultTables.warningsName)") else {
            return []
        }
        return try CSV(String(decoding: data, as: UTF8.self), name: ResultTables.warningsName).rows.map {
            ($0[0].isEmpty ? "" : "\($0[0]): ") + "\($0[1]): \($0[2])"
        }
    }

    /// Whether a table says itself what is wrong with the results.
    public static func hasWarnings(_ table: String) -> Bool { ["recall.md", "words.md"].contains(table) }

    /// The table that `run` prints.
    public static func mainTable(of file: ExperimentFile) -> String {
        switch file.matrixKeys {
        case ["protocol.deviations"]: "deviations.md"
        case ["seed"]: "seeds.md"
        // Without annotations there is no recall to see.
        case _ where file.variants.allSatisfy({ $0.experiment.target != nil }): "words.md"
        default: "recall.md"
        }
    }
}

/// Evaluations → the tables of the results folder. Holds no times, paths or host names: the same inputs give the same
/// bytes.
struct TablesStage: Stage {
    let name = "tables"
    let revision = 5
    let staysWithDriver = true
    let outputs = [TablesFolder.name]
    let file: ExperimentFile

    init(_ file: ExperimentFile) { self.file = file }

    private var experiments: [Experiment] { file.variants.map(\.experiment) }

    var parameters: Value {
        .object([
            "name": .string(file.name), "title": .string(file.title),
            "matrix": .array(file.matrixKeys.map { .string($0) }),
            "claims": .array(experiments[0].claims.map(\.value)),
            "variants": .array(
                file.variants.map { variant in
                    [
                        "labels": .array(variant.labels.map { .string($0) }),
                        "seed": .int(Int(variant.experiment.seed)),
                        "bootstrap": .int(variant.experiment.evaluate.bootstrap),
                        "weighByActivation": .bool(variant.experiment.deviations.contains(.weighByActivation)),
                        "wordsPerImage": .int(variant.experiment.evaluate.wordsPerImage),
                        "ranking": .string(variant.experiment.evaluate.ranking.rawValue),
                        "layer": .string(variant.experiment.backbone.layer),
                        "sharedImages": .bool(variant.experiment.evaluate.sharedImages),
                        "followsProtocol": .bool(variant.experiment.followsProtocol),
                    ]
                }),
        ])
    }

    func numericsKey() -> Digest? { nil }

    func run(_ context: StageContext) throws {
        let variants = try file.variants.indices.map { index in
            try VariantResults(
                experiments[index], dataset: context.path(.dataset.ofRow(index)),
                words: context.path(.words.ofRow(index)),
                target: experiments[index].target == nil ? nil : context.path(.target.ofRow(index)),
                explainer: context.path(.explainer.ofRow(index)), evaluation: context.path(.evaluation.ofRow(index)),
                evidence: experiments[index].hasEvidence ? context.path(.evidence.ofRow(index)) : nil,
                units: experiments[index].evaluate.units == .channels ? nil : context.path(.units.ofRow(index)))
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
        let said: [Value] =
            switch statement {
            case .recall(let method, let k, let unseen, let published, let margin):
                [.string(method), .int(k), .bool(unseen), .double(published), .double(margin)]
            case .order(let methods): [.array(methods.map { .string($0) })]
            }
        return .array([.string(source), .string(row ?? "")] + said + (differs.map { [.string($0)] } ?? []))
    }
}
