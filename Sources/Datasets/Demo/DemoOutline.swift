/// A position in pixels or, for outlines, in units of the object's radius; y points down.
typealias Point = SIMD2<Double>

/// The outer form of a drawn object: a polygon within the circle of radius √2.
enum DemoOutline: Sendable {
    case disc, oval, square, slab, triangle, diamond, hexagon, star, leaf, cross

    /// Corners in order. No trigonometry: the C library's last bit differs between releases.
    var corners: [Point] {
        switch self {
        case .disc: Self.circle
        case .oval: Self.circle.map { Point($0.x, $0.y * 0.68) }
        case .square: Self.rectangle(0.85, 0.85)
        case .slab: Self.rectangle(1.1, 0.6)
        case .triangle: [Point(0, -1), Point(1, 0.8), Point(-1, 0.8)]
        case .diamond: [Point(0, -1.1), Point(0.8, 0), Point(0, 1.1), Point(-0.8, 0)]
        case .hexagon:
            [Point(1, 0), Point(0.5, 0.866), Point(-0.5, 0.866), Point(-1, 0), Point(-0.5, -0.866), Point(0.5, -0.866)]
        case .star:
            (0..<5).flatMap { (tip: Int) -> [Point] in [Self.pentagon[tip], Self.pentagon[(tip + 3) % 5] * -0.5] }
        case .leaf: Self.arc.map { Point($0.x * 1.2, $0.y) } + Self.arc.map { Point($0.x * -1.2, -$0.y) }
        case .cross: Self.quarters([Point(1, 0.4), Point(0.4, 0.4), Point(0.4, 1)])
        }
    }

    private static func rectangle(_ x: Double, _ y: Double) -> [Point] {
        [Point(x, y), Point(-x, y), Point(-x, -y), Point(x, -y)]
    }

    /// `first` and its three turns by 90°.
    private static func quarters(_ first: [Point]) -> [Point] {
        let second = first.map { Point(-$0.y, $0.x) }
        return first + second + first.map { -$0 } + second.map { -$0 }
    }

    /// 32 points of the unit circle by its rational parametrisation.
    private static let circle = quarters(
        (0..<8).map { index in
            let t = Double(index) / 8
            return Point((1 - t * t) / (1 + t * t), 2 * t / (1 + t * t))
        })

    /// The lower half of a lens, left to right.
    private static let arc: [Point] = (0..<8).map { index in
        let x = Double(index) / 4 - 1
        return Point(x, 0.55 * (1 - x * x))
    }

    /// A regular pentagon, the tip first.
    private static let pentagon = [
        Point(0, -1), Point(0.951057, -0.309017), Point(0.587785, 0.809017),
        Point(-0.587785, 0.809017), Point(-0.951057, -0.309017),
    ].map { $0 * 1.2 }
}

/// The part of a polygon inside the rectangle from (0, 0) to (width, height): Sutherland and Hodgman 1974.
func clipped(_ polygon: [Point], width: Double, height: Double) -> [Point] {
    // Each side as the signed distance from it, positive inside.
    let sides: [(Point) -> Double] = [{ $0.x }, { width - $0.x }, { $0.y }, { height - $0.y }]
    return sides.reduce(polygon) { corners, distance in
        corners.indices.flatMap { index -> [Point] in
            let from = corners[index == 0 ? corners.count - 1 : index - 1], to = corners[index]
            let a = distance(from), b = distance(to)
            let crossing = (a < 0) != (b < 0) ? [from + (to - from) * (a / (a - b))] : []
            return b < 0 ? crossing : crossing + [to]
        }
    }
}

/// The area of a polygon: the shoelace formula.
func area(_ polygon: [Point]) -> Double {
    let twice = polygon.indices.reduce(0.0) { sum, index in
        let a = polygon[index], b = polygon[(index + 1) % polygon.count]
        return sum + a.x * b.y - b.x * a.y
    }
    return abs(twice) / 2
}
