import Tensors

// The plain kernels of `Operation.apply`, all on row-major tensors whose batch is one image.

/// `weights ⋆ x + bias` by im2col and one matrix product a group.
func convolved(
    _ x: Tensor, weights: Tensor, bias: [Float]?, _ window: Window, groups: Int, shape: [Int], _ products: GraphProducts
) -> Tensor {
    var output = Tensor(zeros: shape)
    let places = shape[2] * shape[3], terms = weights.shape[1...].reduce(1, *)
    let inputs = weights.shape[1], outputs = shape[1] / groups
    var columns = [Float](repeating: 0, count: terms * places)
    for group in 0..<groups {
        unfold(x, channels: group * inputs..<(group + 1) * inputs, window, shape: shape, into: &columns)
        weights.data.withUnsafeBufferPointer { weights in
            columns.withUnsafeBufferPointer { columns in
                output.data.withUnsafeMutableBufferPointer { output in
                    guard let w = weights.baseAddress, let c = columns.baseAddress, let y = output.baseAddress else {
                        return
                    }
                    products.multiply(
                        w + group * outputs * terms, c, rows: outputs, columns: places, terms: terms,
                        into: y + group * outputs * places)
                }
            }
        }
    }
    if let bias {
        for channel in bias.indices {
            for place in channel * places..<(channel + 1) * places { output.data[place] += bias[channel] }
        }
    }
    return output
}

/// im2col: `[channels · kh · kw, h · w]` of the output's places, zeros where the window reaches outside.
private func unfold(_ x: Tensor, channels: Range<Int>, _ window: Window, shape: [Int], into columns: inout [Float]) {
    let (height, width) = (x.shape[2], x.shape[3])
    var at = 0
    for channel in channels {
        for ky in 0..<window.kernel[0] {
            for kx in 0..<window.kernel[1] {
                for y in 0..<shape[2] {
                    guard let sourceY = window.source(0, output: y, tap: ky, size: height) else {
                        for _ in 0..<shape[3] { columns[at] = 0; at += 1 }
                        continue
                    }
                    let row = (channel * height + sourceY) * width
                    for place in 0..<shape[3] {
                        columns[at] =
                            window.source(1, output: place, tap: kx, size: width).map { x.data[row + $0] } ?? 0
                        at += 1
                    }
                }
            }
        }
    }
}

/// What becomes of the numbers of a window.
enum Pooling {
    case max
    /// Their sum over a fixed number, or over how many there are.
    case mean(over: Int?)
}

/// - Parameter pooling: given the window's places that lie in the map or its padding.
func pooled(_ x: Tensor, _ window: Window, shape: [Int], pooling: (Int) -> Pooling) -> Tensor {
    var output = Tensor(zeros: shape)
    let (height, width) = (x.shape[2], x.shape[3])
    // Places of a window that begin inside map and padding: with `isCeiling` the last one may reach beyond both.
    func inside(_ axis: Int, _ output: Int, _ size: Int) -> Int {
        (0..<window.kernel[axis]).count {
            output * window.stride[axis] + $0 * window.dilation[axis] - window.before[axis] < size + window.after[axis]
        }
    }
    var at = 0
    for channel in 0..<shape[1] {
        for y in 0..<shape[2] {
            let rows = (0..<window.kernel[0]).compactMap { window.source(0, output: y, tap: $0, size: height) }
            for place in 0..<shape[3] {
                var largest = -Float.infinity, sum = 0.0, count = 0
                for row in rows {
                    for tap in 0..<window.kernel[1] {
                        guard let column = window.source(1, output: place, tap: tap, size: width) else { continue }
                        let number = x.data[(channel * height + row) * width + column]
                        largest = max(largest, number)
                        sum += Double(number)
                        count += 1
                    }
                }
                output.data[at] =
                    switch pooling(inside(0, y, height) * inside(1, place, width)) {
                    case .max: largest
                    case .mean(let fixed): Float(sum / Double(fixed ?? max(count, 1)))
                    }
                at += 1
            }
        }
    }
    return output
}

