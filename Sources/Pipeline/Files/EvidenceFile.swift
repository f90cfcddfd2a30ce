import HDF5
import LaViSE

/// `evidence.h5`: how well explanations fit the units (METHOD 11). D directions: words of one half scored on the other,
/// or one where words and scores share the images.
///
/// `/units` [U] int32; `/halves/<0, 1>` int32, rows of the dataset; `/images` [D] int64, how many are scored;
/// `/metrics` and `/rows/name`, strings; `/rows/score/<row>/<metric>` [U] float64, the mean of the directions;
/// `/rows/words/<row>` [D,U,5] int32 (concepts; -1 none, -2 no concept of the dataset) and `/rows/weights/<row>`
/// [D,U,5] float64; `/dissection` [D,U] float64; `/sanity/{metric, counts [n,3] int64}` (cases, fallen without labels,
/// fallen by more); `/tools/{name, unnamed int64, first}`.
package struct EvidenceFile: Sendable, Equatable {
    static let name = "evidence.h5"
    private static let wordsKept = 5

    /// What another tool's file said that could not be used.
    package struct Tool: Sendable, Equatable {
        package var name: String
        /// Units whose description names no concept of the dataset.
        package var unnamed: Int
        /// The first such description; empty without one.
        package var first: String
    }

    var units: [Int]
    /// Rows of the dataset: of the halves, or of all images.
    var halves: [[Int]]
    /// Images that each direction scores.
    var images: [Int]
    var metrics: [EvidenceMetric]
    var rows: [Faithfulness.Row]
    /// `[D][U]` the IoU of net-dissect's words where they are scored.
    var dissection: [[Double]]
    var sanity: [SanityTest]
    var tools: [Tool]

    func write(to path: String) throws {
        let file = try HDF5File.create(path), u = units.count, k = Self.wordsKept
        try file.write("units", units.map { Int32($0) })
        for (number, rows) in halves.enumerated() { try file.write("halves/\(number)", rows.map { Int32($0) }) }
        try file.write("images", images.map { Int64($0) })
        try file.write("metrics", strings: metrics.map(\.rawValue))
        try file.write("rows/name", strings: rows.map(\.name))
        for row in rows {
            for metric in metrics {
                try file.write("rows/score/\(row.name)/\(metric.rawValue)", row.scores[metric] ?? [])
            }
            guard !row.words.isEmpty else { continue }
            let kept = row.words.flatMap { $0 }.map { words in
                words.prefix(k).map { Optional($0) }
                    + [WordExplanations.Word?](repeating: nil, count: k - min(k, words.count))
            }
            let shape = [row.words.count, u, k]
            try file.write(
                "rows/words/\(row.name)", kept.joined().map { $0.map { Int32($0.concept ?? -2) } ?? -1 }, shape: shape)
            try file.write("rows/weights/\(row.name)", kept.joined().map { $0?.weight ?? 0 }, shape: shape)
        }
        try file.write("dissection", dissection.flatMap { $0 }, shape: [dissection.count, u])
        try file.write("sanity/metric", strings: sanity.map(\.metric))
        try file.write(
            "sanity/counts", sanity.flatMap { [$0.cases, $0.fellByMissing, $0.fellByExtra].map { Int64($0) } },
            shape: [sanity.count, 3])
        try file.write("tools/name", strings: tools.map(\.name))
        try file.write("tools/unnamed", tools.map { Int64($0.unnamed) })
        try file.write("tools/first", strings: tools.map(\.first))
        try file.close()
    }

    /// - Throws: `HDF5Error`, or `ExperimentError` for a metric that this version does not know.
    static func read(_ path: String) throws -> EvidenceFile {
        let file = try HDF5File.open(path)
        let metrics = try file.readStrings("metrics").map { name in
            guard let metric = EvidenceMetric(rawValue: name) else {
                throw ExperimentError("\(path): no metric \"\(name)\"; run again with --force evidence")
            }
            return metric
        }
        let units = try file.read("units", as: Int32.self).map { Int($0) }
        let rows = try file.readStrings("rows/name").map { name -> Faithfulness.Row in
            var row = Faithfulness.Row(name: name, scores: [:], words: [])
            for metric in metrics { row.scores[metric] = try file.read("rows/score/\(name)/\(metric.rawValue)") }
            guard file.contains("rows/words/\(name)") else { return row }
            let concepts: [Int32] = try file.read("rows/words/\(name)"),
                weights: [Double] = try file.read("rows/weights/\(name)")
            let words = stride(from: 0, to: concepts.count, by: wordsKept).map { start in
                (start..<start + wordsKept).filter { concepts[$0] != -1 }.map {
                    WordExplanations.Word(concept: concepts[$0] < 0 ? nil : Int(concepts[$0]), weight: weights[$0])
                }
            }
            row.words = stride(from: 0, to: words.count, by: max(units.count, 1)).map {
                Array(words[$0..<$0 + units.count])
            }
            return row
        }
        let dissection: [Double] = try file.read("dissection")
        let names = try file.readStrings("sanity/metric"),
            counts = try file.read("sanity/counts", as: Int64.self).map { Int($0) }
        let unnamed: [Int64] = try file.read("tools/unnamed"), first = try file.readStrings("tools/first")
        return EvidenceFile(
            units: units,
            halves: try [0, 1].filter { file.contains("halves/\($0)") }.map {
                try file.read("halves/\($0)", as: Int32.self).map { Int($0) }
            },
            images: try file.read("images", as: Int64.self).map { Int($0) }, metrics: metrics, rows: rows,
            dissection: stride(from: 0, to: dissection.count, by: max(units.count, 1)).map {
                Array(dissection[$0..<$0 + units.count])
            },
            sanity: names.indices.map {
                SanityTest(
                    metric: names[$0], cases: counts[3 * $0], fellByMissing: counts[3 * $0 + 1],
                    fellByExtra: counts[3 * $0 + 2])
            },
            tools: try file.readStrings("tools/name").enumerated().map {
                Tool(name: $1, unnamed: Int(unnamed[$0]), first: first[$0])
            })
    }
}
