import Fingerprints
import Imaging

/// A drawn image with the objects in it.
///
/// A later object hides what it covers of an earlier one. Masks are of the visible part, as COCO's annotators drew
/// them.
struct DemoScene {
    /// One annotation: a single object, or a group of small ones of one kind.
    struct Object {
        let kind: Int
        let isGroup: Bool
        /// Outlines in pixels, not clipped.
        let polygons: [[Point]]
        /// Pixels that it covers, and how many of them no later object hides.
        fileprivate(set) var covered: Int
        fileprivate(set) var visible: Int
    }

    let width: Int, height: Int
    private(set) var objects: [Object] = []
    private var pixels: [UInt8]
    private var random: RandomSource
    private let noise: DemoNoise
    /// The index of the object seen at every pixel, -1 where it is the background.
    private var owner: [Int16]

    /// A scene with one object of each of `kinds` (indices into DemoKind.all), earlier ones behind; the last one is a
    /// group if `endsWithGroup`. An object for which no free place is found is left out.
    init(kinds: [Int], endsWithGroup: Bool, random source: RandomSource) {
        random = source
        let long = 320 + random.below(161)
        let short = Int(Double(long) * random.uniform(0.66, 0.8))
        let isPortrait = random.uniform() < 0.4
        (width, height) = isPortrait ? (short, long) : (long, short)
        pixels = [UInt8](repeating: 0, count: width * height * 3)
        owner = [Int16](repeating: -1, count: width * height)
        noise = DemoNoise(&random)
        paintBackground()
        for (index, kind) in kinds.enumerated() { place(kind, asGroup: endsWithGroup && index == kinds.count - 1) }
    }

    /// What is drawn.
    var image: RGBImage { RGBImage(width: width, height: height, pixels: pixels) }

    /// Whether `object` is seen at a pixel.
    func shows(_ object: Int, x: Int, y: Int) -> Bool { owner[y * width + x] == Int16(object) }

    /// A dull surface of two near colours: no object looks like it.
    private mutating func paintBackground() {
        let grey = random.uniform(100, 160)
        let base = Colour(
            grey + random.uniform(-14, 14), grey + random.uniform(-14, 14), grey + random.uniform(-14, 14))
        let surface = [
            DemoTexture.clouds(random.uniform(24, 60)), .grain(random.uniform(1, 4)), .stripes(random.uniform(24, 48)),
            .checks(random.uniform(20, 40)), .gradient,
        ][random.below(5)]
        let contrast = random.uniform(8, 18)
        let radius = Double(max(width, height)) / 2
        for y in 0..<height {
            for x in 0..<width {
                let mix = surface.mix(x: Double(x) - radius, y: Double(y) - radius, radius: radius, noise: noise)
                set(base + Colour(repeating: (mix - 0.5) * 2 * contrast), coverage: 1, x: x, y: y)
            }
        }
    }

    /// Draws one object where it hides no earlier one by more than half, smaller from try to try.
    private mutating func place(_ kind: Int, asGroup: Bool) {
        var radius = Double(min(width, height)) * random.uniform(0.14, 0.3)
        for _ in 0..<40 {
            let direction = Point(1, random.uniform(-0.5, 0.5))
            let turn = direction / (direction * direction).sum().squareRoot()
            let centre = Point(
                random.uniform(0.5 * radius, Double(width) - 0.5 * radius),
                random.uniform(0.5 * radius, Double(height) - 0.5 * radius))
            let size = asGroup ? radius * 0.42 : radius
            let centres =
                asGroup
                ? (0..<7).map { _ in centre + Point(random.uniform(-1, 1), random.uniform(-1, 1)) * radius } : [centre]
            let coverages = centres.map { member in
                Coverage(
                    DemoKind.all[kind].outline.corners.map {
                        member + Point($0.x * turn.x - $0.y * turn.y, $0.x * turn.y + $0.y * turn.x) * size
                    },
                    width: width, height: height)
            }
            if hidesTooMuch(coverages) {
                radius *= 0.95
                continue
            }
            paint(kind, isGroup: asGroup, centres: centres, turn: turn, size: size, coverages: coverages)
            return
        }
    }

