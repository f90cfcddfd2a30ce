import Fingerprints
import Graphs
import Tensors
import Testing

@Suite struct StridedViewTests {
    /// A view's numbers, found one by one.
    private func numbers(_ view: StridedView, _ source: [Float]) -> [Float] {
        (0..<view.count).map { place in
            var rest = place, at = view.offset
            for axis in view.shape.indices.reversed() {
                at += rest % view.shape[axis] * view.strides[axis]
                rest /= view.shape[axis]
            }
            return source[at]
        }
    }

    private func drawn(_ random: inout RandomSource, _ count: Int) -> [Float] {
        (0..<count).map { _ in Float(random.below(1 << 16)) / 0x1p15 - 1 }
    }

    @Test func viewsOfViewsReadWhatCopiesHold() {
        var random = RandomSource(seed: 0, stream: "views"), reshaped = 0, refused = 0
        for _ in 0..<2000 {
            let shape = (0...random.below(4)).map { _ in 1 + random.below(4) }
            let source = drawn(&random, shape.reduce(1, *))
            var view = StridedView(of: shape), expected = source
            for _ in 0...random.below(4) {
                switch random.below(3) {
                case 0:
                    var order = Array(view.shape.indices)
                    for place in order.indices { order.swapAt(place, place + random.below(order.count - place)) }
                    view = view.transposed(order)
                    expected = numbers(view, source)
                case 1:
                    let axis = random.below(view.shape.count), start = random.below(view.shape[axis])
                    let step = 1 + random.below(2),
                        count = 1 + random.below((view.shape[axis] - start + step - 1) / step)
                    view = view.sliced(axis: axis, start: start, count: count, step: step)
                    expected = numbers(view, source)
                default:
                    let target = anyShape(of: view.count, &random)
                    if let other = view.reshaped(target) {
                        (view, reshaped) = (other, reshaped + 1)
                        #expect(view.shape == target)
                    } else {
                        refused += 1
                    }
                }
                #expect(numbers(view, source) == expected)
                #expect(view.read(source) == Tensor(shape: view.shape, data: expected))
            }
        }
        #expect(reshaped > 500 && refused > 50)
    }

    private func anyShape(of count: Int, _ random: inout RandomSource) -> [Int] {
        var shape: [Int] = [], rest = count
        while rest > 1 || shape.isEmpty {
            let factors = (1...rest).filter { rest % $0 == 0 }
            shape.append(factors[random.below(factors.count)])
            rest /= shape[shape.count - 1]
        }
        return shape
    }

    @Test func aContiguousTensorTakesAnyShape() {
        #expect(StridedView(of: [6, 4]).reshaped([2, 3, 1, 2, 2])?.strides == [12, 4, 4, 2, 1])
        #expect(StridedView(of: [6, 4]).transposed([1, 0]).reshaped([24]) == nil)
        #expect(StridedView(of: [6, 4]).transposed([1, 0]).reshaped([2, 2, 6])?.strides == [2, 1, 4])
        #expect(StridedView(of: [6, 4]).reshaped([5]) == nil)
    }

    /// The same chain of multiply-adds, wherever the factors lie.
    @Test func productsReadTransposesWhereTheyLie() {
        var random = RandomSource(seed: 0, stream: "products")
        let products = MatrixProducts()
        for _ in 0..<200 {
            let heads = 1 + random.below(3), rows = 1 + random.below(40), columns = 1 + random.below(40)
            let terms = 1 + random.below(70), isShared = random.below(3) == 0
            // Tokens of all heads beside each other, as attention's are.
            let a = Tensor(shape: [rows, heads, terms], data: drawn(&random, rows * heads * terms))
            let b = Tensor(
                shape: [columns, isShared ? 1 : heads, terms],
                data: drawn(&random, columns * (isShared ? 1 : heads) * terms))
            let left = StridedView(of: a.shape).transposed([1, 0, 2])
            let right = StridedView(of: b.shape).transposed([1, 2, 0])
            #expect(left.isMatrices && right.isMatrices)
            let x = left.read(a.data).data, y = right.read(b.data).data
            var expected = [Float](repeating: 0, count: heads * rows * columns)
            x.withUnsafeBufferPointer { x in
                y.withUnsafeBufferPointer { y in
                    for head in 0..<heads {
                        products.multiply(
                            MatrixView(x.baseAddress! + head * rows * terms, rowStride: terms),
                            MatrixView(y.baseAddress! + (isShared ? 0 : head * terms * columns), rowStride: columns),
                            rows: rows, columns: columns, terms: terms, into: &expected[head * rows * columns],
                            rowStride: columns)
                    }
                }
            }
            let shape = [heads, rows, columns]
            #expect(multiplied(a, left, b, right, shape: shape, products) == Tensor(shape: shape, data: expected))
        }
    }
}