/// Strides of a tensor of `shape` seen as `target` by broadcasting: 0 along repeated axes.
private func strides(_ shape: [Int], as target: [Int]) -> [Int] {
    var strides = [Int](repeating: 0, count: target.count), step = 1
    for axis in shape.indices.reversed() {
        if shape[axis] > 1 { strides[axis + target.count - shape.count] = step }
        step *= shape[axis]
    }
    return strides
}

/// Calls `body` with the place of every element of `shape` in turn, and its places by each of `strides`.
func forEach(
    _ shape: [Int], _ first: [Int], _ second: [Int] = [], _ body: (_ place: Int, _ a: Int, _ b: Int) -> Void
) {
    let count = shape.reduce(1, *)
    guard count > 0 else { return }
    var index = [Int](repeating: 0, count: shape.count), a = 0, b = 0
    for place in 0..<count {
        body(place, a, b)
        for axis in shape.indices.reversed() {
            index[axis] += 1
            a += first[axis]
            if !second.isEmpty { b += second[axis] }
            if index[axis] < shape[axis] { break }
            a -= first[axis] * shape[axis]
            if !second.isEmpty { b -= second[axis] * shape[axis] }
            index[axis] = 0
        }
    }
}

func combined(_ a: Tensor, _ b: Tensor, _ operation: Operation.Binary, shape: [Int]) -> Tensor {
    var output = Tensor(zeros: shape)
    func each(_ function: (Float, Float) -> Float) {
        if a.shape == b.shape {
            for place in output.data.indices { output.data[place] = function(a.data[place], b.data[place]) }
        } else {
            forEach(shape, strides(a.shape, as: shape), strides(b.shape, as: shape)) {
                output.data[$0] = function(a.data[$1], b.data[$2])
            }
        }
    }
    switch operation {
    case .add: each { $0 + $1 }
    case .subtract: each { $0 - $1 }
    case .multiply: each { $0 * $1 }
    case .divide: each { $0 / $1 }
    case .maximum: each { max($0, $1) }
    case .minimum: each { min($0, $1) }
    case .power: each(power)
    }
    return output
}

/// Whole powers by multiplications, halves by a root, others by exp and log.
private func power(_ x: Float, _ exponent: Float) -> Float {
    if exponent == 0.5 { return x.squareRoot() }
    if exponent == exponent.rounded(), abs(exponent) <= 64 {
        var result = 1.0
        for _ in 0..<Int(abs(exponent)) { result *= Double(x) }
        return Float(exponent < 0 ? 1 / result : result)
    }
    return Float(Elementary.exp(Double(exponent) * Elementary.log(Double(x))))
}

/// In double, in the order of the elements.
func reduced(_ x: Tensor, _ reduction: Operation.Reduction, axes: [Int], shape: [Int]) -> Tensor {
    let start: Double =
        switch reduction {
        case .mean, .sum: 0
        case .max: -.infinity
        case .min: .infinity
        case .product: 1
        }
    var sums = [Double](repeating: start, count: shape.reduce(1, *))
    forEach(x.shape, strides(shape, as: x.shape)) { place, target, _ in
        let number = Double(x.data[place])
        switch reduction {
        case .mean, .sum: sums[target] += number
        case .max: sums[target] = max(sums[target], number)
        case .min: sums[target] = min(sums[target], number)
        case .product: sums[target] *= number
        }
    }
    let count = reduction == .mean ? Double(axes.reduce(1) { $0 * x.shape[$1] }) : 1
    return Tensor(shape: shape, data: sums.map { Float($0 / count) })
}

func concatenated(_ inputs: [Tensor], axis: Int, shape: [Int]) -> Tensor {
    var output: [Float] = []
    output.reserveCapacity(shape.reduce(1, *))
    let outer = shape[..<axis].reduce(1, *)
    for index in 0..<outer {
        for input in inputs {
            let block = input.shape[axis...].reduce(1, *)
            output += input.data[index * block..<(index + 1) * block]
        }
    }
    return Tensor(shape: shape, data: output)
}

func gathered(_ x: Tensor, axis: Int, indices: [Int], shape: [Int]) -> Tensor {
    let outer = shape[..<axis].reduce(1, *), inner = shape[(axis + 1)...].reduce(1, *)
    var output: [Float] = []
    output.reserveCapacity(shape.reduce(1, *))
    for index in 0..<outer {
        for place in indices {
            let start = (index * x.shape[axis] + place) * inner
            output += x.data[start..<start + inner]
        }
    }
    return Tensor(shape: shape, data: output)
}

