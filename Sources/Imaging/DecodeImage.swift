import CImaging

/// As Pillow: above this many pixels a picture is an error.
let mostPixels = 178_956_970

/// The picture in the file at `path` as RGB, bit for bit what Pillow's `open(path).convert("RGB")` gives, whatever the
/// file's name says: JPEG, PNG, GIF (the first frame), WebP, BMP, TIFF (the first page). Alpha is dropped; EXIF
/// orientation is ignored, but for TIFF's own, which Pillow obeys whenever it opens one.
/// - Throws: `ImagingError` naming the file.
public func decodeImage(_ path: String) throws -> RGBImage {
    try withFileBytes(path) { try decodeImage(bytes: $0, name: path) }
}

/// The picture in the file whose bytes these are; `name` is what errors call it.
/// - Throws: `ImagingError`.
public func decodeImage(bytes: UnsafeRawBufferPointer, name: String) throws -> RGBImage {
    switch ImageFormat(bytes) {
    case .jpeg: try decodeJPEG(bytes: bytes, name: name)
    case .png: try decode(bytes, name, cimaging_png_decode)
    case .gif: try decode(bytes, name, cimaging_gif_decode)
    case .webp: try decode(bytes, name, cimaging_webp_decode)
    case .bmp: try decodeBMP(bytes: bytes, name: name)
    case .tiff: try decodeTIFF(bytes, name)
    case nil: throw ImagingError.undecodable(file: name, reason: ImageFormat.guess(bytes))
    }
}

/// The picture in the file at `path`, turned as its EXIF orientation says: as viewers show it (Pillow's
/// `exif_transpose`).
/// - Throws: `ImagingError` naming the file.
public func decodeUprightImage(_ path: String) throws -> RGBImage {
    try withFileBytes(path) { try decodeImage(bytes: $0, name: path).turned(Orientation(bytes: $0)) }
}

private typealias Decoder = (
    UnsafePointer<UInt8>?, Int, Int, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?, UnsafeMutablePointer<Int32>?,
    UnsafeMutablePointer<Int32>?, UnsafeMutablePointer<CChar>?
) -> Int32

private func decodeTIFF(_ bytes: UnsafeRawBufferPointer, _ name: String) throws -> RGBImage {
    var orientation: Int32 = 1
    let image = try withUnsafeMutablePointer(to: &orientation) { orientation in
        try decode(bytes, name) { cimaging_tiff_decode($0, $1, $2, $3, $4, $5, orientation, $6) }
    }
    return image.turned(Orientation(rawValue: UInt16(truncatingIfNeeded: orientation)) ?? .upright)
}

private func decode(_ bytes: UnsafeRawBufferPointer, _ name: String, _ decoder: Decoder) throws -> RGBImage {
    var rgb: UnsafeMutablePointer<UInt8>?
    var width: Int32 = 0, height: Int32 = 0
    try check(name) {
        decoder(
            bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, mostPixels, &rgb, &width, &height, $0)
    }
    defer { cimaging_free(rgb) }
    let pixels = [UInt8](UnsafeBufferPointer(start: rgb, count: Int(width) * Int(height) * 3))
    return RGBImage(width: Int(width), height: Int(height), pixels: pixels)
}
