import CKernels

/// Feature maps of several images in the kernels' layout: `[channels / 16][plane][16]`, pixel `(image · height + y) · width + x`
/// of a plane. A view: whoever owns the memory keeps it alive.
public struct BlockedMaps {
    public let address: UnsafeMutablePointer<Float>
    /// Pixels from one block of channels to the next.
    public let plane: Int

    public init(_ address: UnsafeMutablePointer<Float>, plane: Int) {
        self.address = address
        self.plane = plane
    }

    /// The plane to use for that many pixels: not shorter, and kind to caches.
    public static func plane(pixels: Int) -> Int { ck_plane(pixels) }

    /// The maps from that pixel on.
    public func advanced(pixels: Int) -> BlockedMaps { BlockedMaps(address + 16 * pixels, plane: plane) }

    /// Writes the first `pixels` pixels as `[channels, pixels]`.
    public func unblock(channels: Int, pixels: Int, into output: UnsafeMutablePointer<Float>) {
        ck_unblock(channels, pixels, address, plane, output)
    }

    /// Max pooling of `images` images; what lies outside takes no part. `shape.inputs` equals `shape.outputs`.
    public func maxPool(_ shape: ConvolutionShape, images: Int, into output: BlockedMaps, instructions: InstructionSet) {
        var shape = shape.kernels
        ck_max_pool(instructions.kernels, &shape, images, address, plane, output.address, output.plane)
    }
}