    /// Whether something would be seen by less than half, or fall outside the image by more than half.
    private func hidesTooMuch(_ coverages: [Coverage]) -> Bool {
        var left = objects.map(\.visible), seen = Set<Int>()
        for coverage in coverages {
            var inside = 0
            coverage.forEachPixel { x, y, share in
                guard share >= 0.5 else { return }
                inside += 1
                let at = y * width + x
                if owner[at] >= 0, seen.insert(at).inserted { left[Int(owner[at])] -= 1 }
            }
            if Double(inside) < area(coverage.polygon) / 2 { return true }
        }
        return zip(left, objects).contains { $0 * 2 < $1.covered }
    }

    private mutating func paint(
        _ index: Int, isGroup: Bool, centres: [Point], turn: Point, size: Double, coverages: [Coverage]
    ) {
        let kind = DemoKind.all[index]
        let light = random.uniform(0.88, 1.1),
            tint = Colour(random.uniform(-8, 8), random.uniform(-8, 8), random.uniform(-8, 8))
        let zoom = random.uniform(0.9, 1.15)
        var object = Object(kind: index, isGroup: isGroup, polygons: coverages.map(\.polygon), covered: 0, visible: 0)
        for (centre, coverage) in zip(centres, coverages) {
            coverage.forEachPixel { x, y, share in
                let offset = Point(Double(x) + 0.5, Double(y) + 0.5) - centre
                let along = (offset * turn).sum(), across = offset.y * turn.x - offset.x * turn.y
                let mix = kind.texture.mix(x: along / zoom, y: across / zoom, radius: size / zoom, noise: noise)
                let shade = light * (1 - 0.14 * (offset.x + offset.y) / size)
                set((kind.colours.0 * (1 - mix) + kind.colours.1 * mix + tint) * shade, coverage: share, x: x, y: y)
                let at = y * width + x
                guard share >= 0.5, owner[at] != Int16(objects.count) else { return }
                if owner[at] >= 0 { objects[Int(owner[at])].visible -= 1 }
                owner[at] = Int16(objects.count)
                object.covered += 1
            }
        }
        object.visible = object.covered
        objects.append(object)
    }

    private mutating func set(_ colour: Colour, coverage: Double, x: Int, y: Int) {
        for channel in 0..<3 {
            let at = (y * width + x) * 3 + channel
            let mixed = Double(pixels[at]) * (1 - coverage) + colour[channel] * coverage
            // `rounded()` would be a call, and a branch here is foreseen half of the time.
            let level = min(max(mixed, 0), 255), whole = Int32(level)
            let above: Int32 = level - Double(whole) >= 0.5 ? 1 : 0
            pixels[at] = UInt8(truncatingIfNeeded: whole &+ above)
        }
    }
}

/// How much of every pixel a polygon covers: exact along rows, four lines a row.
struct Coverage {
    let polygon: [Point]
    private let left: Int, top: Int, width: Int
    private let shares: [Double]

    /// Within an image of `width`×`height` pixels.
    init(_ polygon: [Point], width imageWidth: Int, height imageHeight: Int) {
        self.polygon = polygon
        let low = polygon.reduce(polygon[0], pointwiseMin), high = polygon.reduce(polygon[0], pointwiseMax)
        left = max(0, Int(low.x.rounded(.down)))
        top = max(0, Int(low.y.rounded(.down)))
        width = max(0, min(imageWidth, Int(high.x.rounded(.up))) - left)
        let height = max(0, min(imageHeight, Int(high.y.rounded(.up))) - top)
        var shares = [Double](repeating: 0, count: width * height)
        for line in 0..<height * 4 {
            let y = Double(top) + (Double(line) + 0.5) / 4
            let crossings = polygon.indices.compactMap { index -> Double? in
                let a = polygon[index], b = polygon[(index + 1) % polygon.count]
                return (a.y <= y) == (b.y <= y) ? nil : a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x)
            }.sorted()
            for pair in stride(from: 0, to: crossings.count - 1, by: 2) {
                let from = max(crossings[pair] - Double(left), 0),
                    to = min(crossings[pair + 1] - Double(left), Double(width))
                guard from < to else { continue }
                for x in Int(from)..<min(width, Int(to) + 1) {
                    shares[line / 4 * width + x] += max(0, min(to, Double(x + 1)) - max(from, Double(x))) / 4
                }
            }
        }
        self.shares = shares
    }

    /// Gives every pixel that the polygon touches, with the covered share of it.
    func forEachPixel(_ body: (_ x: Int, _ y: Int, _ share: Double) -> Void) {
        for (index, share) in shares.enumerated() where share > 0 {
            body(left + index % width, top + index / width, min(share, 1))
        }
    }
}
