import Fingerprints

/// Labels of one concept made wrong in several ways at random: half of its images lose theirs (missing), or as many
/// others get one (extra): Oikarinen et al. 2025, section 4, there with chances that give these numbers in the mean.
/// What an extra label covers is a square at a random place, as large as what one of the true ones covers.
package struct LabelDraws: Sendable {
    package static let draws = 10
    /// Labels of a concept that is tested: half of fewer would say little.
    package static let fewest = 4

    package struct Square: Sendable {
        package let draw: Int, x: Int, y: Int, side: Int
    }

    /// `[N]` the pixels of the image's own label; 0 without one.
    let pixels: [Int]
    /// `[N]` bit d: the label is kept in draw d.
    package let kept: [UInt16]
    /// `[N]` the labels that are added.
    package let extra: [[Square]]
    /// Whether there is a half to take away.
    package let isTestable: Bool

    /// Pixels a side of the images.
    private let imageSide: Int

    /// - Parameter images: the images of the concept.
    package init(_ images: [ConceptLabels.Label], of count: Int, side imageSide: Int, concept: Int, seed: UInt64) {
        var random = RandomSource(seed: seed, stream: "evidence/sanity/\(concept)")
        var pixels = [Int](repeating: 0, count: count), kept = [UInt16](repeating: 0, count: count)
        for image in images { pixels[image.index] = image.pixels }
        let shown = images.map(\.index).sorted(), others = (0..<count).filter { pixels[$0] == 0 }
        var extra = [[Square]](repeating: [], count: count)
        for draw in 0..<Self.draws {
            var order = shown
            random.shuffle(&order)
            for image in order.dropFirst(shown.count / 2) { kept[image] |= 1 << UInt16(draw) }
            var free = others
            random.shuffle(&free)
            for image in free.prefix(shown.count) {
                let area = Double(images[random.below(images.count)].pixels)
                let side = min(max(1, Int(area.squareRoot().rounded())), imageSide), room = imageSide - side + 1
                extra[image].append(Square(draw: draw, x: random.below(room), y: random.below(room), side: side))
            }
        }
        self.extra = extra
        isTestable = shown.count >= Self.fewest
        self.pixels = pixels
        self.kept = kept
        self.imageSide = imageSide
    }

    /// The labels as they are (nil), or as a draw leaves them; those where most is covered first.
    func labels(_ change: (kind: SanityTest.Change, draw: Int)?) -> [ConceptLabels.Label] {
        pixels.indices.compactMap { image -> ConceptLabels.Label? in
            if pixels[image] > 0 {
                let isLost = change?.kind == .missing && kept[image] >> UInt16(change?.draw ?? 0) & 1 == 0
                return isLost ? nil : ConceptLabels.Label(index: image, pixels: pixels[image])
            }
            guard change?.kind == .extra, let square = extra[image].first(where: { $0.draw == change?.draw }) else {
                return nil
            }
            return ConceptLabels.Label(index: image, pixels: square.side * square.side)
        }.sorted { ($1.pixels, $0.index) < ($0.pixels, $1.index) }
    }

    /// The pixels of a square, as a region.
    func region(_ square: Square) -> Region {
        var bits = [UInt64](repeating: 0, count: Region.wordCount(side: imageSide))
        for y in square.y..<square.y + square.side {
            var first = y * imageSide + square.x
            let end = first + square.side
            while first < end {
                let bit = first % 64, count = min(64 - bit, end - first)
                bits[first / 64] |= (UInt64.max >> UInt64(64 - count)) << UInt64(bit)
                first += count
            }
        }
        return Region(validBits: bits, side: imageSide)
    }
}