func expanded(_ x: Tensor, shape: [Int]) -> Tensor {
    var output = Tensor(zeros: shape)
    forEach(shape, strides(x.shape, as: shape)) { place, source, _ in output.data[place] = x.data[source] }
    return output
}

func padded(_ x: Tensor, before: [Int], mode: Operation.PadMode, shape: [Int]) -> Tensor {
    let own = strides(x.shape, as: x.shape)
    var output = Tensor(zeros: shape)
    var index = [Int](repeating: 0, count: shape.count)
    for place in output.data.indices {
        var source = 0, isInside = true
        for axis in shape.indices {
            var i = index[axis] - before[axis]
            if i < 0 || i >= x.shape[axis] {
                switch mode {
                case .constant: isInside = false
                case .edge: i = min(max(i, 0), x.shape[axis] - 1)
                case .reflect: i = i < 0 ? -i : 2 * (x.shape[axis] - 1) - i
                }
            }
            source += i * own[axis]
        }
        if isInside {
            output.data[place] = x.data[source]
        } else if case .constant(let value) = mode {
            output.data[place] = value
        }
        for axis in shape.indices.reversed() {
            index[axis] += 1
            if index[axis] < shape[axis] { break }
            index[axis] = 0
        }
    }
    return output
}

func multiplied(_ a: Tensor, _ b: Tensor, shape: [Int], _ products: GraphProducts) -> Tensor {
    let rows = shape[shape.count - 2], columns = shape[shape.count - 1], terms = a.shape[a.shape.count - 1]
    return multiplied(a, StridedView(of: a.shape), b, StridedView(of: b.shape), shape: shape) {
        products.multiply($0, $1, rows: rows, columns: columns, terms: terms, into: $2)
    }
}

func softmaxed(_ x: Tensor, axis: Int) -> Tensor {
    let outer = x.shape[..<axis].reduce(1, *), inner = x.shape[(axis + 1)...].reduce(1, *), length = x.shape[axis]
    var output = x
    for block in 0..<outer {
        for lane in 0..<inner {
            let places = (0..<length).map { (block * length + $0) * inner + lane }
            let largest = places.reduce(-Float.infinity) { max($0, x.data[$1]) }
            let powers = places.map { Elementary.exp(Double(x.data[$0] - largest)) }
            let sum = powers.reduce(0, +)
            for (place, power) in zip(places, powers) { output.data[place] = Float(power / sum) }
        }
    }
    return output
}

func normalised(_ x: Tensor, axes: Int, epsilon: Double, weight: [Float]?, bias: [Float]?) -> Tensor {
    let length = x.shape.suffix(axes).reduce(1, *)
    var output = x
    guard length > 0 else { return output }
    for start in stride(from: 0, to: x.count, by: length) {
        let numbers = x.data[start..<start + length]
        let mean = numbers.reduce(0.0) { $0 + Double($1) } / Double(length)
        let variance = numbers.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(length)
        let scale = 1 / (variance + epsilon).squareRoot()
        for i in 0..<length {
            output.data[start + i] = Float(
                (Double(x.data[start + i]) - mean) * scale * Double(weight?[i] ?? 1) + Double(bias?[i] ?? 0))
        }
    }
    return output
}

func locallyNormalised(_ x: Tensor, size: Int, alpha: Double, beta: Double, bias: Double) -> Tensor {
    let channels = x.shape[1], places = x.shape[2...].reduce(1, *)
    var output = x
    for at in x.data.indices {
        let channel = at / places % channels, first = at - channel * places
        let near = max(0, channel - (size - 1) / 2)..<min(channels, channel + size / 2 + 1)
        let squares = near.reduce(0.0) {
            $0 + Double(x.data[first + $1 * places]) * Double(x.data[first + $1 * places])
        }
        output.data[at] = Float(
            Double(x.data[at]) * Elementary.exp(-beta * Elementary.log(bias + alpha / Double(size) * squares)))
    }
    return output
}
