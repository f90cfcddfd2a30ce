import CKernels
import Tensors

/// Where a value's numbers are while a packed program runs.
enum Buffer: Sendable, Equatable {
    /// Maps in the kernels' layout (`BlockedMaps`), a batch of images each.
    case blocked(MapSize)
    /// A row-major tensor an image.
    case plain(shape: [Int])
}

/// The size of one image's maps.
struct MapSize: Sendable, Equatable {
    var channels: Int, height: Int, width: Int

    var pixels: Int { height * width }

    /// Whether the same region of both is the same pixels: a map that a reshape shows as another has as many pixels
    /// elsewhere.
    func isAlike(_ other: MapSize) -> Bool { height == other.height && width == other.width }
    /// Blocks of 16 channels that there is room for: convolutions write 32 channels at a time.
    var roomyBlocks: Int { (channels + 31) / 32 * 2 }
    /// Blocks that hold channels.
    var blocks: Int { (channels + 15) / 16 }
    var region: ck_region { ck_region(top: 0, left: 0, bottom: Int32(height), right: Int32(width)) }
}

/// A value of the graph as seen in a buffer.
struct Placement: Sendable, Equatable {
    let buffer: Int
    /// The value's shape; one axis of a blocked one is the channels, the others in their order are the pixels.
    let shape: [Int]
    let channelAxis: Int?
}

extension Window {
    /// As the kernels take it, over maps of that size.
    func kernels(on size: MapSize, output: MapSize) -> ck_window {
        func pair(_ list: [Int]) -> (Int32, Int32) { (Int32(list[0]), Int32(list[1])) }
        return ck_window(
            kernel: pair(kernel), stride: pair(stride), dilation: pair(dilation), before: pair(before),
            size: (Int32(size.height), Int32(size.width)), out: (Int32(output.height), Int32(output.width)))
    }
}

extension Operation.Unary {
    /// The kernels' function; nil where they have none.
    var kernels: ck_activation? {
        switch self {
        case .relu: ck_activation(function: ck_relu, a: 0, b: 0)
        case .clip(let low, let high): ck_activation(function: ck_clip, a: low, b: high)
        case .leakyReLU(let slope): ck_activation(function: ck_leaky, a: slope, b: 0)
        case .hardSigmoid(let alpha, let beta): ck_activation(function: ck_hard_sigmoid, a: alpha, b: beta)
        case .hardSwish: ck_activation(function: ck_hard_swish, a: 0, b: 0)
        case .sigmoid: ck_activation(function: ck_sigmoid, a: 0, b: 0)
        case .silu: ck_activation(function: ck_silu, a: 0, b: 0)
        case .tanh: ck_activation(function: ck_tanh, a: 0, b: 0)
        case .gelu(let isTanh): ck_activation(function: isTanh ? ck_gelu_tanh : ck_gelu, a: 0, b: 0)
        case .exp, .log, .erf, .squareRoot, .reciprocal, .negate, .absolute, .elu, .softplus, .mish: nil
        }
    }
}

let noActivation = ck_activation(function: ck_identity, a: 0, b: 0)

/// Numbers that kernels read, a multiple of 16 at an aligned address.
struct PackedNumbers: @unchecked Sendable {  // written before anyone sees it, read ever after
    private let storage: FloatStorage
    var address: UnsafePointer<Float> { UnsafePointer(storage.address) }

    init(count: Int, _ fill: (UnsafeMutablePointer<Float>) -> Void) {
        storage = FloatStorage(count: count)
        fill(storage.address)
    }

    /// A number a channel, 0 for the channels that fill the last block.
    init(_ numbers: [Double], blocks: Int) {
        self.init(count: 16 * blocks) { address in
            for (place, number) in numbers.enumerated() { address[place] = Float(number) }
        }
    }
}
