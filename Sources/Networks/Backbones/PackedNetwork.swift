import Tensors

/// A network packed for this processor, cut into segments.
///
/// Large maps pass one image at a time, so that they stay in the caches; small ones pass several at once, so that each
/// weight that is read serves all of them. The bits are those of one image at a time.
struct PackedNetwork: Sendable {
    /// From the image to the target layer; the first takes one image at a time.
    private let segments: [Segment]
    private let workspaces: WorkspacePool

    /// Images that pass the last layers together.
    static let batch = 8

    init(_ network: FoldedNetwork, instructions: InstructionSet = .best) {
        var segments: [Segment] = []
        var layers = network.layers[...]
        var shape = FeatureShape.image
        var blocks = network.blocks[...]
        while let first = blocks.first {
            let input = shape
            let images = Self.images(first.outputShape(input))
            var end = blocks.startIndex
            while end < blocks.endIndex, Self.images(blocks[end].outputShape(shape)) == images {
                shape = blocks[end].outputShape(shape)
                end += 1
            }
            let own = Array(blocks[..<end])
            let count = own.flatMap(\.convolutions).count
            segments.append(
                Segment(images: images, input: input, blocks: own, layers: Array(layers.prefix(count)), instructions: instructions))
            layers = layers.dropFirst(count)
            blocks = blocks[end...]
        }
        self.segments = segments
        workspaces = WorkspacePool(segments)
    }

    /// The features of `count` images, `[count, d, h', w']`, on the calling thread.
    /// - Parameter load: writes an image, `[3, 224, 224]` normalised.
    func features(count: Int, into output: UnsafeMutablePointer<Float>, load: (Int, UnsafeMutablePointer<Float>) -> Void) {
        guard let last = segments.last else { return }
        let pixels = last.output.height * last.output.width
        workspaces.withWorkspace { workspace in
            for first in stride(from: 0, to: count, by: last.images) {
                let images = min(last.images, count - first)
                let maps = BlockedMaps(workspace.outputs[segments.count - 1], plane: BlockedMaps.plane(pixels: images * pixels))
                run(segments.count - 1, first..<first + images, into: maps, workspace, load)
                for image in 0..<images {
                    maps.advanced(pixels: image * pixels)
                        .unblock(channels: last.output.channels, pixels: pixels, into: output + (first + image) * last.output.count)
                }
            }
        }
    }

    /// Runs the segments up to `index`.
    private func run(
        _ index: Int, _ images: Range<Int>, into output: BlockedMaps, _ workspace: Workspace,
        _ load: (Int, UnsafeMutablePointer<Float>) -> Void
    ) {
        let segment = segments[index]
        var input = BlockedMaps(workspace.image, plane: 0)
        if index == 0 {
            load(images.lowerBound, workspace.image)
        } else {
            let pixels = segment.input.height * segment.input.width
            input = BlockedMaps(workspace.outputs[index - 1], plane: BlockedMaps.plane(pixels: images.count * pixels))
            for first in stride(from: images.lowerBound, to: images.upperBound, by: segments[index - 1].images) {
                let part = first..<min(first + segments[index - 1].images, images.upperBound)
                run(index - 1, part, into: input.advanced(pixels: (first - images.lowerBound) * pixels), workspace, load)
            }
        }
        segment.run(images: images.count, input: input, output: output, slots: workspace.slots, scratch: workspace.scratch)
    }

    /// Images that pass together where the maps have that size.
    private static func images(_ shape: FeatureShape) -> Int {
        switch shape.height {
        case 29...: 1
        case 15...28: 2
        case 8...14: 4
        default: batch
        }
    }
}
