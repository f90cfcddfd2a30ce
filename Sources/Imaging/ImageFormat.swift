/// What kind of picture a file holds, by its first bytes: names deceive (COCO's `train2017/000000320612.jpg` is a PNG).
enum ImageFormat: Sendable {
    case jpeg, png, gif, webp, bmp, tiff

    /// nil for anything else.
    init?(_ bytes: UnsafeRawBufferPointer) {
        func starts(_ signature: [UInt8], at offset: Int = 0) -> Bool {
            bytes.dropFirst(offset).starts(with: signature)
        }
        if starts([0xFF, 0xD8]) {
            self = .jpeg
        } else if starts([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if starts(Array("GIF87a".utf8)) || starts(Array("GIF89a".utf8)) {
            self = .gif
        } else if starts(Array("RIFF".utf8)), starts(Array("WEBP".utf8), at: 8) {
            self = .webp
        } else if starts(Array("BM".utf8)) {
            self = .bmp
        } else if [[0x49, 0x49, 42, 0], [0x4D, 0x4D, 0, 42], [0x49, 0x49, 43, 0], [0x4D, 0x4D, 0, 43]].contains(where: {
            starts($0)
        }) {
            self = .tiff
        } else {
            return nil
        }
    }

    /// What a file that is no picture of these kinds seems to be, and what to do.
    static func guess(_ bytes: UnsafeRawBufferPointer) -> String {
        func starts(_ text: String, at offset: Int = 0) -> Bool {
            bytes.dropFirst(offset).starts(with: Array(text.utf8))
        }
        let known = "JPEG, PNG, GIF, WebP, BMP and TIFF are read"
        if bytes.isEmpty { return "the file is empty; fetch it again" }
        if bytes.allSatisfy({ $0 == 0 }) { return "the file holds nothing but zeros; fetch it again" }
        if starts("version https://git-lfs") { return "a Git-LFS pointer, not the picture itself; run `git lfs pull`" }
        if starts("ftyp", at: 4) { return "an HEIC or AVIF picture, or a film; \(known): convert it" }
        if starts("%PDF") { return "a PDF document; \(known)" }
        if starts("<") || starts("\n<") { return "a web page or SVG, not a picture; fetch it again" }
        return "no picture (\(known))"
    }
}
