import Glibc

/// How well every concept fits every filter over the evaluated images (METHOD 11), as shown beside words. U filters, C
/// concepts.
public struct ConceptScores: Sendable, Equatable {
    /// `[C]` word ids of the concepts that an evaluated image has.
    public var concepts: [Int32]
    /// N, the evaluated images.
    public var images: Int
    /// `[U, C]` Pearson correlation over images of the filter's mean activation with the concept's presence.
    public var correlation: [Float]
    /// `[U, C]` Σ |M ∩ R| / Σ |M ∪ R| over images, M the concept's mask and R the filter's active region.
    public var intersectionOverUnion: [Float]

    /// - Parameters:
    ///   - concepts: `[C]` word ids.
    ///   - images: N, the evaluated images.
    ///   - correlation: `[U, C]`, from −1 to 1.
    ///   - intersectionOverUnion: `[U, C]`, from 0 to 1.
    public init(concepts: [Int32], images: Int, correlation: [Float], intersectionOverUnion: [Float]) {
        self.concepts = concepts
        self.images = images
        self.correlation = correlation
        self.intersectionOverUnion = intersectionOverUnion
    }

    /// - Parameter ids: word ids of the concepts of `sums`, in their order.
    /// - Returns: nil where no image shows a concept.
    /// - Throws: what `EvidenceSums.scores` throws.
    public init?(_ sums: EvidenceSums, ids: [Int32], threads: Int) throws {
        let shown = sums.labels.ofConcept.indices.filter { !sums.labels.ofConcept[$0].isEmpty }
        guard !shown.isEmpty else { return nil }
        func values(_ metric: EvidenceMetric) throws -> [Float] {
            let scores = try sums.scores(metric, threads: threads)
            return (0..<sums.unitCount).flatMap { unit in shown.map { Float(scores[unit, $0]) } }
        }
        concepts = shown.map { ids[$0] }
        images = sums.imageCount
        correlation = try values(.correlation)
        intersectionOverUnion = try values(.iou)
    }

    /// What a correlation must exceed to be above chance: of 20 words without any relation to a filter, one does (the
    /// one-sided 95 % bound of Fisher's z at 0). nil for fewer than four images.
    public var chanceCorrelation: Double? {
        images > 3 ? tanh(1.6448536269514722 / Double(images - 3).squareRoot()) : nil
    }

    /// The scores of a word for the filter at `index`; nil for a word that no evaluated image is annotated with.
    public func scores(ofFilter index: Int, word: Int32) -> (correlation: Float, intersectionOverUnion: Float)? {
        guard let column = concepts.firstIndex(of: word) else { return nil }
        let place = index * concepts.count + column
        return (correlation[place], intersectionOverUnion[place])
    }
}
