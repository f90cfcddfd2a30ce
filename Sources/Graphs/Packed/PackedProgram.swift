import CKernels
import Synchronization
import Tensors

/// A graph's steps on kernels, run over a batch of images.
///
/// Large maps pass one image at a time, so that they stay in the caches; small ones pass several at once, so that each
/// weight that is read serves all of them. The bits are those of one image at a time.
struct PackedProgram: Sendable {
    /// Images that pass the last steps together, at most.
    static let largestBatch = 16

    /// Steps that take so many images at a time.
    struct Segment: Sendable {
        let steps: Range<Int>
        let images: Int
    }

    let steps: [Step]
    /// The first is the image's.
    let buffers: [Buffer]
    /// Tensors that are known beforehand, by their buffer.
    let constants: [Int: PackedConstant]
    let targets: [Placement]
    let segments: [Segment]
    private let memory: MemoryPlan
    private let scratchCount: Int
    private let instructions: InstructionSet
    private let products = MatrixProducts()
    private let workspaces = PackedWorkspaces()
    private let zeroImage = ZeroImage()

    init(
        steps: [Step], buffers: [Buffer], constants: [Int: PackedConstant], targets: [Placement],
        instructions: InstructionSet
    ) {
        (self.steps, self.buffers, self.constants, self.targets, self.instructions) = (
            steps, buffers, constants, targets, instructions
        )
        let segments = Self.segments(steps, buffers)
        self.segments = segments
        memory = MemoryPlan(
            steps: steps, buffers: buffers, segments: segments, constants: Set(constants.keys),
            targets: Set(targets.map(\.buffer)))
        scratchCount = zip(steps.indices, steps).reduce(0) { most, entry in
            switch entry.1.work {
            case .convolution(let convolution):
                let images = segments.first { $0.steps.contains(entry.0) }?.images ?? 1
                return max(most, convolution.scratchCount(images: images))
            case .attention(let attention): return max(most, attention.scratchCount)
            default: return most
            }
        }
    }

    /// Images that a run takes at a time.
    var batch: Int { segments.last?.images ?? 1 }

    /// Runs some images on the calling thread.
    /// - Parameters:
    ///   - images: each image's planes, normalised.
    ///   - outputs: for each target, room for `[count, its shape]`.
    func run(
        _ images: @escaping (Int) -> UnsafePointer<Float>, count: Int, zeroPixels: ZeroPixels,
        into outputs: [UnsafeMutablePointer<Float>]
    ) throws {
        let zeros = zeroPixels == .skipped ? try zeroImage.maps(zeroMaps) : nil
        try workspaces.with(count: memory.count + scratchCount + 16) { floats in
            for first in stride(from: 0, to: count, by: batch) {
                let part = min(batch, count - first)
                var run = PackedRun(
                    program: self, base: floats, scratch: floats + (memory.count + 15) / 16 * 16, first: first,
                    image: images, zeros: zeros)
                if !segments.isEmpty { try run.run(segments.count - 1, 0..<part) }
                for (target, output) in zip(targets, outputs) {
                    let size = target.shape.reduce(1, *)
                    for image in 0..<part {
                        run.extend(target.buffer, image, to: nil)
                        run.write(target, image: image, to: output + (first + image) * size)
                    }
                }
            }
        }
    }

    /// The all-zero image's maps after each step.
    private func zeroMaps() throws -> [Int: PackedNumbers] {
        guard case .plain(let shape) = buffers[0] else { return [:] }
        let zeros = PackedNumbers(count: shape.reduce(1, *)) { _ in }
        return try workspaces.with(count: memory.count + scratchCount + 16) { floats in
            var run = PackedRun(
                program: self, base: floats, scratch: floats + (memory.count + 15) / 16 * 16, first: 0,
                image: { _ in zeros.address }, zeros: nil)
            run.kept = [:]
            if !segments.isEmpty { try run.run(segments.count - 1, 0..<1) }
            return run.kept ?? [:]
        }
    }

    /// A buffer's maps of one image, in a workspace.
    private func maps(_ buffer: Int, _ image: Int, _ base: UnsafeMutablePointer<Float>) -> BlockedMaps {
        if case .maps(let numbers, let plane)? = constants[buffer] {
            return BlockedMaps(UnsafeMutablePointer(mutating: numbers.address), plane: plane)
        }
        guard case .blocked(let size) = buffers[buffer] else { return BlockedMaps(base, plane: 0) }
        let capacity = memory.capacity[buffer]
        let maps = BlockedMaps(base + memory.offset[buffer], plane: BlockedMaps.plane(pixels: capacity * size.pixels))
        return maps.advanced(pixels: image % capacity * size.pixels)
    }

    /// One run of a batch.
    private struct PackedRun {
        let program: PackedProgram
        let base: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
        /// The batch's first image.
        let first: Int
        let image: (Int) -> UnsafePointer<Float>
        /// The all-zero image's maps by buffer, where zero pixels are skipped.
        let zeros: [Int: PackedNumbers]?
        /// Plain buffers, by image of the batch.
        var tensors: [Int: [Int: Tensor]] = [:]
        /// By buffer and image of the batch.
        var states: [Int: [Int: MapState]] = [:]
        /// Copies of all maps of one image, where they are asked for.
        var kept: [Int: PackedNumbers]?

