import CKernels
import Tensors

/// One call of a kernel in a packed program.
struct Step: Sendable {
    enum Work: Sendable {
        case convolution(ConvolutionStep)
        case depthwise(ck_window, weights: PackedNumbers, bias: PackedNumbers)
        /// - Parameter counts: what each output's sum is divided by; nil for how many numbers there are.
        case pool(ck_window, isMax: Bool, counts: PackedNumbers?)
        /// scale · x + shift, joined with the second input.
        case combine(scale: PackedNumbers?, shift: PackedNumbers?, Joint)
        case channelNorm(epsilon: Double, weight: PackedNumbers, bias: PackedNumbers)
        case attention(AttentionStep)
        case globalMean
        /// Channels of the inputs one after the other, each scaled and shifted where there are numbers for it.
        case joinChannels(scale: PackedNumbers?, shift: PackedNumbers?)
        /// Runs of the input's channels.
        case takeChannels([Range<Int>])
        case joinPixels
        case takePixels(from: Int)
        /// The image's planes or their squares as maps.
        case block(kernel: Int)
        /// A tensor as maps, and back: the axis of its channels must be its first (but for the batch) or last.
        case fromPlain(isRows: Bool)
        case toPlain(isRows: Bool)
        case plain(Operation)
        /// A tensor's numbers in another order.
        case copy(StridedView)
        /// A matrix product of two tensors read by views.
        case product(StridedView, StridedView)
    }

    enum Joint: Sendable { case alone, added, multiplied }

    let work: Work
    /// Places of buffers.
    let inputs: [Int]
    let output: Int
    var activation = noActivation
    /// A summand of the convolution, or a combination's second input with one pixel for all.
    var addend: Int?
}

/// What steps run on: a batch's buffers.
struct StepContext {
    let buffers: [Buffer]
    let images: Int
    /// What of each image's output is computed.
    let regions: [MapRegion]
    /// The place of the maps of the batch's first image.
    let maps: (Int) -> BlockedMaps
    /// Whether the maps of a buffer are the same for all images.
    let isConstant: (Int) -> Bool
    /// The image's planes.
    let image: (Int) -> UnsafePointer<Float>
    let scratch: UnsafeMutablePointer<Float>
    let instructions: InstructionSet

    func size(_ buffer: Int) -> MapSize {
        if case .blocked(let size) = buffers[buffer] { size } else { MapSize(channels: 0, height: 0, width: 0) }
    }
}

extension Step {
    /// Runs over maps; steps on plain tensors are the program's own.
    func run(_ context: StepContext) {
        let output = context.maps(self.output), size = context.size(self.output), kernels = context.instructions.kernels
        let regions = context.regions.map(\.kernels)
        func call(_ input: BlockedMaps, _ body: (UnsafePointer<ck_maps>) -> Void) {
            withMaps(input, output, regions, images: context.images, blocks: size.blocks, activation, body)
        }
        switch work {
        case .convolution(let convolution):
            let addend = self.addend.map(context.maps)
            guard convolution.readsImage else {
                return convolution.run(
                    context.maps(inputs[0]), output, addend: addend, regions: context.regions, scratch: context.scratch)
            }
            for image in 0..<context.images {
                let planes = BlockedMaps(UnsafeMutablePointer(mutating: context.image(image)), plane: 0)
                let place = output.advanced(pixels: image * size.pixels)
                convolution.run(planes, place, addend: nil, regions: [context.regions[image]], scratch: context.scratch)
            }
        case .depthwise(var window, let weights, let bias):
            call(context.maps(inputs[0])) { ck_depthwise(kernels, &window, $0, weights.address, bias.address) }
        case .pool(var window, let isMax, let counts):
            call(context.maps(inputs[0])) { ck_pool(kernels, &window, $0, isMax ? 1 : 0, counts?.address) }
        case .combine(let scale, let shift, let joint):
            let other = inputs.count > 1 ? context.maps(inputs[1]) : nil
            let isOne = inputs.count > 1 && context.size(inputs[1]).pixels < size.pixels
            var combination = ck_combination(
                scale: scale?.address, shift: shift?.address, joint: joint.kernels,
                other: other.map { UnsafePointer($0.address) },
                other_plane: other?.plane ?? 0, other_is_one: isOne ? 1 : 0, height: Int32(size.height),
                width: Int32(size.width))
            guard inputs.count > 1, context.isConstant(inputs[1]) else {
                return call(context.maps(inputs[0])) { ck_combine(kernels, $0, &combination) }
            }
            let source = context.maps(inputs[0])
            for image in 0..<context.images {
                let place = image * size.pixels
                withMaps(
                    source.advanced(pixels: place), output.advanced(pixels: place), [regions[image]], images: 1,
                    blocks: size.blocks, activation
                ) {
                    ck_combine(kernels, $0, &combination)
                }
            }
        case .channelNorm(let epsilon, let weight, let bias):
            call(context.maps(inputs[0])) {
                ck_channel_norm(
                    kernels, $0, size.height, size.width, size.channels, epsilon, weight.address, bias.address)
            }
        case .attention(let attention):
            attention.run(
                inputs.map(context.maps), output, images: context.images, scratch: context.scratch,
                instructions: context.instructions)
        case .globalMean:
            call(context.maps(inputs[0])) { ck_global_mean(kernels, $0, context.size(inputs[0]).pixels) }
        case .joinChannels(let scale, let shift): joinChannels(context, output, size, scale, shift, regions)
        case .takeChannels(let ranges):
            clearLastBlock(output, size, context.images)
            let source = context.maps(inputs[0])
            var to = 0
            for range in ranges {
                move(range.count, source, from: range.lowerBound, output, to: to, size, context)
                to += range.count
            }
        case .joinPixels: joinPixels(context, output, size)
        case .takePixels(let from):
            let source = context.maps(inputs[0]), all = context.size(inputs[0]).pixels
            for image in 0..<context.images {
                copyPixels(
                    source.advanced(pixels: image * all + from), output.advanced(pixels: image * size.pixels),
                    size.pixels, size.blocks)
            }
        case .block(let kernel):
            for image in 0..<context.images {
                let target = output.advanced(pixels: image * size.pixels), side = Int32(kernel)
                if kernel == 1 {
                    ck_block(size.channels, size.pixels, context.image(image), target.address, target.plane)
                } else {
                    let planes = size.channels / kernel / kernel
                    ck_squares(
                        Int32(planes), Int32(size.height) * side, Int32(size.width) * side, side, context.image(image),
                        target.address, target.plane)
                }
            }
        case .fromPlain, .toPlain, .plain, .copy, .product: break
        }
    }

