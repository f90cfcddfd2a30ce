import Tensors
import Testing

@Suite struct MapRegionTests {
    static let shapes = [(7, 2, 3), (3, 2, 1), (3, 1, 1), (1, 1, 0), (1, 2, 0), (11, 4, 2), (3, 2, 0)].map {
        ConvolutionShape(inputs: 1, outputs: 1, kernel: $0.0, stride: $0.1, padding: $0.2, height: 14, width: 19)
    }

    /// Against the definition, window by window.
    @Test(arguments: shapes)
    func regionsFollowTheWindows(shape: ConvolutionShape) {
        func window(_ output: Int) -> Range<Int> {
            output * shape.stride - shape.padding..<output * shape.stride - shape.padding + shape.kernel
        }
        for (low, high) in [(0, 1), (3, 4), (5, 9), (0, 14), (13, 14), (2, 12)] {
            let region = MapRegion(top: low, left: low, bottom: high, right: high + 5)
            let rows = (0..<shape.outputHeight).filter { window($0).overlaps(low..<high) }
            let columns = (0..<shape.outputWidth).filter { window($0).overlaps(low..<high + 5) }
            let expected =
                rows.isEmpty || columns.isEmpty
                ? MapRegion.empty
                : MapRegion(
                    top: rows[0], left: columns[0], bottom: rows[rows.count - 1] + 1,
                    right: columns[columns.count - 1] + 1)
            #expect(shape.outputs(touching: region) == expected)
            if expected.isEmpty { continue }
            let inputs = MapRegion(
                top: max(window(expected.top).lowerBound, 0), left: max(window(expected.left).lowerBound, 0),
                bottom: min(window(expected.bottom - 1).upperBound, 14),
                right: min(window(expected.right - 1).upperBound, 19))
            #expect(shape.inputs(of: expected) == inputs)
        }
        #expect(shape.outputs(touching: .empty) == .empty)
        #expect(shape.inputs(of: .empty) == .empty)
    }

    @Test func unionsByHand() {
        let one = MapRegion(top: 2, left: 3, bottom: 5, right: 6),
            other = MapRegion(top: 4, left: 1, bottom: 9, right: 4)
        #expect(
            one.union(other) == MapRegion(top: 2, left: 1, bottom: 9, right: 6) && other.union(one) == one.union(other))
        #expect(one.union(.empty) == one && MapRegion.empty.union(one) == one)
    }

    @Test func nonzeroIsTheSmallestRectangle() {
        var image = [Float](repeating: 0, count: 3 * 5 * 7)
        #expect(MapRegion.nonzero(image, planes: 3, height: 5, width: 7) == .empty)
        image[5 * 7 + 2 * 7 + 4] = 1e-30
        #expect(
            MapRegion.nonzero(image, planes: 3, height: 5, width: 7) == MapRegion(top: 2, left: 4, bottom: 3, right: 5))
        image[2 * 5 * 7 + 4 * 7 + 1] = -1
        #expect(
            MapRegion.nonzero(image, planes: 3, height: 5, width: 7) == MapRegion(top: 2, left: 1, bottom: 5, right: 5))
    }
}