        mutating func run(_ index: Int, _ images: Range<Int>) throws {
            let segment = program.segments[index]
            if index > 0 {
                let before = program.segments[index - 1].images
                for start in stride(from: images.lowerBound, to: images.upperBound, by: before) {
                    try run(index - 1, start..<min(start + before, images.upperBound))
                }
            }
            for place in segment.steps {
                let step = program.steps[place]
                let regions = images.map { prepare(step, $0) }
                switch step.work {
                case .fromPlain(let isRows): fromPlain(step, isRows, images)
                case .toPlain(let isRows): toPlain(step, isRows, images)
                case .plain(let operation): try apply(operation, step, images, program.memory.spentTensors[place])
                case .copy(let view):
                    for image in images {
                        tensors[step.output, default: [:]][image] = view.read(tensor(step.inputs[0], image).data)
                    }
                case .product(let first, let second): multiply(step, first, second, images)
                default: if !regions.allSatisfy(\.isEmpty) { step.run(context(images, regions)) }
                }
                if kept != nil { keep(step.output) }
                for spent in program.memory.spentTensors[place] { tensors[spent] = nil }
            }
        }

        private func context(_ images: Range<Int>, _ regions: [MapRegion]) -> StepContext {
            let (program, base, image, first) = (program, base, image, first + images.lowerBound)
            return StepContext(
                buffers: program.buffers, images: images.count, regions: regions,
                maps: { program.maps($0, images.lowerBound, base) },
                isConstant: { program.constants[$0] != nil }, image: { image(first + $0) }, scratch: scratch,
                instructions: program.instructions)
        }

        /// What of a step's output is to be computed for an image; its inputs are made whole there.
        private mutating func prepare(_ step: Step, _ image: Int) -> MapRegion {
            guard case .blocked(let output) = program.buffers[step.output] else {
                if zeros != nil { for input in step.inputs { extend(input, image, to: nil) } }
                return .empty
            }
            guard zeros != nil else { return MapRegion(height: output.height, width: output.width) }
            let inputs = step.inputs + [step.addend].compactMap { $0 }
            let changed = inputs.map { self.changed($0, image) }, sizes = inputs.map(size)
            let touched = step.touched(changed, sizes: sizes, output: output)
            for (index, input) in inputs.enumerated() {
                extend(
                    input, image,
                    to: input == step.addend
                        ? touched : step.needed(touched, of: index, size: sizes[index], output: output))
            }
            states[step.output, default: [:]][image] = MapState(changed: touched, valid: touched)
            return touched
        }

        private func size(_ buffer: Int) -> MapSize {
            switch program.buffers[buffer] {
            case .blocked(let size): return size
            case .plain(let shape) where buffer == 0 && shape.count == 4:
                return MapSize(channels: shape[1], height: shape[2], width: shape[3])
            case .plain: return MapSize(channels: 0, height: 0, width: 0)
            }
        }

        /// Where a buffer's map differs from the all-zero image's.
        private mutating func changed(_ buffer: Int, _ image: Int) -> MapRegion {
            if let known = states[buffer]?[image] { return known.changed }
            if program.constants[buffer] != nil { return .empty }
            let own = size(buffer)
            guard buffer == 0 else { return MapRegion(height: own.height, width: own.width) }
            let region = MapRegion.nonzero(
                self.image(first + image), planes: own.channels, height: own.height, width: own.width)
            states[0, default: [:]][image] = MapState(
                changed: region, valid: MapRegion(height: own.height, width: own.width))
            return region
        }

        /// Makes a buffer's map hold a region (nil: all of it), by the all-zero image's.
        mutating func extend(_ buffer: Int, _ image: Int, to region: MapRegion?) {
            guard case .blocked(let size) = program.buffers[buffer], let state = states[buffer]?[image],
                let zero = zeros?[buffer]
            else { return }
            let needed = state.valid.union(region ?? MapRegion(height: size.height, width: size.width))
            if needed == state.valid { return }
            let source = BlockedMaps(
                UnsafeMutablePointer(mutating: zero.address), plane: BlockedMaps.plane(pixels: size.pixels))
            maps(buffer, image).extend(
                channels: 16 * size.blocks, width: size.width, from: state.valid, to: needed, source: source)
            states[buffer]?[image]?.valid = needed
        }

        private mutating func keep(_ buffer: Int) {
            guard case .blocked(let size) = program.buffers[buffer] else { return }
            let plane = BlockedMaps.plane(pixels: size.pixels), maps = maps(buffer, 0)
            kept?[buffer] = PackedNumbers(count: 16 * size.roomyBlocks * plane) { address in
                for block in 0..<size.blocks {
                    (address + 16 * plane * block).update(
                        from: maps.address + 16 * maps.plane * block, count: 16 * size.pixels)
                }
            }
        }

