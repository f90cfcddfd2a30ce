import Fingerprints

/// A surface: how two colours mix over it. Periods are in pixels.
enum DemoTexture: Sendable {
    case gradient
    case stripes(Double), checks(Double), dots(Double), bricks(Double), grid(Double), rings(Double), zigzag(Double)
    case grain(Double), clouds(Double)

    /// The share of the second colour, 0…1, at (`x`, `y`) pixels from the middle of a surface of radius `radius`.
    func mix(x: Double, y: Double, radius: Double, noise: DemoNoise) -> Double {
        switch self {
        case .gradient: return min(max(0.5 + 0.5 * y / radius, 0), 1)
        case .stripes(let period): return band(y / period)
        case .checks(let period):
            let a = band(x / (2 * period)), b = band(y / (2 * period))
            return a + b - 2 * a * b
        case .dots(let period):
            let dx = fraction(x / period) - 0.5, dy = fraction(y / period) - 0.5
            return min(max((0.34 - (dx * dx + dy * dy).squareRoot()) * 8 + 0.5, 0), 1)
        case .bricks(let period):
            let row = (y / period).rounded(.down)
            let shift = fraction(row / 2)  // every other row by half a brick
            return fraction(y / period) < 0.22 || fraction(x / (2 * period) + shift) < 0.11 ? 1 : 0
        case .grid(let period): return fraction(x / period) < 0.3 || fraction(y / period) < 0.3 ? 1 : 0
        case .rings(let period): return band((x * x + y * y).squareRoot() / period)
        case .zigzag(let period): return band(y / period + 0.8 * wave(x / (1.6 * period)))
        case .grain(let period): return noise[Int((x / period).rounded(.down)), Int((y / period).rounded(.down))]
        case .clouds(let period):
            return noise.smooth(x / period, y / period) * 0.7 + noise.smooth(x / period * 2.3, y / period * 2.3) * 0.3
        }
    }
}

private func fraction(_ x: Double) -> Double { x - x.rounded(.down) }

/// A triangle wave of period 1 between 0 and 1.
private func wave(_ x: Double) -> Double { abs(2 * fraction(x) - 1) }

/// A square wave of period 1 with soft edges.
private func band(_ x: Double) -> Double { min(max((wave(x) - 0.5) * 5 + 0.5, 0), 1) }

/// A square of random numbers in 0…1 that repeats in both directions.
struct DemoNoise {
    private static let side = 64
    private let values: [Double]

    init(_ random: inout RandomSource) {
        values = (0..<Self.side * Self.side).map { _ in random.uniform() }
    }

    subscript(x: Int, y: Int) -> Double {
        values[(y & (Self.side - 1)) * Self.side + (x & (Self.side - 1))]
    }

    /// Between the numbers: bilinear in smoothed coordinates (value noise).
    func smooth(_ x: Double, _ y: Double) -> Double {
        let left = x.rounded(.down), top = y.rounded(.down)
        let column = Int(left), row = Int(top)
        let a = ease(x - left), b = ease(y - top)
        let above = self[column, row] * (1 - a) + self[column + 1, row] * a
        let below = self[column, row + 1] * (1 - a) + self[column + 1, row + 1] * a
        return above * (1 - b) + below * b
    }

    private func ease(_ t: Double) -> Double { t * t * (3 - 2 * t) }
}
