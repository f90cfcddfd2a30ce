/// The explanations of a layer's units, scored by metrics that pass sanity checks (METHOD 11): words chosen on one half
/// of the images are scored on the other half, and the other way round.
public struct Faithfulness: Sendable {
    /// The rows beside the methods and other tools' files.
    public enum Peer: String, CaseIterable, Sendable {
        /// argmax IoU (Bau et al., "Network dissection", CVPR 2017).
        case netDissect = "net-dissect"
        /// argmax Pearson correlation of a unit's means and the concept.
        case correlation
        /// `LinearExplanation`.
        case linear
        /// The concept with the most training samples, for every unit.
        case constant
        /// A concept drawn at random: the exact expectation.
        case random
        /// The highest score that one word can have.
        case best
    }

    /// One way of choosing words, with its scores.
    public struct Row: Sendable, Equatable {
        /// A method's, a `Peer`'s, or what another tool's file is called.
        public var name: String
        /// By metric, `[U]`: the mean of both directions.
        public var scores: [EvidenceMetric: [Double]]
        /// The words chosen on the first half and on the second, `[U]` each; empty for `random` and `best`.
        public var words: [[[WordExplanations.Word]]]

        /// - Parameters:
        ///   - scores: by metric, `[U]`.
        ///   - words: by direction, `[U]`; empty for `random` and `best`.
        public init(name: String, scores: [EvidenceMetric: [Double]], words: [[[WordExplanations.Word]]]) {
            self.name = name
            self.scores = scores
            self.words = words
        }
    }

    /// Methods and other tools' files in the order given, then the peers.
    public var rows: [Row]
    /// `[U]` the IoU of `net-dissect`'s word on the images that it is scored on, for each direction.
    public var dissection: [[Double]]

    /// One half of the images (or all of them): what its maps say, and what explanations were chosen on it.
    public struct Half: Sendable {
        /// What the maps and masks of these images say.
        public var sums: EvidenceSums
        /// The methods' explanations, and other tools'.
        public var explanations: [WordExplanations]

        /// - Parameter explanations: chosen on these images.
        public init(sums: EvidenceSums, explanations: [WordExplanations]) {
            self.sums = sums
            self.explanations = explanations
        }
    }

    /// - Parameters:
    ///   - directions: each the half that words are chosen on, and the half that they are scored on. Explanations stand
    ///     in the same order in all.
    ///   - frequent: the concept with the most training samples; nil where there is none.
    /// - Throws: `EvaluationError`.
    public init(
        _ directions: [(chosen: Half, scored: Half)], metrics: [EvidenceMetric], frequent: Int?, seed: UInt64,
        threads: Int
    ) throws {
        var parts: [[Row]] = []
        dissection = []
        for (chosen, scored) in directions {
            let sums = scored.sums, units = sums.unitCount
            let peers = try Self.peers(chosen.sums, frequent: frequent, seed: seed, threads: threads)
            let said = chosen.explanations + peers
            var rows = said.map { Row(name: $0.name, scores: [:], words: [$0.words]) }
            rows += [Peer.random, .best].map { Row(name: $0.rawValue, scores: [:], words: []) }
            for metric in metrics {
                let matrix = try sums.scores(metric, threads: threads)
                let ofRows = try concurrentMap(said.count, threads: threads) { said[$0].scores(metric, matrix, sums) }
                for (index, scores) in ofRows.enumerated() { rows[index].scores[metric] = scores }
                rows[said.count].scores[metric] = (0..<units).map {
                    matrix.row($0).reduce(0, +) / Double(max(matrix.concepts, 1))
                }
                rows[said.count + 1].scores[metric] = (0..<units).map { matrix.row($0).max() ?? 0 }
            }
            let iou = try sums.scores(.iou)
            dissection.append(
                peers[0].words.enumerated().map { unit, words in words[0].concept.map { iou[unit, $0] } ?? 0 })
            parts.append(rows)
        }
        rows = (parts.first ?? []).indices.map { index in
            let all = parts.map { $0[index] }
            var mean = all[0]
            for metric in metrics {
                mean.scores[metric] = (mean.scores[metric] ?? []).indices.map { unit in
                    all.reduce(0) { $0 + ($1.scores[metric]?[unit] ?? 0) } / Double(all.count)
                }
            }
            mean.words = all.flatMap(\.words)
            return mean
        }
    }

    /// `net-dissect`, `correlation`, `linear`, `constant`, chosen on some images.
    private static func peers(_ sums: EvidenceSums, frequent: Int?, seed: UInt64, threads: Int) throws
        -> [WordExplanations]
    {
        let units = sums.unitCount
        return [
            .highest(try sums.scores(.iou), units: units, name: Peer.netDissect.rawValue),
            .highest(try sums.scores(.correlation, threads: threads), units: units, name: Peer.correlation.rawValue),
            .linear(
                try LinearExplanation(sums, seed: seed, threads: threads), units: units, name: Peer.linear.rawValue),
            .constant(frequent, units: units, name: Peer.constant.rawValue),
        ]
    }
}
