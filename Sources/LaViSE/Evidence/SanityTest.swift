/// Does a metric notice wrong labels? (Oikarinen et al. 2025, section 4.) Of the concept that a metric finds best for a
/// unit, of those with four labels or more, half the labels are taken away, or as many are added; the score must fall.
/// A metric passes a test where it falls for `enough` of the units.
public struct SanityTest: Sendable, Equatable {
    /// What is done to a concept's labels: half of them are taken away, or as many false ones added.
    public enum Change: String, Sendable, CaseIterable { case missing, extra }

    /// A fall counts from this share of the metric's range on.
    public static let smallest = 0.001
    /// Labels that a concept must have to be tested, and to be planted.
    public static let fewestLabels = LabelDraws.fewest
    /// The share of units for which a metric must fall.
    public static let enough = 0.9
    /// What the tests are run with that no table shows but that must fail: the share of a unit's active pixels that a
    /// concept covers, and the area under ROC.
    public static let recall = "recall", areaUnderROC = "auc"

    /// An `EvidenceMetric`, `recall`, `auc` or `recall@k`.
    public var metric: String
    /// Cases that could fall: units that the metric tells something of; of recall@k, those of each half.
    public var cases: Int
    /// How many fell without labels.
    public var fellByMissing: Int
    /// How many fell with false labels added.
    public var fellByExtra: Int

    /// - Parameter metric: an `EvidenceMetric`, `recall`, `auc` or `recall@k`.
    public init(metric: String, cases: Int, fellByMissing: Int, fellByExtra: Int) {
        (self.metric, self.cases, self.fellByMissing, self.fellByExtra) = (metric, cases, fellByMissing, fellByExtra)
    }

    /// The share of the cases that fell, from 0 to 1; 0 where there was no case.
    public func share(_ change: Change) -> Double {
        cases == 0 ? 0 : Double(change == .missing ? fellByMissing : fellByExtra) / Double(cases)
    }

    /// nil where there was no case.
    public func passes(_ change: Change) -> Bool? { cases == 0 ? nil : share(change) >= Self.enough }

    /// nil where there was no case.
    public var passes: Bool? { passes(.missing).flatMap { missing in passes(.extra).map { missing && $0 } } }

    /// Counts what fell of `cases`, each a score with the means over draws of wrong labels.
    init(_ metric: String, _ cases: [(score: Double, missing: Double, extra: Double)], range: Double) {
        let least = Self.smallest * range
        self.init(
            metric: metric, cases: cases.count, fellByMissing: cases.count { $0.missing - $0.score < -least },
            fellByExtra: cases.count { $0.extra - $0.score < -least })
    }

    /// Both together.
    public static func + (a: SanityTest, b: SanityTest) -> SanityTest {
        SanityTest(
            metric: a.metric, cases: a.cases + b.cases, fellByMissing: a.fellByMissing + b.fellByMissing,
            fellByExtra: a.fellByExtra + b.fellByExtra)
    }
}

extension SanityTest {
    /// Images and units that the tests look at, at most: of more every so many-th.
    public static let mostImages = 1024
    static let mostUnits = 256

    /// The tests of all metrics, and of `recall` and `auc`, on some images.
    ///
    /// Reads the maps of at most 1,024 images once more.
    /// - Parameters:
    ///   - sums: of the same images, which tell the best concepts.
    ///   - units: channels of the data, as in `sums`.
    /// - Throws: `EvaluationError`, or what `data` throws.
    public static func all(
        _ data: any EvaluationData, sums: EvidenceSums, units: [Int], thresholds: [Float], metrics: [EvidenceMetric],
        seed: UInt64,
        threads: Int
    ) throws -> [SanityTest] {
        let images = spread(data.imageCount, most: mostImages), chosen = spread(units.count, most: mostUnits)
        let number = Dictionary(uniqueKeysWithValues: images.enumerated().map { ($1, $0) })
        let draws = try concurrentMap(sums.conceptCount, threads: threads) { concept in
            let labels = sums.labels.ofConcept[concept].compactMap { label in
                number[label.index].map { ConceptLabels.Label(index: $0, pixels: label.pixels) }
            }
            return LabelDraws(labels, of: images.count, side: data.side, concept: concept, seed: seed)
        }
        let context = SanityContext(
            data: data, sums: sums, channels: chosen.map { units[$0] }, units: chosen,
            thresholds: chosen.map { thresholds[$0] },
            images: images, draws: draws,
            finder: RegionFinder(height: data.mapHeight, width: data.mapWidth, side: data.side), threads: threads)
        return try context.ofImages(metrics) + context.ofPixels(metrics)
    }

    /// `most` of the numbers below `count`, evenly.
    public static func spread(_ count: Int, most: Int) -> [Int] {
        count <= most ? Array(0..<count) : (0..<most).map { $0 * count / most }
    }

    /// The test of recall@k: of every image's words half are left out, or as many others of the vocabulary added.
    /// - Parameter vocabulary: the words that explanations may use.
    public static func recall(
        _ evaluation: Evaluation, method: ExplanationMethod, k: Int, vocabulary: [Int32], seed: UInt64
    ) -> SanityTest? {
        guard let said = evaluation[method], k <= evaluation.wordsPerImage else { return nil }
        let p = evaluation.summary.imagesPerFilter, s = evaluation.wordsPerImage
        let cases = evaluation.summary.filters.indices.compactMap {
            unit -> (score: Double, missing: Double, extra: Double)? in
            var random = WordDraws(seed: seed, unit: unit), sums = (0.0, 0.0, 0.0), pairs = 0.0
            for place in unit * p..<(unit + 1) * p where !evaluation.groundTruth[place].isEmpty {
                let words = Array(said.words[place * s..<place * s + k]), truth = evaluation.groundTruth[place]
                let others = vocabulary.filter { !words.contains($0) }
                sums.0 += LaViSE.recall(of: words, truth: truth)
                for _ in 0..<LabelDraws.draws {
                    sums.1 += LaViSE.recall(of: random.half(of: words), truth: truth) / Double(LabelDraws.draws)
                    sums.2 +=
                        LaViSE.recall(of: words + random.some(k, of: others), truth: truth) / Double(LabelDraws.draws)
                }
                pairs += 1
            }
            return sums.0 > 0 ? (sums.0 / pairs, sums.1 / pairs, sums.2 / pairs) : nil
        }
        return SanityTest("recall@\(k)", cases, range: 1)
    }
}
