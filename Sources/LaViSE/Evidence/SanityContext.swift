import Tensors

/// What the sanity tests of one half read: some images and units, and wrong labels of every concept.
struct SanityContext: Sendable {
    typealias Case = (score: Double, missing: Double, extra: Double)

    let data: any EvaluationData
    let sums: EvidenceSums
    /// Channels of the data, places in `sums` and thresholds of the units looked at.
    let channels: [Int], units: [Int], thresholds: [Float]
    /// Rows of the images looked at.
    let images: [Int]
    /// `[C]`
    let draws: [LabelDraws]
    let finder: RegionFinder
    let threads: Int

    // MARK: Metrics of whole images

    func ofImages(_ metrics: [EvidenceMetric]) throws -> [SanityTest] {
        try metrics.filter { !$0.isOfPixels }.map { metric in
            try test(metric.rawValue, sums.scores(metric, threads: threads)) { score($0, metric, $1) }
        } + [
            test(SanityTest.areaUnderROC, sums.areasUnderROC(threads: threads)) { means, labels in
                var isLabelled = [Bool](repeating: false, count: means.count)
                for label in labels { isLabelled[label.index] = true }
                return areaUnderROC(means[...], isLabelled: isLabelled)
            }
        ]
    }

    private func test(
        _ name: String, _ matrix: ScoreMatrix,
        _ score: @Sendable (_ means: [Float], _ labels: [ConceptLabels.Label]) -> Double
    ) throws -> SanityTest {
        let cases = try concurrentMap(units.count, threads: threads) { place -> Case? in
            let unit = units[place], all = sums.means(of: unit), means = images.map { all[all.startIndex + $0] }
            guard means.contains(where: { $0 != means[0] }) else { return nil }
            guard let best = best(of: unit, matrix) else { return nil }
            let wrong = draws[best]
            func mean(_ kind: SanityTest.Change) -> Double {
                (0..<LabelDraws.draws).reduce(0) { $0 + score(means, wrong.labels((kind, $1))) }
                    / Double(LabelDraws.draws)
            }
            return (score(means, wrong.labels(nil)), mean(.missing), mean(.extra))
        }
        return SanityTest(name, cases.compactMap { $0 }, range: matrix.range)
    }

    /// The concept that a metric finds best for a unit, of those that can be tested.
    private func best(of unit: Int, _ matrix: ScoreMatrix) -> Int? {
        draws.indices.filter { draws[$0].isTestable }.max { (matrix[unit, $0], $1) < (matrix[unit, $1], $0) }
    }

    private func score(_ means: [Float], _ metric: EvidenceMetric, _ labels: [ConceptLabels.Label]) -> Double {
        if metric == .averagePrecision {
            let isHighest = highest(means[...])
            return averagePrecision(isPositive: isHighest, positives: isHighest.count { $0 }, scored: labels)
        }
        var pair = PairSums(count: means.count, x: 0, xx: 0, y: Double(labels.count), yy: Double(labels.count), xy: 0)
        for mean in means {
            pair.x += Double(mean)
            pair.xx += Double(mean) * Double(mean)
        }
        for label in labels { pair.xy += Double(means[label.index]) }
        return metric == .cosine ? pair.cosine : pair.pearson
    }

    // MARK: Metrics of pixels

    /// What a unit and a concept's labels have come to: as they are, and for every draw of wrong ones.
    private struct Areas {
        var pixels = 0, common = 0
        var share = 0.0, squares = 0.0, product = 0.0

        mutating func add(_ other: Areas) {
            pixels += other.pixels
            common += other.common
            share += other.share
            squares += other.squares
            product += other.product
        }
    }

    private struct Tally {
        var own = Areas()
        var missing = [Areas](repeating: Areas(), count: LabelDraws.draws),
            extra = [Areas](repeating: Areas(), count: LabelDraws.draws)
        var regionPixels = 0, map = 0.0, mapSquares = 0.0
    }

