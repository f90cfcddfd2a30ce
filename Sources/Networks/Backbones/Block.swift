/// A 2-d convolution with a square kernel and what normalises its output.
package struct Convolution: Sendable, Equatable {
    /// torchvision's module name: `<name>.weight` is `[outputs, inputs, kernel, kernel]`.
    package let name: String
    /// The module name of the batch norm behind it; without one the convolution has a `<name>.bias`.
    package let batchNorm: String?
    package let inputs: Int, outputs: Int
    package let kernel: Int, stride: Int, padding: Int

    package init(
        _ name: String, batchNorm: String? = nil, _ inputs: Int, _ outputs: Int,
        kernel: Int, stride: Int = 1, padding: Int = 0
    ) {
        self.name = name
        self.batchNorm = batchNorm
        self.inputs = inputs
        self.outputs = outputs
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
    }

    package func outputShape(_ input: FeatureShape) -> FeatureShape {
        FeatureShape(
            channels: outputs,
            height: slid(input.height, kernel: kernel, stride: stride, padding: padding),
            width: slid(input.width, kernel: kernel, stride: stride, padding: padding))
    }

    /// Numbers that one output depends on: PyTorch's `fan_in`.
    package var fanIn: Int { inputs * kernel * kernel }
}

/// A step of a backbone.
package enum Block: Sendable, Equatable {
    /// Convolution, then ReLU.
    case convolution(Convolution)
    case maxPool(kernel: Int, stride: Int, padding: Int)
    /// `ReLU(main(x) + shortcut(x))`: ReLU between the convolutions of `main`; the shortcut is `x` itself when nil.
    case residual(main: [Convolution], shortcut: Convolution?)

    package func outputShape(_ input: FeatureShape) -> FeatureShape {
        switch self {
        case .convolution(let convolution):
            convolution.outputShape(input)
        case .maxPool(let kernel, let stride, let padding):
            FeatureShape(
                channels: input.channels,
                height: slid(input.height, kernel: kernel, stride: stride, padding: padding),
                width: slid(input.width, kernel: kernel, stride: stride, padding: padding))
        case .residual(let main, _):
            main.reduce(input) { $1.outputShape($0) }
        }
    }

    /// The block's convolutions in the order of computation, a shortcut last.
    package var convolutions: [Convolution] {
        switch self {
        case .convolution(let convolution): [convolution]
        case .maxPool: []
        case .residual(let main, let shortcut): main + (shortcut.map { [$0] } ?? [])
        }
    }
}

/// The number of places of a window that slides over `length` numbers.
private func slid(_ length: Int, kernel: Int, stride: Int, padding: Int) -> Int {
    (length + 2 * padding - kernel) / stride + 1
}
