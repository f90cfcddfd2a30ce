import Tensors

/// A network packed for this processor, cut into segments.
///
/// Large maps pass one image at a time, so that they stay in the caches; small ones pass several at once, so that each
/// weight that is read serves all of them. The bits are those of one image at a time.
struct PackedNetwork: Sendable {
    /// From the image to the target layer; the first takes one image at a time.
    private let segments: [Segment]
    private let workspaces: WorkspacePool

    /// Of every segment, how many blocks lead to its end.
    private let ends: [Int]

    /// Hears what a segment leaves of an image: how many blocks led there, the image's index, its maps.
    typealias Tap = (_ blocks: Int, _ image: Int, _ maps: BlockedMaps) -> Void
    typealias Loader = (_ index: Int, _ room: UnsafeMutablePointer<Float>) -> UnsafePointer<Float>

    /// Images that pass the last layers together.
    static let batch = 16

    /// - Parameter cuts: numbers of blocks after which a segment ends whatever the maps' size, so that it can be
    ///   tapped.
    init(_ network: FoldedNetwork, cuts: Set<Int> = [], instructions: InstructionSet = .best) {
        var segments: [Segment] = [], ends: [Int] = []
        var layers = network.layers[...]
        var shape = FeatureShape.image
        var blocks = network.blocks[...]
        while let first = blocks.first {
            let input = shape
            let images = Self.images(first.outputShape(input))
            var end = blocks.startIndex
            while end < blocks.endIndex, Self.images(blocks[end].outputShape(shape)) == images,
                end == blocks.startIndex || !cuts.contains(end)
            {
                shape = blocks[end].outputShape(shape)
                end += 1
            }
            let own = Array(blocks[..<end])
            let count = own.flatMap(\.convolutions).count
            segments.append(
                Segment(
                    images: images, input: input, after: segments.last, blocks: own,
                    layers: Array(layers.prefix(count)), instructions: instructions))
            layers = layers.dropFirst(count)
            blocks = blocks[end...]
            ends.append(end)
        }
        self.segments = segments
        self.ends = ends
        workspaces = WorkspacePool(segments)
    }

    /// Images that the last segment takes together.
    var imagesAtOnce: Int { segments.last?.images ?? 1 }

    /// The features of `count` images, `[count, d, h', w']`, on the calling thread.
    /// - Parameters:
    ///   - tap: hears every segment's end but the last one's; for `.computed` images alone are its maps whole.
    ///   - load: gives an image, `[3, 224, 224]` normalised, for which there is room at the address.
    func features(
        count: Int, zeroPixels: ZeroPixels, into output: UnsafeMutablePointer<Float>, tap: Tap? = nil, load: Loader
    ) {
        guard let last = segments.last else { return }
        let pixels = last.output.height * last.output.width
        workspaces.withWorkspace { workspace in
            for first in stride(from: 0, to: count, by: last.images) {
                let images = min(last.images, count - first)
                let maps = BlockedMaps(
                    workspace.outputs[segments.count - 1], plane: BlockedMaps.plane(pixels: images * pixels))
                run(segments.count - 1, first..<first + images, into: maps, workspace, zeroPixels, tap, load)
                for image in 0..<images {
                    let own = maps.advanced(pixels: image * pixels)
                    last.completeOutput(&workspace.states[segments.count - 1][last.images + image], own)
                    own.unblock(
                        channels: last.output.channels, pixels: pixels,
                        into: output + (first + image) * last.output.count)
                }
            }
        }
    }

    /// Runs the segments up to `index`.
    private func run(
        _ index: Int, _ images: Range<Int>, into output: BlockedMaps, _ workspace: Workspace,
        _ zeroPixels: ZeroPixels, _ tap: Tap?, _ load: Loader
    ) {
        let segment = segments[index]
        let states = workspace.states[index]
        var input: BlockedMaps
        if index == 0 {
            let image = load(images.lowerBound, workspace.image)
            let shape = FeatureShape.image
            let all = MapRegion(height: shape.height, width: shape.width)
            states[0] = MapState(
                changed: zeroPixels == .computed
                    ? all : .nonzero(image, planes: shape.channels, height: shape.height, width: shape.width),
                valid: all)
            input = BlockedMaps(UnsafeMutablePointer(mutating: image), plane: 0)
        } else {
            let before = segments[index - 1]
            let pixels = segment.input.height * segment.input.width
            input = BlockedMaps(workspace.outputs[index - 1], plane: BlockedMaps.plane(pixels: images.count * pixels))
            for first in stride(from: images.lowerBound, to: images.upperBound, by: before.images) {
                let part = first..<min(first + before.images, images.upperBound)
                let offset = first - images.lowerBound
                run(index - 1, part, into: input.advanced(pixels: offset * pixels), workspace, zeroPixels, tap, load)
                for image in part.indices {
                    states[offset + image - first] = workspace.states[index - 1][before.images + image - first]
                }
            }
            if let tap {
                for image in images {
                    tap(ends[index - 1], image, input.advanced(pixels: (image - images.lowerBound) * pixels))
                }
            }
        }
        segment.run(
            images: images.count, zeroPixels: zeroPixels, input: input, output: output, slots: workspace.slots,
            states: states, scratch: workspace.scratch)
    }

    /// Images that pass together where the maps have that size.
    static func images(_ shape: FeatureShape) -> Int {
        switch shape.height {
        case 29...: 1
        case 15...28: 2
        case 8...14: 8
        default: batch
        }
    }
}
