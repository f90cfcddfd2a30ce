import Engine
import Fingerprints
import Foundation
import LaViSE
import Reporting

/// Names in the results folder.
public enum TablesFolder {
    static let name = "tables"

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
    let revision = 1
    let isNumeric = false
    let outputs = [TablesFolder.name]
    let file: ExperimentFile

    init(_ file: ExperimentFile) { self.file = file }

    private var experiments: [Experiment] { file.variants.map(\.experiment) }
    private var isMatrix: Bool { !file.matrixKeys.isEmpty }

    var parameters: Value {
        .object([
            "name": .string(file.name), "title": .string(file.title), "matrix": .array(file.matrixKeys.map { .string($0) }),
            "claims": .array(experiments[0].claims.map(\.value)),
            "variants": .array(file.variants.map { variant in
                [
                    "labels": .array(variant.labels.map { .string($0) }), "seed": .int(Int(variant.experiment.seed)),
                    "bootstrap": .int(variant.experiment.evaluate.bootstrap),
                    "weighByActivation": .bool(variant.experiment.deviations.contains(.weighByActivation)),
                ]
            }),
        ])
    }

    func run(_ context: StageContext) throws {
        let variants = try file.variants.indices.map { index in
            try VariantResults(
                experiments[index], dataset: context.input("dataset.\(index)"), words: context.input("words.\(index)"),
                explainer: context.input("explainer.\(index)"), evaluation: context.input("evaluation.\(index)"))
        }
        let folder = context.output + "/" + TablesFolder.name
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        func write(_ name: String, _ text: String) throws {
            try context.checkCancelled()
            try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
        }
        for share in ConceptShare.allCases where share == .all || variants.contains(where: \.hasUnseen) {
            let table = try recallTable(variants, share)
            try write(table.fileName + ".md", table.markdown)
            try write(table.fileName + ".csv", table.csv)
            try write(table.fileName + ".tex", table.latex)
            try write(table.fileName + ".json", table.json)
        }
        if file.matrixKeys == ["protocol.deviations"] {
            let table = try deviationTable(variants)
            try write("deviations.md", table.markdown)
            try write("deviations.csv", table.csv)
            try write("deviations.tex", table.latex)
            try write("deviations.json", table.json)
        }
        if file.matrixKeys == ["seed"] {
            let table = try seedTable(variants)
            try write("seeds.md", table.markdown)
            try write("seeds.csv", table.csv)
        }
        guard !isMatrix else { return }
        let filters = variants[0].filterTable(title: file.title)
        try write("filters.md", filters.markdown)
        try write("filters.csv", filters.csv)
        try write("training.csv", variants[0].trainingTable.csv)
    }

    private func label(_ index: Int) -> String? { isMatrix ? file.variants[index].labels.joined(separator: ", ") : nil }

    private func recallTable(_ variants: [VariantResults], _ share: ConceptShare) throws -> RecallTable {
        let rows = try variants.enumerated().flatMap { index, variant in
            try variant.recallLines(share).map { line in
                RecallRow(
                    row: label(index), method: line.method, k: line.k, recall: line.estimate.recall, low: line.estimate.low,
                    high: line.estimate.high, filters: line.estimate.filters, pairs: line.estimate.pairs,
                    published: share == .seen ? nil
                        : experiments[index].claims.published(line.method, line.k, unseen: share == .unseen, row: label(index)))
            }
        }
        return RecallTable(experiment: file.name, title: file.title, concepts: share, rows: rows, footnotes: isMatrix ? [] : variants[0].footnotes)
    }

    /// What every row changes against the first, over the same draws of filters.
    private func deviationTable(_ variants: [VariantResults]) throws -> DeviationTable {
        let method = variants[0].headlineMethod, k = variants[0].evaluation.ks.last ?? 20
        let base = try variants[0].sums(method, k: k), bootstrap = variants[0].bootstrap
        let rows = try variants.enumerated().map { index, variant in
            let sums = try variant.sums(method, k: k)
            let estimate = try variant.bootstrap.estimate(sums)
            // The change is over the same draws of filters, which the flattened or reduced layer of another row may not have.
            let change = index > 0 && sums.sums.count == base.sums.count ? try bootstrap.difference(sums, base) : nil
            return DeviationRow(
                name: label(index) ?? "", recall: estimate.recall, low: estimate.low, high: estimate.high, change: change?.difference,
                changeLow: change?.low, changeHigh: change?.high)
        }
        return DeviationTable(experiment: file.name, title: file.title, method: method.rawValue, k: k, rows: rows)
    }

    private func seedTable(_ variants: [VariantResults]) throws -> SeedTable {
        let lines = try variants.map { try $0.recallLines(.all) }
        let rows = lines[0].indices.compactMap { place -> SeedRow? in
            let line = lines[0][place]
            guard let summary = SeedSummary(lines.compactMap { $0[place].estimate.recall }) else { return nil }
            return SeedRow(
                method: line.method, k: line.k, mean: summary.mean, deviation: summary.deviation, seeds: summary.seeds,
                published: experiments[0].claims.published(line.method, line.k))
        }
        return SeedTable(experiment: file.name, title: file.title, rows: rows)
    }
}

extension Claim {
    fileprivate var value: Value {
        switch statement {
        case .recall(let method, let k, let unseen, let published, let margin):
            .array([.string(source), .string(row ?? ""), .string(method), .int(k), .bool(unseen), .double(published), .double(margin)])
        case .order(let methods):
            .array([.string(source), .string(row ?? ""), .array(methods.map { .string($0) })])
        }
    }
}
