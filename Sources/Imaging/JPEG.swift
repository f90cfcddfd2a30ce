import CImaging

/// An open JPEG: its size is known, its pixels are not decoded yet.
private struct JPEGDecoder: ~Copyable {
    let handle: OpaquePointer
    let name: String
    let width: Int, height: Int

    /// `bytes` must outlive the decoder.
    init(_ bytes: UnsafeRawBufferPointer, name: String) throws {
        var handle: OpaquePointer?
        var width: Int32 = 0, height: Int32 = 0
        try check(name) {
            cimaging_jpeg_open(
                bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, mostPixels,
                &handle, &width, &height, $0)
        }
        self.handle = handle!
        self.name = name
        self.width = Int(width)
        self.height = Int(height)
    }

    deinit { cimaging_jpeg_close(handle) }

    func image() throws -> RGBImage {
        let count = width * height * 3
        let pixels = try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            try check(name) { cimaging_jpeg_decode(handle, buffer.baseAddress, $0) }
            initialized = count
        }
        return RGBImage(width: width, height: height, pixels: pixels)
    }
}

/// The image in a JPEG file as RGB, bit for bit what Pillow's `open(path).convert("RGB")` gives: exact integer DCT,
/// fancy upsampling, grey as three equal channels, CMYK and YCCK taken for Adobe's inverted ones. Corrupt data that
/// Pillow decodes is decoded; what Pillow refuses is refused.
/// - Throws: `ImagingError`.
func decodeJPEG(bytes: UnsafeRawBufferPointer, name: String) throws -> RGBImage {
    let decoder = try JPEGDecoder(bytes, name: name)
    return try decoder.image()
}

/// The image as a baseline JPEG file, 4:2:0, quality 1…100 as in libjpeg.
/// - Throws: `ImagingError.notEncoded`, for instance when a side is over 65,500 pixels.
public func encodeJPEG(_ image: RGBImage, quality: Int) throws -> [UInt8] {
    try encode {
        cimaging_jpeg_encode(image.pixels, Int32(image.width), Int32(image.height), Int32(quality), $0, $1, $2)
    }
}

/// The image as a PNG file of 8 bits a channel.
/// - Throws: `ImagingError.notEncoded`.
public func encodePNG(_ image: RGBImage) throws -> [UInt8] {
    try encode { cimaging_png_encode(image.pixels, Int32(image.width), Int32(image.height), $0, $1, $2) }
}

private func encode(
    _ call: (
        UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>, UnsafeMutablePointer<Int>,
        UnsafeMutablePointer<CChar>
    ) -> Int32
) throws -> [UInt8] {
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    var message = [CChar](repeating: 0, count: Int(CIMAGING_MESSAGE))
    guard call(&bytes, &count, &message) == 0 else {
        throw ImagingError.notEncoded(reason: message.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
    }
    defer { cimaging_free(bytes) }
    return [UInt8](UnsafeBufferPointer(start: bytes, count: count))
}
