import CKernels
import Tensors

extension Lowering {
    /// Convolutions, linear layers, pooling, norms.
    mutating func lowerLayer(_ node: Graph.Node, _ index: Int) throws -> Bool {
        switch node.operation {
        case .convolution(let window, let groups):
            guard let weights = graph.constants[node.inputs[1]] else { return false }
            let bias =
                node.inputs.count > 2
                ? graph.constants[node.inputs[2]]?.data : [Float](repeating: 0, count: weights.shape[0])
            guard let bias else { return false }
            return try convolve(node, window, groups: groups, weights: weights, bias: bias.map(Double.init))
        case .matrixProduct: return try multiply(node)
        case .maxPool(let window): return try pool(node, window, isMax: true, counts: nil)
        case .averagePool(let window, let countsPadding):
            return try pool(node, window, isMax: false, counts: countsPadding ? window : nil)
        case .reduce(.mean, let axes): return mean(node, axes)
        case .layerNorm(1, let epsilon):
            let shape = placement(node.inputs[0]).shape, axis = shape.count - 1
            let parameters = node.inputs.dropFirst().map { graph.constants[$0]?.data.map(Double.init) }
            guard !parameters.contains(nil), let x = blocked(node.inputs[0], axis: axis), let size = size(x) else {
                return false
            }
            let weight = parameters.first ?? [Double](repeating: 1, count: size.channels),
                bias = parameters.count > 1 ? parameters[1] : nil
            let work = Step.Work.channelNorm(
                epsilon: epsilon, weight: PackedNumbers(weight ?? [], blocks: size.blocks),
                bias: PackedNumbers(bias ?? [Double](repeating: 0, count: size.channels), blocks: size.blocks))
            appendMaps(work, [x.buffer], size, Trail(value: node.output, shape: shape, axis: axis))
            return true
        default: return false
        }
    }

    private mutating func convolve(_ node: Graph.Node, _ window: Window, groups: Int, weights: Tensor, bias: [Double])
        throws -> Bool
    {
        let shape = try node.operation.outputShape(
            node.inputs.map { graph.constants[$0]?.shape ?? placement($0).shape })
        let output = mapSize(shape, axis: 1), given = placement(node.inputs[0])
        var window = window, input = mapSize(given.shape, axis: 1), source = 0, readsImage = false, weights = weights
        if given.buffer == 0 {
            let isSquares =
                window.kernel[0] == window.kernel[1] && window.stride == window.kernel && window.dilation == [1, 1]
                && window.before == [0, 0]
                && window.after == [0, 0] && input.height % window.kernel[0] == 0 && input.width % window.kernel[0] == 0
                && groups == 1
            if isSquares {
                // Squares side by side: their numbers are channels, and the convolution looks at one pixel of these.
                let kernel = window.kernel[0]
                input = MapSize(channels: input.channels * kernel * kernel, height: output.height, width: output.width)
                buffers.append(.blocked(input))
                steps.append(Step(work: .block(kernel: kernel), inputs: [0], output: buffers.count - 1))
                source = buffers.count - 1
                window = Window(kernel: [1, 1], stride: [1, 1], dilation: [1, 1], before: [0, 0], after: [0, 0])
                weights = Tensor(shape: [weights.shape[0], input.channels, 1, 1], data: weights.data)
            } else {
                readsImage = groups == 1 && isForImage(window, input, output)
                if !readsImage { source = blocked(node.inputs[0], axis: 1)?.buffer ?? 0 }
            }
        } else {
            guard let x = blocked(node.inputs[0], axis: 1) else { return false }
            source = x.buffer
        }
        if groups == input.channels, groups == output.channels, groups > 1 {
            depthwise(node, window, source, input, output, weights, bias, shape)
        } else {
            finishConvolution(
                node, window, groups: groups, source, input, output, weights.data, bias, shape, axis: 1,
                readsImage: readsImage)
        }
        return true
    }

    /// Whether the kernel for few planes computes it.
    private func isForImage(_ window: Window, _ input: MapSize, _ output: MapSize) -> Bool {
        guard window.kernel[0] == window.kernel[1], window.stride[0] == window.stride[1], window.dilation == [1, 1],
            window.before[0] == window.before[1]
        else { return false }
        let shape = ConvolutionShape(
            inputs: input.channels, outputs: 32, kernel: window.kernel[0], stride: window.stride[0],
            padding: window.before[0], height: input.height,
            width: input.width)
        return shape.outputHeight == output.height && shape.outputWidth == output.width
            && ConvolutionAlgorithm.image.handles(shape)
    }

