import CKernels

/// Feature maps of several images in the kernels' layout: `[channels / 16][plane][16]`, pixel
/// `(image · height + y) · width + x` of a plane. A view: whoever owns the memory keeps it alive.
public struct BlockedMaps {
    /// Pixel 0 of the first 16 channels, at a multiple of 64 bytes.
    public let address: UnsafeMutablePointer<Float>
    /// Pixels from one block of channels to the next.
    public let plane: Int

    /// - Parameters:
    ///   - address: at a multiple of 64 bytes.
    ///   - plane: pixels from one block of 16 channels to the next.
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

    /// Max pooling of each image's region of outputs; what lies outside the input takes no part. `shape.inputs` equals
    /// `shape.outputs`.
    /// - Parameter areOfOneImage: all regions are of the one image that there is.
    public func maxPool(
        _ shape: ConvolutionShape, into output: BlockedMaps, regions: UnsafeBufferPointer<MapRegion>,
        areOfOneImage: Bool = false, instructions: InstructionSet
    ) {
        var shape = shape.kernels
        withKernelRegions(regions) { regions in
            var call = ck_call()
            call.input = UnsafePointer(address)
            call.input_plane = plane
            call.output = output.address
            call.output_plane = output.plane
            call.regions = regions.baseAddress
            call.one_image = areOfOneImage ? 1 : 0
            ck_max_pool(instructions.kernels, &shape, regions.count, &call)
        }
    }

    /// Copies into one image's maps, of that width, what `needed` has beyond `valid`, which lies inside of it.
    public func extend(channels: Int, width: Int, from valid: MapRegion, to needed: MapRegion, source: BlockedMaps) {
        var (inner, outer) = (valid.kernels, needed.kernels)
        ck_extend(channels, Int32(width), &inner, &outer, source.address, source.plane, address, plane)
    }
}

/// The regions as the kernels take them, without an allocation.
func withKernelRegions(_ regions: UnsafeBufferPointer<MapRegion>, _ body: (UnsafeBufferPointer<ck_region>) -> Void) {
    withUnsafeTemporaryAllocation(of: ck_region.self, capacity: regions.count) { converted in
        for (index, region) in regions.enumerated() { converted.initializeElement(at: index, to: region.kernels) }
        body(UnsafeBufferPointer(converted))
    }
}
