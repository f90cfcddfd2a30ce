import Imaging
import Testing

@Suite struct BitmapTests {
    @Test(arguments: goldens("nearest")) func nearestAsPillow(_ golden: [String]) {
        let n = golden[1...4].map { Int($0)! }
        #expect(fnv(noiseMask(n[0], n[1]).nearest(width: n[2], height: n[3]).packed) == golden[5])
    }

    @Test(arguments: goldens("maskcrop")) func cropAsPillow(_ golden: [String]) {
        #expect(fnv(noiseMask(Int(golden[1])!, Int(golden[2])!).crop224().packed) == golden[3])
    }

    /// The running sum differs from (i+½)·scale at exact boundaries: 10·0.1 summed is below 1.
    @Test func positionsAreARunningSum() {
        let size = 4480, source = 448
        let positions = nearestPositions(source: source, size: size)
        var at = 0.05, expected: [Int] = []
        for _ in 0..<size { expected.append(min(Int(at), source - 1)); at += 0.1 }
        #expect(positions == expected)
        #expect(nearestPositions(source: 4, size: 2) == [1, 3])
        #expect(nearestPositions(source: 2, size: 4) == [0, 0, 1, 1])
        #expect(nearestPositions(source: 1, size: 3) == [0, 0, 0])
    }

    @Test func packedIsNumpysOrder() {
        var mask = Bitmap(width: 3, height: 3)
        mask[0, 0] = true; mask[2, 0] = true; mask[2, 2] = true
        // Row-major 101 000 001, highest bit first, padded with zeros.
        #expect(mask.packed == [0b1010_0000, 0b1000_0000])
        #expect(Bitmap(packed: mask.packed, width: 3, height: 3) == mask)
        #expect(Bitmap(packed: [0b1010_0000, 0b1111_1111], width: 3, height: 3).bits == [0b1_0000_0101])
        #expect(mask.bits == [0b1_0000_0101] && mask.count == 3 && !mask.isEmpty)
        mask[0, 0] = false
        #expect(!mask[0, 0] && mask[2, 0])
    }

    @Test func setsUniteAndIntersect() {
        let a = noiseMask(70, 9), b = noiseMask(70, 9).mirroredForTest()
        var union = a
        union.formUnion(b)
        var both = 0, either = 0
        for y in 0..<9 { for x in 0..<70 { both += a[x, y] && b[x, y] ? 1 : 0; either += a[x, y] || b[x, y] ? 1 : 0 } }
        #expect(Bitmap.intersectionCount(a, b) == both && Bitmap.unionCount(a, b) == either && union.count == either)
    }

    @Test func cropThenResizeStaysInsideTheCrop() {
        let sampling = NearestSampling(
            x: 10, y: 20, width: 5, height: 3, ofWidth: 40, ofHeight: 30, toWidth: 10, toHeight: 3)
        #expect(sampling.columns == [10, 10, 11, 11, 12, 12, 13, 13, 14, 14] && sampling.rows == [20, 21, 22])
    }
}

extension Bitmap {
    fileprivate func mirroredForTest() -> Bitmap {
        var out = Bitmap(width: width, height: height)
        for y in 0..<height { for x in 0..<width { out[x, y] = self[width - 1 - x, y] } }
        return out
    }
}
