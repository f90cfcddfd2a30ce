import CImaging

extension RGBImage {
    /// The image resized as Pillow's `resize((width, height), BILINEAR)` or `BICUBIC`: antialiased, bit for bit.
    public func resized(width: Int, height: Int, filter: CropRule.Filter = .bilinear) -> RGBImage {
        resampled(width: width, height: height, box: nil, window: (0, 0, width, height), filter: filter, plain: false)
    }

    /// The part `box` (source pixels) resized as Pillow's `resize((width, height), BILINEAR, box)`, bit for bit.
    /// Pillow keeps box corners as 32-bit floats. The box must lie inside the image.
    public func resized(width: Int, height: Int, box: (x0: Double, y0: Double, x1: Double, y1: Double)) -> RGBImage {
        resampled(width: width, height: height, box: box, window: (0, 0, width, height), plain: false)
    }

    /// The central square of the image resized to a shorter side: 224×224 of 256 by METHOD 1.2 and 1.3.
    /// Only the pixels inside the crop are computed: a 1×60000 image costs no more than any other.
    public func centreCrop(_ rule: CropRule = .standard) -> RGBImage {
        let crop = CropGeometry(width: width, height: height, rule: rule)
        return resampled(
            width: crop.resizedWidth, height: crop.resizedHeight, box: nil,
            window: (crop.x, crop.y, rule.side, rule.side), filter: rule.filter, plain: false)
    }

    /// The rectangle `window` (x, y, width, height) of the resized image. `plain` takes the portable loops,
    /// the reference of the vectorised ones.
    package func resampled(
        width: Int, height: Int, box: (x0: Double, y0: Double, x1: Double, y1: Double)?,
        window: (x: Int, y: Int, width: Int, height: Int),
        filter: CropRule.Filter = .bilinear, plain: Bool
    ) -> RGBImage {
        precondition(width > 0 && height > 0, "a resized image needs pixels")
        let corners: [Float] =
            box.map { [Float($0.x0), Float($0.y0), Float($0.x1), Float($0.y1)] }
            ?? [0, 0, Float(self.width), Float(self.height)]
        precondition(
            corners[0] >= 0 && corners[1] >= 0 && corners[2] > corners[0] && corners[3] > corners[1]
                && corners[2] <= Float(self.width) && corners[3] <= Float(self.height), "box outside the image")
        let count = window.width * window.height * 3
        let out = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            let status = cimaging_resample(
                pixels, Int32(self.width), Int32(self.height), corners, Int32(width), Int32(height),
                Int32(window.x), Int32(window.y), Int32(window.width), Int32(window.height),
                buffer.baseAddress, filter == .bicubic ? 1 : 0, plain ? 1 : 0)
            precondition(status == 0, "out of memory")
            initialized = count
        }
        return RGBImage(width: window.width, height: window.height, pixels: out)
    }
}
