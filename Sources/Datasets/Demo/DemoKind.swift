/// Red, green and blue, 0…255.
typealias Colour = SIMD3<Double>

/// A category of the demo: what it is called and how it is drawn.
struct DemoKind: Sendable {
    let name: String
    let outline: DemoOutline
    let texture: DemoTexture
    let colours: (Colour, Colour)

    private init(_ name: String, _ outline: DemoOutline, _ texture: DemoTexture, _ first: Int, _ second: Int) {
        func colour(_ hex: Int) -> Colour { Colour(Double(hex >> 16), Double(hex >> 8 & 255), Double(hex & 255)) }
        self.name = name
        self.outline = outline
        self.texture = texture
        colours = (colour(first), colour(second))
    }

    /// More than 20 kinds, so that a list of the 20 most frequent ones cannot explain every filter.
    static let all: [DemoKind] = [
        DemoKind("zebra", .oval, .stripes(12), 0xF0F0E8, 0x181818),
        DemoKind("tiger", .oval, .stripes(16), 0xE88420, 0x301808),
        DemoKind("leopard", .oval, .dots(12), 0xD8B070, 0x402810),
        DemoKind("ladybug", .disc, .dots(20), 0xD81818, 0x100808),
        DemoKind("bee", .oval, .stripes(20), 0xF0C820, 0x201808),
        DemoKind("frog", .oval, .clouds(10), 0x58C028, 0x206810),
        DemoKind("flamingo", .leaf, .gradient, 0xF890B0, 0xF06088),
        DemoKind("fish", .leaf, .rings(9), 0x3078C0, 0x90D0E8),

        DemoKind("lemon", .oval, .grain(2), 0xF8E838, 0xE8D020),
        DemoKind("tomato", .disc, .gradient, 0xF04028, 0xB81010),
        DemoKind("plum", .disc, .gradient, 0x8848A0, 0x481860),
        DemoKind("melon", .oval, .stripes(26), 0x185020, 0x90C060),
        DemoKind("strawberry", .triangle, .dots(8), 0xE02848, 0xF8D878),
        DemoKind("cookie", .disc, .dots(15), 0xC89058, 0x503018),
        DemoKind("cheese", .triangle, .dots(24), 0xF8C850, 0xC88820),
        DemoKind("carrot", .triangle, .stripes(9), 0xF88018, 0xD05808),

        DemoKind("brick", .slab, .bricks(12), 0xA84830, 0xD8D0C0),
        DemoKind("fence", .slab, .grid(16), 0x806038, 0xE8D8B0),
        DemoKind("window", .square, .grid(26), 0x98C8F0, 0xF8F8F8),
        DemoKind("door", .slab, .stripes(30), 0x704020, 0x98683C),
        DemoKind("roof", .triangle, .bricks(9), 0xC05838, 0x602818),
        DemoKind("tile", .square, .checks(7), 0xF0F4F8, 0x2860B0),
        DemoKind("carpet", .slab, .zigzag(14), 0x901838, 0xE0B048),
        DemoKind("chessboard", .square, .checks(15), 0xF0E0C0, 0x201810),

        DemoKind("leaf", .leaf, .stripes(10), 0x308830, 0x70B850),
        DemoKind("star", .star, .gradient, 0xFFFFC0, 0xF8E860),
        DemoKind("cloud", .oval, .clouds(16), 0xFFFFFF, 0xB8C8D8),
        DemoKind("moon", .disc, .clouds(9), 0xE8E4D0, 0x706C60),
        DemoKind("flame", .triangle, .gradient, 0xFFE050, 0xE83008),
        DemoKind("rock", .hexagon, .grain(4), 0x908880, 0x504840),
        DemoKind("flower", .star, .rings(12), 0xE040C0, 0xF8F060),
        DemoKind("coal", .hexagon, .grain(3), 0x101014, 0x484850),

        DemoKind("ball", .disc, .stripes(34), 0xF8F8F8, 0xE02020),
        DemoKind("kite", .diamond, .checks(18), 0xF02890, 0x20C0D0),
        DemoKind("balloon", .disc, .gradient, 0x60E8E0, 0x109898),
        DemoKind("flag", .slab, .stripes(22), 0x1838A8, 0xF8F8F8),
        DemoKind("tent", .triangle, .stripes(18), 0x109858, 0xF8F0D0),
        DemoKind("target", .disc, .rings(20), 0xE82018, 0xF8F8F8),
        DemoKind("jeans", .slab, .grain(2), 0x284878, 0x5070A0),
        DemoKind("button", .disc, .dots(32), 0x3030B8, 0xC8C8F8),
    ]
}