        private func maps(_ buffer: Int, _ image: Int) -> BlockedMaps { program.maps(buffer, image, base) }

        private func tensor(_ buffer: Int, _ image: Int) -> Tensor {
            if case .tensor(let tensor)? = program.constants[buffer] { return tensor }
            if buffer == 0, case .plain(let shape) = program.buffers[0] {
                return Tensor(
                    shape: shape,
                    data: Array(UnsafeBufferPointer(start: self.image(first + image), count: shape.reduce(1, *))))
            }
            return tensors[buffer]?[image] ?? Tensor(zeros: [])
        }

        private mutating func apply(
            _ operation: Operation, _ step: Step, _ images: Range<Int>, _ spent: [Int]
        ) throws {
            for image in images {
                let inputs = step.inputs.map { tensor($0, image) }
                for buffer in spent { tensors[buffer]?[image] = nil }
                tensors[step.output, default: [:]][image] = try operation.applyQuickly(
                    inputs, instructions: program.instructions, products: .kernels(program.products))
            }
        }

        private mutating func multiply(
            _ step: Step, _ first: StridedView, _ second: StridedView, _ images: Range<Int>
        ) {
            guard case .plain(let shape) = program.buffers[step.output] else { return }
            for image in images {
                let a = tensor(step.inputs[0], image), b = tensor(step.inputs[1], image)
                tensors[step.output, default: [:]][image] = multiplied(
                    a, first, b, second, shape: shape, program.products)
            }
        }

        private func fromPlain(_ step: Step, _ isRows: Bool, _ images: Range<Int>) {
            guard case .blocked(let size) = program.buffers[step.output] else { return }
            for image in images {
                let maps = maps(step.output, image)
                tensor(step.inputs[0], image).data.withUnsafeBufferPointer { numbers in
                    if isRows {
                        ck_block_rows(size.channels, size.pixels, numbers.baseAddress, maps.address, maps.plane)
                    } else {
                        ck_block(size.channels, size.pixels, numbers.baseAddress, maps.address, maps.plane)
                    }
                }
            }
        }

        private mutating func toPlain(_ step: Step, _ isRows: Bool, _ images: Range<Int>) {
            guard case .plain(let shape) = program.buffers[step.output] else { return }
            for image in images {
                tensors[step.output, default: [:]][image] = Tensor(uninitialized: shape) {
                    unblock(step.inputs[0], isRows, image, to: $0)
                }
            }
        }

        private func unblock(_ buffer: Int, _ isRows: Bool, _ image: Int, to output: UnsafeMutablePointer<Float>) {
            guard case .blocked(let size) = program.buffers[buffer] else { return }
            let maps = maps(buffer, image)
            if isRows {
                ck_unblock_rows(size.channels, size.pixels, maps.address, maps.plane, output)
            } else {
                maps.unblock(channels: size.channels, pixels: size.pixels, into: output)
            }
        }

        /// A target as its shape says.
        func write(_ target: Placement, image: Int, to output: UnsafeMutablePointer<Float>) {
            if let axis = target.channelAxis {
                unblock(target.buffer, target.shape[..<axis].contains { $0 > 1 }, image, to: output)
            } else {
                let tensor = tensor(target.buffer, image)
                tensor.data.withUnsafeBufferPointer { output.update(from: $0.baseAddress!, count: $0.count) }
            }
        }
    }

    /// Steps take as many images as their maps, and all later ones, are small.
    private static func segments(_ steps: [Step], _ buffers: [Buffer]) -> [Segment] {
        var largest = 0, counts = [Int](repeating: 1, count: steps.count)
        for index in steps.indices.reversed() {
            let pixels: Int =
                switch buffers[steps[index].output] {
                case .blocked(let size): size.pixels
                case .plain: 0
                }
            largest = max(largest, pixels)
            counts[index] = images(pixels: largest)
        }
        var segments: [Segment] = [], start = 0
        for index in steps.indices where index + 1 == steps.count || counts[index + 1] != counts[index] {
            segments.append(Segment(steps: start..<index + 1, images: counts[index]))
            start = index + 1
        }
        return segments
    }

    private static func images(pixels: Int) -> Int {
        switch pixels {
        case 841...: 1
        case 225...: 2
        case 64...: 8
        default: largestBatch
        }
    }
}

/// Numbers that are known before a run.
enum PackedConstant: Sendable {
    case tensor(Tensor)
    case maps(PackedNumbers, plane: Int)
}

/// Memory for as many threads as run at once, made when first needed and used again.
private final class PackedWorkspaces: Sendable {
    private let free = Mutex<[Workspace]>([])

    func with<R>(count: Int, _ body: (UnsafeMutablePointer<Float>) throws -> R) rethrows -> R {
        let workspace = free.withLock { $0.popLast() } ?? Workspace(count: count)
        defer { free.withLock { $0.append(workspace) } }
        return try body(workspace.storage.address)
    }

    private final class Workspace: @unchecked Sendable {  // out of the list while it is used
        let storage: FloatStorage
        init(count: Int) { storage = FloatStorage(count: count) }
    }
}