    private mutating func depthwise(
        _ node: Graph.Node, _ window: Window, _ source: Int, _ input: MapSize, _ output: MapSize, _ weights: Tensor,
        _ bias: [Double], _ shape: [Int]
    ) {
        var trail = Trail(value: node.output, shape: shape, axis: 1)
        let (scale, shift) = scales(after: &trail), activation = function(after: &trail)
        let taps = window.kernel[0] * window.kernel[1]
        let packed = PackedNumbers(count: 16 * input.blocks * taps) { address in
            for channel in 0..<input.channels {
                for tap in 0..<taps {
                    let number = Double(weights.data[channel * taps + tap]) * (scale?[channel] ?? 1)
                    address[(channel / 16 * taps + tap) * 16 + channel % 16] = Float(number)
                }
            }
        }
        let start = bias.indices.map { bias[$0] * (scale?[$0] ?? 1) + (shift?[$0] ?? 0) }
        appendMaps(
            .depthwise(
                window.kernels(on: input, output: output), weights: packed,
                bias: PackedNumbers(start, blocks: input.blocks)), [source], output,
            trail, activation: activation)
    }

    /// A convolution or linear layer with what follows it: scales, a sum with maps that are there already, a function.
    private mutating func finishConvolution(
        _ node: Graph.Node, _ window: Window, groups: Int, _ source: Int, _ input: MapSize, _ output: MapSize,
        _ weights: [Float], _ bias: [Double],
        _ shape: [Int], axis: Int, readsImage: Bool = false
    ) {
        var trail = Trail(value: node.output, shape: shape, axis: axis)
        let (scale, shift) = scales(after: &trail)
        let addend = readsImage ? nil : addend(after: &trail, size: output)
        let activation = function(after: &trail)
        let start = bias.indices.map { bias[$0] * (scale?[$0] ?? 1) + (shift?[$0] ?? 0) }
        let convolution = ConvolutionStep(
            window, groups: groups, input: input, output: output, weights: weights, scale: scale, bias: start,
            readsImage: readsImage,
            activation: activation, instructions: instructions)
        appendMaps(.convolution(convolution), [source], output, trail, activation: activation, addend: addend)
    }

    /// x · constant over the last axis: a convolution that looks at one pixel.
    private mutating func multiply(_ node: Graph.Node) throws -> Bool {
        guard let factor = graph.constants[node.inputs[1]], factor.shape.count == 2,
            graph.constants[node.inputs[0]] == nil
        else { return false }
        let own = placement(node.inputs[0]).shape, axis = own.count - 1,
            (terms, columns) = (factor.shape[0], factor.shape[1])
        guard let x = blocked(node.inputs[0], axis: axis), let input = size(x) else { return false }
        var weights = [Float](repeating: 0, count: terms * columns)
        for column in 0..<columns {
            for term in 0..<terms { weights[column * terms + term] = factor.data[term * columns + column] }
        }
        let output = MapSize(channels: columns, height: input.height, width: input.width)
        let window = Window(kernel: [1, 1], stride: [1, 1], dilation: [1, 1], before: [0, 0], after: [0, 0])
        finishConvolution(
            node, window, groups: 1, x.buffer, input, output, weights, [Double](repeating: 0, count: columns),
            own.dropLast() + [columns], axis: axis)
        return true
    }

    private mutating func pool(_ node: Graph.Node, _ window: Window, isMax: Bool, counts padded: Window?) throws -> Bool
    {
        guard let x = blocked(node.inputs[0], axis: 1) else { return false }
        let shape = try node.operation.outputShape([x.shape]), input = mapSize(x.shape, axis: 1),
            output = mapSize(shape, axis: 1)
        let counts = padded.map { window in
            PackedNumbers(count: output.pixels) { address in
                for place in 0..<output.pixels {
                    let inside = [place / output.width, place % output.width].enumerated().map { axis, at in
                        window.taps(axis, output: at, size: axis == 0 ? input.height : input.width)
                    }
                    address[place] = Float(inside[0] * inside[1])
                }
            }
        }
        appendMaps(
            .pool(window.kernels(on: input, output: output), isMax: isMax, counts: counts), [x.buffer], output,
            Trail(value: node.output, shape: shape, axis: 1))
        return true
    }

    /// Over all pixels.
    private mutating func mean(_ node: Graph.Node, _ axes: [Int]) -> Bool {
        let shape = placement(node.inputs[0]).shape
        let kept = shape.indices.filter { !axes.contains($0) && shape[$0] > 1 }
        let axis = placement(node.inputs[0]).channelAxis ?? 1
        guard kept.isEmpty || kept == [axis], shape.indices ~= axis, !axes.contains(axis),
            let x = blocked(node.inputs[0], axis: axis), let input = size(x)
        else { return false }
        let output = MapSize(channels: input.channels, height: 1, width: 1)
        let reduced = shape.indices.map { axes.contains($0) ? 1 : shape[$0] }
        appendMaps(.globalMean, [x.buffer], output, Trail(value: node.output, shape: reduced, axis: axis))
        return true
    }
}

extension Window {
    /// Places of a window along an axis that lie in the map or its padding: with `isCeiling` the last one may reach
    /// beyond both.
    func taps(_ axis: Int, output: Int, size: Int) -> Int {
        (0..<kernel[axis]).count { output * stride[axis] + $0 * dilation[axis] - before[axis] < size + after[axis] }
    }
}