    private func joinChannels(
        _ context: StepContext, _ output: BlockedMaps, _ size: MapSize, _ scale: PackedNumbers?,
        _ shift: PackedNumbers?, _ regions: [ck_region]
    ) {
        let parts = inputs.map { (context.maps($0), context.size($0)) }
        let isAligned = parts.dropLast().allSatisfy { $0.1.channels % 16 == 0 }
        if !isAligned { clearLastBlock(output, size, context.images) }
        var first = 0
        for (maps, own) in parts {
            if isAligned {
                var combination = ck_combination(
                    scale: scale.map { $0.address + first }, shift: shift.map { $0.address + first }, joint: ck_alone,
                    other: nil, other_plane: 0,
                    other_is_one: 0, height: Int32(size.height), width: Int32(size.width))
                let target = output.advanced(blocks: first / 16)
                withMaps(maps, target, regions, images: context.images, blocks: own.blocks, activation) {
                    ck_combine(context.instructions.kernels, $0, &combination)
                }
            } else {
                move(own.channels, maps, from: 0, output, to: first, size, context)
            }
            first += own.channels
        }
        guard !isAligned, scale != nil || activation.function != ck_identity else { return }
        var combination = ck_combination(
            scale: scale?.address, shift: shift?.address, joint: ck_alone, other: nil, other_plane: 0, other_is_one: 0,
            height: Int32(size.height),
            width: Int32(size.width))
        withMaps(output, output, regions, images: context.images, blocks: size.blocks, activation) {
            ck_combine(context.instructions.kernels, $0, &combination)
        }
    }

    /// Channels of one buffer to those of another of that size, where the output is computed.
    private func move(
        _ count: Int, _ source: BlockedMaps, from: Int, _ target: BlockedMaps, to: Int, _ size: MapSize,
        _ context: StepContext
    ) {
        for (image, region) in context.regions.enumerated() where !region.isEmpty {
            // Whole rows follow each other.
            let isWhole = region.left == 0 && region.right == size.width
            let rows = isWhole ? region.top..<region.top + 1 : region.top..<region.bottom
            let pixels = (region.right - region.left) * (isWhole ? region.bottom - region.top : 1)
            for row in rows {
                let place = image * size.pixels + row * size.width + region.left
                let first = source.advanced(pixels: place), other = target.advanced(pixels: place)
                ck_move_channels(count, pixels, first.address, first.plane, from, other.address, other.plane, to)
            }
        }
    }

    /// What no channel is written to must not be what another image left there.
    private func clearLastBlock(_ maps: BlockedMaps, _ size: MapSize, _ images: Int) {
        guard size.channels % 16 != 0 else { return }
        maps.advanced(blocks: size.blocks - 1).address.update(repeating: 0, count: 16 * images * size.pixels)
    }

    private func joinPixels(_ context: StepContext, _ output: BlockedMaps, _ size: MapSize) {
        for image in 0..<context.images {
            var first = image * size.pixels
            for input in inputs {
                let own = context.size(input).pixels
                copyPixels(
                    context.maps(input).advanced(pixels: context.isConstant(input) ? 0 : image * own),
                    output.advanced(pixels: first), own, size.blocks)
                first += own
            }
        }
    }

    private func copyPixels(_ source: BlockedMaps, _ target: BlockedMaps, _ pixels: Int, _ blocks: Int) {
        for block in 0..<blocks {
            target.advanced(blocks: block).address.update(
                from: source.advanced(blocks: block).address, count: 16 * pixels)
        }
    }
}

extension Step.Joint {
    var kernels: ck_joint {
        switch self {
        case .alone: ck_alone
        case .added: ck_added
        case .multiplied: ck_multiplied
        }
    }
}
