import Fingerprints

/// Units as weighted sums of concepts: ridge regression from the concepts of an image to the mean of a unit's map
/// (Oikarinen and Weng, "Linear explanations for individual neurons", ICML 2024, with labels in the place of a model's
/// guesses).
///
/// λ is chosen for every unit by five-fold cross-validation over the images, cut by the seed: the one with the smallest
/// squared error; ties: the larger.
public struct LinearExplanation: Sendable {
    /// The λ that are tried, ascending.
    public static let penalties: [Double] = [0.1, 1, 10, 100, 1000, 10_000]
    static let folds = 5

    /// `[U, C]`
    public let weights: [Double]
    /// `[U]`
    public let penalties: [Double]
    private let concepts: Int

    /// - Throws: `EvaluationError` when there are too few images to cut.
    public init(_ sums: EvidenceSums, seed: UInt64, threads: Int) throws {
        let images = sums.imageCount, units = sums.unitCount
        concepts = sums.conceptCount
        var order = Array(0..<images), random = RandomSource(seed: seed, stream: "evidence/folds")
        random.shuffle(&order)
        let folds = min(Self.folds, images)
        var cut = [Int](repeating: 0, count: images)
        for (place, image) in order.enumerated() { cut[image] = place % folds }
        let held = cut
        let candidates = Self.penalties
        // Every fold's regression at every λ, then the squared errors on the images that it did not see.
        let errors = try concurrentMap(folds, threads: threads) { fold -> [[Double]] in
            let regression = RidgeRegression(sums, images: (0..<images).filter { held[$0] != fold })
            let unseen = (0..<images).filter { held[$0] == fold }
            return try candidates.map {
                regression.squaredErrors(try regression.weights(penalty: $0), on: unseen, sums)
            }
        }
        let chosen = (0..<units).map { unit -> Int in
            let totals = candidates.indices.map { candidate in errors.reduce(0) { $0 + $1[candidate][unit] } }
            return candidates.indices.reversed().reduce(candidates.count - 1) { totals[$1] < totals[$0] ? $1 : $0 }
        }
        let regression = RidgeRegression(sums, images: Array(0..<images))
        let solutions = try concurrentMap(candidates.count, threads: threads) { candidate in
            chosen.contains(candidate) ? try regression.weights(penalty: candidates[candidate]) : []
        }
        penalties = chosen.map { candidates[$0] }
        let concepts = concepts
        weights = (0..<units).flatMap { unit in (0..<concepts).map { solutions[chosen[unit]][$0 * units + unit] } }
    }

    /// The concepts with the `count` largest weights above 0, the largest first; ties: the lower concept.
    public func words(of unit: Int, count: Int = 5) -> [(concept: Int, weight: Double)] {
        let row = weights[unit * concepts..<(unit + 1) * concepts]
        return row.indices.sorted { (-row[$0], $0) < (-row[$1], $1) }.prefix(count)
            .map { (concept: $0 - row.startIndex, weight: row[$0]) }.filter { $0.weight > 0 }
    }
}

/// Ridge regression from concepts to units with an intercept that is not penalised.
package struct RidgeRegression: Sendable {
    private let units: Int, concepts: Int
    /// `[C, C]` Σ (c − c̄)(c − c̄)ᵀ
    private var gram: [Double]
    /// `[C, U]` Σ (c − c̄)(a − ā)
    private var products: [Double]
    private var conceptMeans: [Double], unitMeans: [Double]

    package init(_ sums: EvidenceSums, images: [Int]) {
        units = sums.unitCount
        concepts = sums.conceptCount
        let units = units, concepts = concepts, n = Double(max(images.count, 1))
        var gram = [Double](repeating: 0, count: concepts * concepts),
            products = [Double](repeating: 0, count: concepts * units)
        var conceptMeans = [Double](repeating: 0, count: concepts), unitMeans = [Double](repeating: 0, count: units)
        var activity = [Double](repeating: 0, count: units)
        for image in images {
            for unit in 0..<units { activity[unit] = Double(sums.means[unit * sums.imageCount + image]) }
            for unit in 0..<units { unitMeans[unit] += activity[unit] }
            for label in sums.labels.ofImage[image] {
                conceptMeans[label.index] += 1
                for other in sums.labels.ofImage[image] { gram[label.index * concepts + other.index] += 1 }
                for unit in 0..<units { products[label.index * units + unit] += activity[unit] }
            }
        }
        for concept in 0..<concepts { conceptMeans[concept] /= n }
        for unit in 0..<units { unitMeans[unit] /= n }
        for concept in 0..<concepts where conceptMeans[concept] > 0 {
            for other in 0..<concepts {
                gram[concept * concepts + other] -= n * conceptMeans[concept] * conceptMeans[other]
            }
            for unit in 0..<units { products[concept * units + unit] -= n * conceptMeans[concept] * unitMeans[unit] }
        }
        self.gram = gram
        self.products = products
        self.conceptMeans = conceptMeans
        self.unitMeans = unitMeans
    }

    /// `[C, U]`
    /// - Throws: `EvaluationError` when the numbers are not finite.
    package func weights(penalty: Double) throws -> [Double] {
        var matrix = gram
        for concept in 0..<concepts { matrix[concept * concepts + concept] += penalty }
        guard let solver = CholeskySolver(matrix, size: concepts) else {
            throw EvaluationError.notFinite("a mean activation")
        }
        var weights = products
        solver.solve(&weights, columns: units)
        return weights
    }

    /// `[U]` Σ over images of the squared error.
    package func squaredErrors(_ weights: [Double], on images: [Int], _ sums: EvidenceSums) -> [Double] {
        var base = unitMeans
        for concept in 0..<concepts where conceptMeans[concept] > 0 {
            for unit in 0..<units { base[unit] -= weights[concept * units + unit] * conceptMeans[concept] }
        }
        var errors = [Double](repeating: 0, count: units)
        for image in images {
            var predicted = base
            for label in sums.labels.ofImage[image] {
                for unit in 0..<units { predicted[unit] += weights[label.index * units + unit] }
            }
            for unit in 0..<units {
                let error = predicted[unit] - Double(sums.means[unit * sums.imageCount + image])
                errors[unit] += error * error
            }
        }
        return errors
    }
}
