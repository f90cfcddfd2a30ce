/// How well every concept fits every unit on some images, by one metric: `[U, C]`.
public struct ScoreMatrix: Sendable, Equatable {
    /// C
    public let concepts: Int
    /// `[U, C]`, row by row.
    public let values: [Double]
    /// What a word that is no concept of the dataset scores: that of a concept which no image shows.
    public let floors: [Double]

    /// The score of a concept for a unit.
    public subscript(unit: Int, concept: Int) -> Double { values[unit * concepts + concept] }

    /// The scores of a unit.
    public func row(_ unit: Int) -> ArraySlice<Double> { values[unit * concepts..<(unit + 1) * concepts] }

    /// The concept that fits a unit best; ties: the lowest.
    public func best(of unit: Int) -> Int {
        let row = row(unit)
        return (row.indices.max { (row[$0], $1) < (row[$1], $0) } ?? row.startIndex) - row.startIndex
    }
}

extension EvidenceSums {
    /// Every concept's score for every unit; of `simulation` those of explanations of one word, which are
    /// `correlation`'s.
    /// - Throws: nothing of its own: only what would end its threads.
    public func scores(_ metric: EvidenceMetric, threads: Int = 1) throws -> ScoreMatrix {
        switch metric {
        case .iou:
            matrix { unit, concept in
                intersectionOverUnion(common[unit * conceptCount + concept], regionPixels[unit], pixels(concept))
            }
        case .f1:
            matrix { unit, concept in
                LaViSE.f1(common[unit * conceptCount + concept], regionPixels[unit], pixels(concept))
            }
        case .pixelCorrelation: matrix { pixelSums($0, $1).pearson }
        case .correlation, .simulation: try imageMatrix(threads: threads, \.pearson)
        case .cosine: try imageMatrix(threads: threads, \.cosine)
        case .averagePrecision: try averagePrecisions(threads: threads)
        }
    }

    /// The share of a unit's active pixels that a concept covers. It fails the extra-label test: see `SanityTest`.
    package func recalls() -> ScoreMatrix {
        matrix { unit, concept in
            regionPixels[unit] == 0 ? 0 : Double(common[unit * conceptCount + concept]) / Double(regionPixels[unit])
        }
    }

    package func areasUnderROC(threads: Int) throws -> ScoreMatrix {
        let labelled = labels.ofConcept.map { images in
            var isLabelled = [Bool](repeating: false, count: imageCount)
            for image in images { isLabelled[image.index] = true }
            return isLabelled
        }
        let rows = try concurrentMap(unitCount, threads: threads) { unit in
            labelled.map { areaUnderROC(means(of: unit), isLabelled: $0) }
        }
        return ScoreMatrix(
            concepts: conceptCount, values: rows.flatMap { $0 }, floors: [Double](repeating: 0.5, count: unitCount))
    }

    /// Σ over images of the pixels of a concept.
    private func pixels(_ concept: Int) -> Int { labels.ofConcept[concept].reduce(0) { $0 + $1.pixels } }

    private func pixelSums(_ unit: Int, _ concept: Int) -> PairSums {
        PairSums(
            count: cells, x: maps[unit], xx: mapSquares[unit], y: shares[concept], yy: shareSquares[concept],
            xy: mapShares[unit * conceptCount + concept])
    }

    private func matrix(_ score: (_ unit: Int, _ concept: Int) -> Double) -> ScoreMatrix {
        let values = (0..<unitCount).flatMap { unit in (0..<conceptCount).map { score(unit, $0) } }
        return ScoreMatrix(concepts: conceptCount, values: values, floors: [Double](repeating: 0, count: unitCount))
    }

    private func imageMatrix(threads: Int, _ score: @Sendable (PairSums) -> Double) throws -> ScoreMatrix {
        let rows = try concurrentMap(unitCount, threads: threads) { unit in
            let means = means(of: unit), activity = Activity(means)
            return labels.ofConcept.map { images in
                let xy = images.reduce(0.0) { $0 + Double(means[means.startIndex + $1.index]) }
                return score(activity.sums(y: Double(images.count), yy: Double(images.count), xy: xy))
            }
        }
        return ScoreMatrix(
            concepts: conceptCount, values: rows.flatMap { $0 }, floors: [Double](repeating: 0, count: unitCount))
    }

    private func averagePrecisions(threads: Int) throws -> ScoreMatrix {
        let rows = try concurrentMap(unitCount, threads: threads) { unit -> [Double] in
            let isHighest = highest(means(of: unit)), count = isHighest.count { $0 }
            return labels.ofConcept.map { averagePrecision(isPositive: isHighest, positives: count, scored: $0) } + [
                Double(count) / Double(imageCount)
            ]
        }
        return ScoreMatrix(
            concepts: conceptCount, values: rows.flatMap { $0.dropLast() }, floors: rows.map { $0[conceptCount] })
    }

    /// Pearson over images of a unit's means and Σ of the weights of the words that an image shows.
    /// - Parameter words: concepts with their weights.
    public func simulation(of unit: Int, words: [(concept: Int, weight: Double)]) -> Double {
        let means = means(of: unit)
        var predicted = [Double](repeating: 0, count: imageCount)
        for (concept, weight) in words { for image in labels.ofConcept[concept] { predicted[image.index] += weight } }
        var sums = Activity(means).sums(y: 0, yy: 0, xy: 0)
        for (mean, value) in zip(means, predicted) where value != 0 {
            sums.y += value
            sums.yy += value * value
            sums.xy += Double(mean) * value
        }
        return sums.pearson
    }

    /// A unit's half of a correlation over images.
    private struct Activity {
        let count: Int
        var x = 0.0, xx = 0.0

        init(_ means: ArraySlice<Float>) {
            count = means.count
            for mean in means {
                x += Double(mean)
                xx += Double(mean) * Double(mean)
            }
        }

        func sums(y: Double, yy: Double, xy: Double) -> PairSums {
            PairSums(count: count, x: x, xx: xx, y: y, yy: yy, xy: xy)
        }
    }
}
