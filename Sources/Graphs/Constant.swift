import Tensors

/// A tensor whose numbers are known while a model is read: a parameter, or the arithmetic of shapes.
struct Constant: Equatable {
    enum Numbers: Equatable {
        case floats([Float])
        case integers([Int])
    }

    let shape: [Int]
    let numbers: Numbers

    /// - Throws: `ShapeMismatch` where the count is not the shape's.
    init(shape: [Int], _ numbers: Numbers) throws {
        let count =
            switch numbers {
            case .floats(let list): list.count
            case .integers(let list): list.count
            }
        guard try elements(shape) == count else { throw ShapeMismatch("\(count) numbers for the shape \(shape)") }
        self.shape = shape
        self.numbers = numbers
    }

    var tensor: Tensor {
        switch numbers {
        case .floats(let list): Tensor(shape: shape, data: list)
        case .integers(let list): Tensor(shape: shape, data: list.map { Float($0) })
        }
    }

    /// Whole numbers, such as axes and shapes.
    /// - Throws: `ShapeMismatch` for fractions.
    func integers() throws -> [Int] {
        switch numbers {
        case .integers(let list): return list
        case .floats(let list):
            return try list.map { number in
                guard let whole = Int(exactly: number) else {
                    throw ShapeMismatch("\(number) where a whole number belongs")
                }
                return whole
            }
        }
    }

    var isInteger: Bool { if case .integers = numbers { true } else { false } }
}
