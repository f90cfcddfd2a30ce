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

    /// What the tables show besides what stands in the artifacts.
    struct Parameters: Encodable, Sendable {
        let name: String, title: String
        let matrix: [String]
        let claims: [PublishedClaim]
        let variants: [Variant]

        struct Variant: Encodable, Sendable {
            let labels: [String]
            let seed: UInt64
            let bootstrap: Int
            let weighByActivation: Bool
            let wordsPerImage: Int
            let ranking: WordRanking
            let layer: String
            let sharedImages: Bool
            let followsProtocol: Bool
        }
    }

    var parameters: Parameters {
        Parameters(
            name: file.name, title: file.title, matrix: file.matrixKeys, claims: experiments[0].claims,
            variants: file.variants.map { variant in
                let experiment = variant.experiment, evaluate = experiment.evaluate
                return Parameters.Variant(
                    labels: variant.labels, seed: experiment.seed, bootstrap: evaluate.bootstrap,
                    weighByActivation: experiment.deviations.contains(.weighByActivation),
                    wordsPerImage: evaluate.wordsPerImage, ranking: evaluate.ranking, layer: experiment.backbone.layer,
                    sharedImages: evaluate.sharedImages, followsProtocol: experiment.followsProtocol)
            })
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

extension PublishedClaim: Encodable {
    /// As a list: source, row, what is stated, how the settings differ.
    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var list = encoder.unkeyedContainer()
        try list.encode(source)
        try list.encode(row ?? "")
        switch statement {
        case .recall(let method, let k, let unseen, let published, let margin):
            try list.encode(method)
            try list.encode(k)
            try list.encode(unseen)
            try list.encode(published)
            try list.encode(margin)
        case .order(let methods): try list.encode(methods)
        }
        if let differs { try list.encode(differs) }
    }
}