    func ofPixels(_ metrics: [EvidenceMetric]) throws -> [SanityTest] {
        var asked = try metrics.filter(\.isOfPixels).map { ($0.rawValue, try sums.scores($0), Optional($0)) }
        asked.append((SanityTest.recall, sums.recalls(), nil))
        let best = asked.map { asked in units.map { self.best(of: $0, asked.1) ?? 0 } }
        let tallies = try tallies(best)
        return asked.enumerated().map { index, asked in
            let cases = units.indices.compactMap { place -> Case? in
                let tally = tallies[place][index]
                func score(_ areas: Areas) -> Double { self.score(asked.2, tally, areas) }
                guard draws[best[index][place]].isTestable, asked.1[units[place], best[index][place]] > 0 else {
                    return nil
                }
                let n = Double(LabelDraws.draws)
                return (
                    score(tally.own), tally.missing.reduce(0) { $0 + score($1) } / n,
                    tally.extra.reduce(0) { $0 + score($1) } / n
                )
            }
            return SanityTest(asked.0, cases, range: asked.1.range)
        }
    }

    private func score(_ metric: EvidenceMetric?, _ tally: Tally, _ areas: Areas) -> Double {
        switch metric {
        case .iou: intersectionOverUnion(areas.common, tally.regionPixels, areas.pixels)
        case .f1: f1(areas.common, tally.regionPixels, areas.pixels)
        case nil: tally.regionPixels == 0 ? 0 : Double(areas.common) / Double(tally.regionPixels)
        default:
            PairSums(
                count: images.count * data.positions, x: tally.map, xx: tally.mapSquares, y: areas.share,
                yy: areas.squares,
                xy: areas.product
            ).pearson
        }
    }

    /// `[units][metrics]`, each of the metric's best concept.
    private func tallies(_ best: [[Int]]) throws -> [[Tally]] {
        let size = data.channels * data.positions, blockSize = max(1, min(images.count, (64 << 20) / (4 * size)))
        let block = try SharedBuffer<Float>(repeating: 0, count: blockSize * size)
        let grid = GridCells(height: data.mapHeight, width: data.mapWidth, side: data.side)
        var tallies = [[Tally]](repeating: [Tally](repeating: Tally(), count: best.count), count: units.count)
        for first in stride(from: 0, to: images.count, by: blockSize) {
            let part = first..<min(first + blockSize, images.count)
            let labelled = try concurrentMap(part.count, threads: threads) { i in
                try block.with(from: i * size) { try data.maps(images[first + i], into: $0) }
                return try LabelledImage(data.truth(images[first + i]), grid: grid)
            }
            let before = tallies
            tallies = try concurrentMap(units.count, threads: threads) { place in
                var tally = before[place]
                for (i, image) in labelled.enumerated() {
                    block.with(from: i * size + channels[place] * data.positions) {
                        look($0, at: first + i, image, grid, unit: place, best.map { $0[place] }, &tally)
                    }
                }
                return tally
            }
        }
        return tallies
    }

    private func look(
        _ map: UnsafePointer<Float>, at image: Int, _ labelled: LabelledImage, _ grid: GridCells, unit: Int,
        _ concepts: [Int],
        _ tallies: inout [Tally]
    ) {
        let cells = UnsafeBufferPointer(start: map, count: data.positions)
        let found = finder.region(of: map, above: thresholds[unit])
        func areas(_ mask: Region, _ pixels: Int, _ shares: [Float]) -> Areas {
            var areas = Areas(pixels: pixels, common: found.map { mask.common($0.region, words: $0.words) } ?? 0)
            for (cell, share) in shares.enumerated() where share != 0 {
                areas.share += Double(share)
                areas.squares += Double(share) * Double(share)
                areas.product += Double(share) * Double(cells[cell])
            }
            return areas
        }
        for (index, concept) in concepts.enumerated() {
            tallies[index].regionPixels += found?.pixels ?? 0
            for value in cells {
                tallies[index].map += Double(value)
                tallies[index].mapSquares += Double(value) * Double(value)
            }
            let wrong = draws[concept]
            if let label = labelled.concepts.first(where: { $0.index == concept }) {
                let own = areas(label.mask, label.pixels, label.shares)
                tallies[index].own.add(own)
                for draw in 0..<LabelDraws.draws {
                    tallies[index].extra[draw].add(own)
                    if wrong.kept[image] >> UInt16(draw) & 1 == 1 { tallies[index].missing[draw].add(own) }
                }
            }
            for square in wrong.extra[image] {
                let region = wrong.region(square)
                tallies[index].extra[square.draw].add(
                    areas(region, square.side * square.side, grid.shares(of: region.bits)))
            }
        }
    }
}

extension ScoreMatrix {
    /// From its lowest to its highest number.
    var range: Double { (values.max() ?? 0) - (values.min() ?? 0) }
}
