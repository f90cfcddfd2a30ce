import Fingerprints
import Imaging

/// A thing in a demo scene: which noun, where, how large, how turned.
struct DemoObject {
    let family: Int, member: Int
    let x: Double, y: Double, radius: Double
    /// Cosine and sine of its rotation.
    let turn: (Double, Double)
    let stretch: Double
    /// Small changes of colour and brightness between two things of one kind.
    let hueShift: Double, shade: Double

    /// Index among all drawn nouns.
    var kind: Int { family * DemoWords.families[0].drawn.count + member }

    /// Relief of the outline of each member: r(θ) = 1 + amplitude · cos(lobes · θ).
    private static let outlines: [(amplitude: Double, lobes: Int)] = [(0, 1), (0.12, 4), (0.2, 3), (0.33, 5), (0.3, 2), (0.3, 6), (0.1, 9), (0.42, 3)]

    private static let corners = 36
    /// cos and sin of multiples of 10°, by products, which are the same on every machine (sin() is not).
    private static let circle: [(Double, Double)] = {
        var directions = [(1.0, 0.0)]
        let step = (0.984807753012208, 0.17364817766693033)
        for _ in 1..<corners {
            let (c, s) = directions[directions.count - 1]
            directions.append((c * step.0 - s * step.1, c * step.1 + s * step.0))
        }
        return directions
    }()

    /// Corners x0, y0, x1, y1, … in pixels, to a hundredth.
    var polygon: [Double] {
        let outline = Self.outlines[member]
        return (0..<Self.corners).flatMap { i -> [Double] in
            let (c, s) = Self.circle[i]
            let r = radius * (1 + outline.amplitude * Self.circle[i * outline.lobes % Self.corners].0)
            let (u, v) = (r * c * stretch, r * s / stretch)
            return [x + u * turn.0 - v * turn.1, y + u * turn.1 + v * turn.0].map { ($0 * 100).rounded() / 100 }
        }
    }
}

/// A demo scene: a background and objects, later ones in front of earlier ones.
struct DemoScene {
    let width: Int, height: Int
    let backgroundSeed: UInt64
    let objects: [DemoObject]

    private static let sizes = [(320, 240), (240, 320), (300, 300), (360, 240), (280, 260)]

    init(_ random: inout RandomSource) {
        (width, height) = Self.sizes[random.below(Self.sizes.count)]
        backgroundSeed = random.next()
        let theme = random.below(DemoWords.families.count)
        let side = Double(min(width, height))
        var objects: [DemoObject] = []
        for _ in 0..<(2 + random.below(4)) {
            // Most things of a scene belong together.
            let family = random.uniform() < 0.8 ? theme : random.below(DemoWords.families.count)
            let t = random.uniform(-1, 1), turned = random.below(2) == 0
            let cosine = (1 - t * t) / (1 + t * t), sine = 2 * t / (1 + t * t)
            objects.append(DemoObject(
                family: family, member: random.below(DemoWords.families[family].drawn.count),
                x: random.uniform(0.1, 0.9) * Double(width), y: random.uniform(0.1, 0.9) * Double(height),
                radius: side * random.uniform(0.1, 0.3), turn: turned ? (cosine, sine) : (-sine, cosine),
                stretch: random.uniform(0.8, 1.25), hueShift: random.uniform(-0.012, 0.012), shade: random.uniform(0.85, 1.1)))
        }
        self.objects = objects
    }
}
