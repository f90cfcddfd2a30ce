import Tensors

/// The cosine-similarity margin ranking loss (METHOD 5; A eq. 1), margin 1, with its gradient and the ranks behind
/// hit@k.
///
/// For a prediction v̂ with positive concepts P among C, cosines s_c = cos(v̂, v_c) and s⁺ = mean of s_c over P:
/// loss = Σ_{c ∉ P} max(0, 1 − s⁺ + s_c).
package struct CSMRLoss: Sendable {
    /// Number of concepts, C.
    let concepts: Int
    /// Numbers in a vector, 300.
    let width: Int
    /// Concept vectors of length 1, `[C, width]`; a zero vector stays zero.
    private let units: [Float]
    /// They as the right factor of the cosines, `[width, C]`, and of the gradient, `[C, width]`.
    private let unitColumns, unitRows: PackedMatrix
    /// Their sum: the gradient where every hinge is open.
    private let unitSum: [Float]
    /// A row with fewer closed hinges than C over this is summed up from `unitSum`, without a matrix product.
    private static let sparseShare = 12

    private static let epsilon: Float = 1e-12  // of torch.nn.functional.normalize

    package init(concepts vectors: Tensor) {
        concepts = vectors.shape[0]
        width = vectors.shape[1]
        var units = vectors.data, sum = [Double](repeating: 0, count: vectors.shape[1])
        for row in 0..<vectors.shape[0] {
            let range = row * vectors.shape[1]..<(row + 1) * vectors.shape[1]
            let norm = max(
                units[range].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot(), Double(CSMRLoss.epsilon))
            for index in range {
                units[index] = Float(Double(units[index]) / norm)
                sum[index - range.lowerBound] += Double(units[index])
            }
        }
        self.units = units
        (unitColumns, unitRows) = units.withUnsafeBufferPointer { [concepts, width] units in
            let matrix = MatrixView(units.baseAddress!, rowStride: width)
            return (
                PackedMatrix(matrix.transposed, terms: width, columns: concepts),
                PackedMatrix(matrix, terms: concepts, columns: width)
            )
        }
        unitSum = sum.map { Float($0) }
    }

    /// Losses and ranks of some predictions, and the gradient where one is asked for.
    /// - Parameters:
    ///   - predictions: `[count, width]`
    ///   - positives: for every row its positive concepts, distinct and not empty.
    ///   - products: memory to compute in.
    ///   - cosines: scratch, `[count, C]`
    ///   - losses: `[count]`
    ///   - ranks: `[count]`: how many concepts are nearer than the nearest positive one (ties: lower index first);
    ///     hit@k means rank < k.
    ///   - gradient: `[count, width]`: ∂(scale · Σ losses)/∂predictions
    package func evaluate(
        _ predictions: UnsafePointer<Float>, count: Int, positives: (Int) -> UnsafeBufferPointer<Int32>,
        products: MatrixProducts = MatrixProducts(), cosines: UnsafeMutablePointer<Float>,
        losses: UnsafeMutablePointer<Double>, ranks: UnsafeMutablePointer<Int32>,
        gradient: UnsafeMutablePointer<Float>? = nil, scale: Float = 1
    ) {
        units.withUnsafeBufferPointer { units in
            guard let units = units.baseAddress else { return }
            products.multiply(
                MatrixView(predictions, rowStride: width), by: unitColumns, rows: count, into: cosines,
                rowStride: concepts)
            var closed = 0
            for row in 0..<count {
                let norm = max(dot(predictions + row * width, predictions + row * width).squareRoot(), CSMRLoss.epsilon)
                let outcome = rank(cosines + row * concepts, positives(row), scalingBy: 1 / norm)
                losses[row] = outcome.loss
                ranks[row] = outcome.rank
                closed += concepts - Int(outcome.open)
            }
            guard let gradient else { return }
            // The same sum either way; which way depends on the numbers alone.
            if closed < count * concepts / CSMRLoss.sparseShare {
                for row in 0..<count {
                    sumGradient(cosines + row * concepts, positives(row), scale, units, gradient + row * width)
                }
            } else {
                for row in 0..<count { writeCoefficients(cosines + row * concepts, positives(row), scale) }
                products.multiply(
                    MatrixView(cosines, rowStride: concepts), by: unitRows, rows: count, into: gradient,
                    rowStride: width)
            }
            for row in 0..<count { throughNormalisation(predictions + row * width, gradient + row * width) }
        }
    }

    private struct Outcome {
        var loss: Double
        var rank: Int32
        /// Concepts outside P whose hinge is open.
        var open: Int32
    }

    /// Turns a row of products into cosines, and goes through them once.
    private func rank(
        _ row: UnsafeMutablePointer<Float>, _ positives: UnsafeBufferPointer<Int32>, scalingBy factor: Float
    ) -> Outcome {
        var best = -Float.infinity, bestConcept = Int32.max, bestCount: Int32 = 0
        for concept in positives {
            let cosine = row[Int(concept)] * factor
            if cosine > best { (best, bestConcept, bestCount) = (cosine, concept, 0) }
            if cosine == best { (bestConcept, bestCount) = (min(bestConcept, concept), bestCount + 1) }
        }
        let shift = shift(row, positives, scalingBy: factor)
        var sums = SIMD8<Float>.zero, open = SIMD8<Int32>.zero, above = SIMD8<Int32>.zero, equal = SIMD8<Int32>.zero
        let vectors = UnsafeMutableRawPointer(row)
        let whole = concepts / 8 * 8
        for concept in stride(from: 0, to: whole, by: 8) {
            let cosine = vectors.loadUnaligned(fromByteOffset: concept * 4, as: SIMD8<Float>.self) * factor
            vectors.storeBytes(of: cosine, toByteOffset: concept * 4, as: SIMD8<Float>.self)
            let hinge = cosine + shift
            sums += hinge.replacing(with: 0, where: hinge .<= 0)
            open = open.replacing(with: open &+ 1, where: hinge .> 0)
            above = above.replacing(with: above &+ 1, where: cosine .> best)
            equal = equal.replacing(with: equal &+ 1, where: cosine .== best)
        }
        var result = Outcome(loss: 0, rank: above.wrappedSum(), open: open.wrappedSum())
        var ties = equal.wrappedSum() &- bestCount
        for lane in 0..<8 { result.loss += Double(sums[lane]) }
        for concept in whole..<concepts {
            row[concept] *= factor
            let hinge = row[concept] + shift
            if hinge > 0 {
                result.loss += Double(hinge)
                result.open += 1
            }
            if row[concept] > best { result.rank += 1 }
            if row[concept] == best { ties += 1 }
        }
        for concept in positives where row[Int(concept)] + shift > 0 {
            result.loss -= Double(row[Int(concept)] + shift)
            result.open -= 1
        }
        if ties > 0 {
            for concept in 0..<Int(bestConcept) where row[concept] == best { result.rank += 1 }
        }
        if !shift.isFinite { result.loss = .nan }
        return result
    }

    /// 1 − s⁺
    private func shift(
        _ row: UnsafePointer<Float>, _ positives: UnsafeBufferPointer<Int32>, scalingBy factor: Float = 1
    ) -> Float {
        1 - positives.reduce(0) { $0 + row[Int($1)] * factor } / Float(positives.count)
    }

    /// Overwrites cosines with ∂(scale · loss)/∂cosine.
    private func writeCoefficients(
        _ row: UnsafeMutablePointer<Float>, _ positives: UnsafeBufferPointer<Int32>, _ scale: Float
    ) {
        let shift = shift(row, positives)
        for concept in positives { row[Int(concept)] = -.infinity }
        var open = 0
        for concept in 0..<concepts where row[concept] + shift > 0 { open += 1 }
        for concept in 0..<concepts { row[concept] = row[concept] + shift > 0 ? scale : 0 }
        for concept in positives { row[Int(concept)] = -scale * Float(open) / Float(positives.count) }
    }

    /// ∂(scale · loss)/∂(unit prediction) = scale · (Σ all − Σ closed − Σ over P of (1 + open / |P|)), of concept
    /// vectors.
    private func sumGradient(
        _ row: UnsafeMutablePointer<Float>, _ positives: UnsafeBufferPointer<Int32>, _ scale: Float,
        _ units: UnsafePointer<Float>,
        _ gradient: UnsafeMutablePointer<Float>
    ) {
        let shift = shift(row, positives)
        for concept in positives { row[Int(concept)] = .infinity }  // open, to be taken out below
        for i in 0..<width { gradient[i] = unitSum[i] }
        func add(_ factor: Float, _ concept: Int) {
            let unit = units + concept * width
            for i in 0..<width { gradient[i] += factor * unit[i] }
        }
        var closed = 0
        let vectors = UnsafeRawPointer(row), whole = concepts / 8 * 8
        for start in stride(from: 0, to: whole, by: 8)
        where any(vectors.loadUnaligned(fromByteOffset: start * 4, as: SIMD8<Float>.self) + shift .<= 0) {
            for concept in start..<start + 8 where row[concept] + shift <= 0 {
                add(-1, concept)
                closed += 1
            }
        }
        for concept in whole..<concepts where row[concept] + shift <= 0 {
            add(-1, concept)
            closed += 1
        }
        let open = concepts - closed - positives.count
        for concept in positives { add(-1 - Float(open) / Float(positives.count), Int(concept)) }
        for i in 0..<width { gradient[i] *= scale }
    }

    /// Takes a gradient for p/‖p‖ (in place) to one for p: (g − p̂ (p̂·g)) / ‖p‖.
    private func throughNormalisation(_ prediction: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>) {
        let norm = dot(prediction, prediction).squareRoot()
        let along = norm > CSMRLoss.epsilon ? dot(prediction, gradient) / (norm * norm) : 0
        let factor = 1 / max(norm, CSMRLoss.epsilon)
        for i in 0..<width { gradient[i] = (gradient[i] - prediction[i] * along) * factor }
    }

    private func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>) -> Float {
        var sums = SIMD8<Float>.zero
        let whole = width / 8 * 8
        let a8 = UnsafeRawPointer(a), b8 = UnsafeRawPointer(b)
        for i in stride(from: 0, to: whole, by: 8) {
            sums +=
                a8.loadUnaligned(fromByteOffset: i * 4, as: SIMD8<Float>.self)
                * b8.loadUnaligned(fromByteOffset: i * 4, as: SIMD8<Float>.self)
        }
        var sum = sums.sum()
        for i in whole..<width { sum += a[i] * b[i] }
        return sum
    }
}
