import Imaging

/// Paints demo scenes. Only exact IEEE operations: the same pixels on every machine.
enum DemoPainter {
    /// The scene's pixels and, for each object, the pixels of it that can be seen.
    static func paint(_ scene: DemoScene) throws -> (image: RGBImage, visible: [Bitmap]) {
        let (w, h) = (scene.width, scene.height)
        var pixels = background(scene)
        var visible: [Bitmap] = []
        for object in scene.objects {
            let mask = try RunLengthMask(polygon: object.polygon, width: w, height: h).bitmap
            let reach = 1.8 * object.radius
            let columns = max(0, Int(object.x - reach))..<min(w, Int(object.x + reach) + 1)
            let rows = max(0, Int(object.y - reach))..<min(h, Int(object.y + reach) + 1)
            for i in visible.indices {
                for word in mask.bits.indices { visible[i].bits[word] &= ~mask.bits[word] }
            }
            visible.append(mask)
            let look = Look(object)
            for y in rows {
                for x in columns where mask[x, y] {
                    let colour = look.colour(Double(x) + 0.5, Double(y) + 0.5)
                    for c in 0..<3 { pixels[(y * w + x) * 3 + c] = byte(colour[c]) }
                }
            }
        }
        return (RGBImage(width: w, height: h, pixels: pixels), visible)
    }

    /// A dull, slightly uneven ground, so that the objects are what stands out.
    private static func background(_ scene: DemoScene) -> [UInt8] {
        let seed = scene.backgroundSeed
        let level = 0.35 + 0.3 * unit(seed, 1, 1), warmth = 0.06 * (unit(seed, 2, 2) - 0.5), period = 12 + 40 * unit(seed, 3, 3)
        var pixels = [UInt8](repeating: 0, count: scene.width * scene.height * 3)
        for y in 0..<scene.height {
            for x in 0..<scene.width {
                let coarse = noise(Double(x) / period, Double(y) / period, seed), fine = noise(Double(x) / 3, Double(y) / 3, seed &+ 1)
                let value = level + 0.12 * (coarse - 0.5) + 0.06 * (fine - 0.5)
                for c in 0..<3 { pixels[(y * scene.width + x) * 3 + c] = byte(value + warmth * Double(1 - c)) }
            }
        }
        return pixels
    }

    /// How an object's surface looks: the family's pattern in two tones of the noun's hue.
    private struct Look {
        let object: DemoObject
        let light: SIMD4<Double>, dark: SIMD4<Double>
        let period: Double

        init(_ object: DemoObject) {
            self.object = object
            let families = Double(DemoWords.families.count)
            let hue = (Double(object.family) + 0.5 + (Double(object.member) - 3.5) / 10) / families + object.hueShift
            light = hsv(hue, 0.9, 0.95 * object.shade)
            dark = hsv(hue + 0.05, 0.7, 0.3 * object.shade)
            period = max(5, object.radius * (0.25 + 0.1 * Double(object.member % 4)))
        }

        func colour(_ x: Double, _ y: Double) -> SIMD4<Double> {
            let dx = x - object.x, dy = y - object.y
            let u = (dx * object.turn.0 + dy * object.turn.1) / period, v = (dy * object.turn.0 - dx * object.turn.1) / period
            let mix = amount(u, v), shading = 1 - 0.15 * (dx + dy) / object.radius
            return (dark + (light - dark) * mix) * shading
        }

        /// How much of the light tone is at (u, v), in periods.
        private func amount(_ u: Double, _ v: Double) -> Double {
            switch object.family {
            case 0: return wave(u) > 0 ? 1 : 0                                             // stripes
            case 1: return 0.8 + 0.2 * wave(u * 0.5) * wave(v * 0.5)                       // nearly plain
            case 2: return wave(u) * wave(v) > 0 ? 1 : 0.15                                // checks
            case 3: return wave((u * u + v * v).squareRoot()) > -0.2 ? 1 : 0.1             // rings
            case 4: return wave(u) > 0.3 && wave(v) > 0.3 ? 0 : 1                          // dots
            default: return DemoPainter.noise(u * 1.5, v * 1.5, 77) > 0.5 ? 1 : 0.1        // blotches
            }
        }
    }

    /// A smooth wave of period 1 between −1 and 1: parabolas in place of a sine.
    private static func wave(_ t: Double) -> Double {
        let phase = t - t.rounded(.down)
        return phase < 0.5 ? 16 * phase * (0.5 - phase) : -16 * (phase - 0.5) * (1 - phase)
    }

    /// Value noise in [0, 1): random numbers on whole coordinates, smoothly joined.
    private static func noise(_ x: Double, _ y: Double, _ seed: UInt64) -> Double {
        let x0 = x.rounded(.down), y0 = y.rounded(.down)
        let fx = smooth(x - x0), fy = smooth(y - y0), i = Int(x0), j = Int(y0)
        let top = unit(seed, i, j) * (1 - fx) + unit(seed, i + 1, j) * fx
        let bottom = unit(seed, i, j + 1) * (1 - fx) + unit(seed, i + 1, j + 1) * fx
        return top * (1 - fy) + bottom * fy
    }

    private static func smooth(_ t: Double) -> Double { t * t * (3 - 2 * t) }

    /// A number in [0, 1) for a whole coordinate: the finaliser of SplitMix64 over seed and coordinates.
    private static func unit(_ seed: UInt64, _ i: Int, _ j: Int) -> Double {
        var z = seed &+ UInt64(bitPattern: Int64(i)) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(bitPattern: Int64(j)) &* 0xC2B2_AE3D_27D4_EB4F
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
    }

    /// A colour from hue (1 is once around), saturation and value, as red, green, blue, 0.
    private static func hsv(_ hue: Double, _ saturation: Double, _ value: Double) -> SIMD4<Double> {
        func channel(_ offset: Double) -> Double {
            let turn = (hue + offset) - (hue + offset).rounded(.down)
            let distance = abs(turn * 6 - 3) - 1
            return value * (1 - saturation * (1 - min(1, max(0, distance))))
        }
        return [channel(0), channel(2.0 / 3), channel(1.0 / 3), 0]
    }

    private static func byte(_ value: Double) -> UInt8 { UInt8(min(255, max(0, (value * 255).rounded()))) }
}
