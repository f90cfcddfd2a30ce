/// How a picture is to be turned to stand upright, as EXIF says (tag 0x112): 1 is upright, 6 a camera held on its side.
public enum Orientation: UInt16, Sendable {
    case upright = 1, mirrored, upsideDown, flipped, transposed, clockwise, transversed, anticlockwise

    /// What the EXIF record of a JPEG, PNG or WebP file says; upright where there is none or it is damaged.
    public init(bytes: UnsafeRawBufferPointer) {
        self = .upright
        let exif: UnsafeRawBufferPointer? =
            switch ImageFormat(bytes) {
            case .jpeg: Self.inJPEG(bytes)
            case .png: Self.chunk("eXIf", of: bytes, first: 8, sizeFirst: true)
            case .webp: Self.chunk("EXIF", of: bytes, first: 12, sizeFirst: false)
            default: nil
            }
        if let exif, let raw = Self.tag(exif), let found = Orientation(rawValue: raw) { self = found }
    }

    private static let mark = Array("Exif\0\0".utf8)

    /// The record of the first APP1 segment that has one.
    private static func inJPEG(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var at = 2
        while at + 4 <= bytes.count, bytes[at] == 0xFF, bytes[at + 1] != 0xDA {
            if bytes[at + 1] == 0xFF { at += 1; continue }
            let end = at + 2 + (Int(bytes[at + 2]) << 8 | Int(bytes[at + 3]))
            guard end <= bytes.count, end >= at + 4 else { return nil }
            let body = UnsafeRawBufferPointer(rebasing: bytes[(at + 4)..<end])
            if bytes[at + 1] == 0xE1, body.starts(with: mark) {
                return UnsafeRawBufferPointer(rebasing: body.dropFirst(mark.count))
            }
            at = end
        }
        return nil
    }

    /// The body of a PNG's or a RIFF file's chunk; the latter's begin with the name and have even sizes.
    private static func chunk(
        _ name: String, of bytes: UnsafeRawBufferPointer, first: Int, sizeFirst: Bool
    ) -> UnsafeRawBufferPointer? {
        var at = first
        while at + 8 <= bytes.count {
            let raw = bytes.loadUnaligned(fromByteOffset: sizeFirst ? at : at + 4, as: UInt32.self)
            let size = Int(sizeFirst ? UInt32(bigEndian: raw) : UInt32(littleEndian: raw))
            guard size <= bytes.count - at - 8 else { return nil }
            if bytes[(sizeFirst ? at + 4 : at)...].starts(with: Array(name.utf8)) {
                let body = UnsafeRawBufferPointer(rebasing: bytes[(at + 8)..<(at + 8 + size)])
                return body.starts(with: mark) ? UnsafeRawBufferPointer(rebasing: body.dropFirst(mark.count)) : body
            }
            at += 8 + (sizeFirst ? size + 4 : size + size % 2)
        }
        return nil
    }

    /// The orientation in a TIFF's first directory.
    private static func tag(_ tiff: UnsafeRawBufferPointer) -> UInt16? {
        guard tiff.count >= 8 else { return nil }
        let isBig = tiff[0] == UInt8(ascii: "M")
        func short(_ at: Int) -> UInt16? {
            guard at >= 0, at + 2 <= tiff.count else { return nil }
            let raw = tiff.loadUnaligned(fromByteOffset: at, as: UInt16.self)
            return isBig ? UInt16(bigEndian: raw) : UInt16(littleEndian: raw)
        }
        let raw = tiff.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
        let directory = Int(isBig ? UInt32(bigEndian: raw) : UInt32(littleEndian: raw))
        guard let count = short(directory) else { return nil }
        for entry in 0..<Int(count) {
            let at = directory + 2 + entry * 12
            guard let tag = short(at) else { return nil }
            if tag == 0x112 { return short(at + 2) == 3 ? short(at + 8) : nil }
        }
        return nil
    }
}

extension RGBImage {
    /// The image as its orientation wants it shown.
    public func turned(_ orientation: Orientation) -> RGBImage {
        if orientation == .upright { return self }
        let isSideways = orientation.rawValue >= 5
        let (w, h) = isSideways ? (height, width) : (width, height)
        var out = [UInt8](repeating: 0, count: pixels.count)
        for y in 0..<h {
            for x in 0..<w {
                let (fromX, fromY) =
                    switch orientation {
                    case .upright: (x, y)
                    case .mirrored: (w - 1 - x, y)
                    case .upsideDown: (w - 1 - x, h - 1 - y)
                    case .flipped: (x, h - 1 - y)
                    case .transposed: (y, x)
                    case .clockwise: (y, w - 1 - x)
                    case .transversed: (h - 1 - y, w - 1 - x)
                    case .anticlockwise: (h - 1 - y, x)
                    }
                let from = (fromY * width + fromX) * 3, to = (y * w + x) * 3
                for channel in 0..<3 { out[to + channel] = pixels[from + channel] }
            }
        }
        return RGBImage(width: w, height: h, pixels: out)
    }
}
