import Datasets
import Imaging
import Testing

@Suite struct MaskTests {
    static let goldens = fixtureLines("masks.txt")

    @Test func goldensAreThere() {
        #expect(Self.goldens.count == 242)
        #expect(Set(Self.goldens.map { $0[0] }) == ["polygon", "runs", "string"])
    }

    /// Polygons (inside, outside, on pixel borders, degenerate, with holes) and both kinds of RLE as pycocotools.
    @Test func masksAsPycocotools() throws {
        for golden in Self.goldens {
            let w = try #require(Int(golden[1])), h = try #require(Int(golden[2]))
            let mask: RunLengthMask
            switch golden[0] {
            case "polygon": mask = try RunLengthMask(polygon: golden[4...].map { Double($0)! }, width: w, height: h)
            case "runs": mask = try RunLengthMask(counts: golden[4...].map { Int($0)! }, width: w, height: h)
            default:
                mask = try Array(golden[4].utf8).withUnsafeBytes {
                    try RunLengthMask(compressed: $0, width: w, height: h)
                }
            }
            #expect(fnv(mask.bitmap.packed) == golden[3], "\(golden.joined(separator: " "))")
        }
    }

    /// Sampling the runs is rasterising and sampling the raster, also mirrored and enlarged.
    @Test func samplesWithoutTheRaster() throws {
        let outline = [3.0, 2, 50, 9, 41, 60, 20, 30, 4, 58]
        let mask = try RunLengthMask(polygon: outline, width: 55, height: 61)
        var samplings = [
            NearestSampling(centreCropOfWidth: 55, height: 61),
            NearestSampling(width: 55, height: 61, toWidth: 7, toHeight: 9),
            NearestSampling(x: 5, y: 7, width: 30, height: 20, ofWidth: 55, ofHeight: 61, toWidth: 224, toHeight: 224),
        ]
        samplings.append(samplings[2])
        samplings[3].columns.reverse()
        for sampling in samplings { #expect(mask.sampled(sampling) == mask.bitmap.sampled(sampling)) }
        #expect(!mask.bitmap.isEmpty)
    }

    @Test func aSquareByHand() throws {
        // Corners on pixel borders: the pixels between them.
        let square = try RunLengthMask(polygon: [1, 1, 3, 1, 3, 3, 1, 3], width: 4, height: 4)
        #expect(square.bitmap == mask("....", ".##.", ".##.", "...."))
        // Runs go down the columns: 5 unset, 2 set, 2 unset, 2 set.
        #expect(try RunLengthMask(counts: [5, 2, 2, 2, 5], width: 4, height: 4).bitmap == square.bitmap)
    }

    @Test func hostileMasksAreErrors() {
        func refused(_ body: () throws -> RunLengthMask) { #expect(throws: (any Error).self) { try body() } }
        refused { try RunLengthMask(counts: [1, 16], width: 4, height: 4) }
        refused { try RunLengthMask(counts: [1, 14], width: 4, height: 4) }
        refused { try RunLengthMask(counts: [-1, 2], width: 4, height: 4) }
        refused { try RunLengthMask(counts: [.max, .max], width: 4, height: 4) }
        refused { try RunLengthMask(counts: [1], width: 0, height: 4) }
        refused { try RunLengthMask(counts: [1], width: 1 << 40, height: 1 << 40) }
        refused { try RunLengthMask(polygon: [0, 0, 1e300, 0, 1, 1], width: 4, height: 4) }
        refused { try RunLengthMask(polygon: [], width: 4, height: 4) }
        refused { try RunLengthMask(polygon: (0..<20_000).map { $0 % 4 < 2 ? -90_000 : 90_000 }, width: 4, height: 4) }
        for text in ["o", "~", "oooooooooooooooooooo0", " "] {
            refused { try Array(text.utf8).withUnsafeBytes { try RunLengthMask(compressed: $0, width: 4, height: 4) } }
        }
    }
}
