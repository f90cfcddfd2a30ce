/// How well a word fits a unit: the metrics that pass the sanity checks of Oikarinen et al., "Evaluating neuron
/// explanations: a unified framework with sanity checks" (ICML 2025), as METHOD 11 defines them.
public enum EvidenceMetric: String, Sendable, CaseIterable, Codable {
    /// Intersection over union of the word's masks and the unit's active regions, over all images' pixels.
    case iou
    /// The same areas' F1, 2 · intersection / sum.
    case f1
    /// Pearson over images and grid cells: the unit's map, and the share of the cell that the word covers.
    case pixelCorrelation = "pixel-corr"
    /// Pearson over images: the map's mean, and whether the word is in the crop.
    case correlation = "corr"
    /// The cosine of the same two.
    case cosine = "cos"
    /// Average precision: the images among the unit's highest 5 %, found by the share of the crop that the word covers.
    case averagePrecision = "auprc"
    /// Pearson over images: the map's mean, and the sum of the weights of the explanation's words that are in the crop.
    case simulation

    /// Whether it lies between 0 and 1, so that its interval does.
    public var isShare: Bool {
        switch self {
        case .iou, .f1, .cosine, .averagePrecision: true
        case .pixelCorrelation, .correlation, .simulation: false
        }
    }

    /// Whether it needs masks and maps, and not only what each image has of both.
    var isOfPixels: Bool { self == .iou || self == .f1 || self == .pixelCorrelation }
}

/// Intersection over union of two areas; 0 for two empty ones.
public func intersectionOverUnion(_ intersection: Int, _ a: Int, _ b: Int) -> Double {
    let union = a + b - intersection
    return union == 0 ? 0 : Double(intersection) / Double(union)
}

/// F1 of two areas; 0 for two empty ones.
public func f1(_ intersection: Int, _ a: Int, _ b: Int) -> Double {
    a + b == 0 ? 0 : 2 * Double(intersection) / Double(a + b)
}

/// What a Pearson correlation and a cosine of two rows of numbers are made of.
public struct PairSums: Sendable, Equatable {
    /// Numbers in a row.
    public var count: Int
    public var x: Double, xx: Double, y: Double, yy: Double, xy: Double

    /// - Parameters:
    ///   - count: numbers in a row.
    ///   - x: Σ x; likewise `xx` is Σ x², `y` Σ y, `yy` Σ y², and `xy` Σ x · y.
    public init(count: Int, x: Double, xx: Double, y: Double, yy: Double, xy: Double) {
        (self.count, self.x, self.xx, self.y, self.yy, self.xy) = (count, x, xx, y, yy, xy)
    }

    /// 0 where one of the rows is the same number throughout: it says nothing of the other.
    public var pearson: Double {
        let n = Double(count), dx = n * xx - x * x, dy = n * yy - y * y
        // What rounding leaves of a row of equal numbers.
        guard count > 0, dx > 1e-12 * n * xx, dy > 1e-12 * n * yy else { return 0 }
        return (n * xy - x * y) / (dx.squareRoot() * dy.squareRoot())
    }

    /// 0 where one of the rows is 0 throughout.
    public var cosine: Double { xx > 0 && yy > 0 ? xy / (xx.squareRoot() * yy.squareRoot()) : 0 }
}
