import CImaging

/// Pillow warns of a decompression bomb above this many pixels; here it is an error.
private let mostPixels = 89_478_485

/// An open JPEG: its size is known, its pixels are not decoded yet.
private struct JPEGDecoder: ~Copyable {
    let handle: OpaquePointer
    let name: String
    let width: Int, height: Int

    /// `bytes` must outlive the decoder.
    init(_ bytes: UnsafeRawBufferPointer, name: String) throws {
        var handle: OpaquePointer?
        var width: Int32 = 0, height: Int32 = 0
        try check(name) { cimaging_jpeg_open(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, mostPixels,
                                             &handle, &width, &height, $0) }
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

/// Runs a C call that returns a `CImagingStatus` and leaves a line of text.
private func check(_ name: String, _ call: (UnsafeMutablePointer<CChar>) -> Int32) throws {
    try withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CIMAGING_MESSAGE)) { message in
        message.initialize(repeating: 0)
        let status = UInt32(call(message.baseAddress!))
        let reason = String(cString: message.baseAddress!)
        switch status {
        case CIMAGING_OK.rawValue: return
        case CIMAGING_TRUNCATED.rawValue: throw ImagingError.truncated(file: name)
        case CIMAGING_TOO_LARGE.rawValue: throw ImagingError.tooLarge(file: name, reason: reason)
        default: throw ImagingError.undecodable(file: name, reason: reason)
        }
    }
}

/// The image in the JPEG file at `path` as RGB, bit for bit what Pillow's `open(path).convert("RGB")` gives:
/// exact integer DCT, fancy upsampling, grey as three equal channels, CMYK and YCCK taken for Adobe's inverted
/// ones, EXIF orientation ignored. Corrupt data that Pillow decodes is decoded; what Pillow refuses is refused.
/// - Throws: `ImagingError` naming the file.
public func decodeJPEG(_ path: String) throws -> RGBImage {
    try withFileBytes(path) { try decodeJPEG(bytes: $0, name: path) }
}

/// The image in the JPEG file whose bytes these are; `name` is what errors call it.
/// - Throws: `ImagingError`.
public func decodeJPEG(bytes: UnsafeRawBufferPointer, name: String) throws -> RGBImage {
    let decoder = try JPEGDecoder(bytes, name: name)
    return try decoder.image()
}

/// Width and height of the JPEG file at `path`, from its header.
/// - Throws: `ImagingError` naming the file.
public func jpegSize(_ path: String) throws -> (width: Int, height: Int) {
    try withFileBytes(path) {
        let decoder = try JPEGDecoder($0, name: path)
        return (decoder.width, decoder.height)
    }
}

/// The image as a baseline JPEG file, 4:2:0, quality 1…100 as in libjpeg.
/// - Throws: `ImagingError.notEncoded`, for instance when a side is over 65,500 pixels.
public func encodeJPEG(_ image: RGBImage, quality: Int) throws -> [UInt8] {
    try encode { cimaging_jpeg_encode(image.pixels, Int32(image.width), Int32(image.height), Int32(quality), $0, $1, $2) }
}

/// The image as a PNG file of 8 bits a channel.
/// - Throws: `ImagingError.notEncoded`.
public func encodePNG(_ image: RGBImage) throws -> [UInt8] {
    try encode { cimaging_png_encode(image.pixels, Int32(image.width), Int32(image.height), $0, $1, $2) }
}

private func encode(_ call: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>, UnsafeMutablePointer<Int>,
                             UnsafeMutablePointer<CChar>) -> Int32) throws -> [UInt8] {
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    var message = [CChar](repeating: 0, count: Int(CIMAGING_MESSAGE))
    guard call(&bytes, &count, &message) == 0 else {
        throw ImagingError.notEncoded(reason: message.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
    }
    defer { cimaging_free(bytes) }
    return [UInt8](UnsafeBufferPointer(start: bytes, count: count))
}
