import Datasets

/// One image as it is written: `[side, side, 3]` pixels, its samples and what is to be said of its annotations.
struct PreparedImage: Sendable {
    let pixels: [UInt8]
    let annotations: ImageAnnotations
    /// Of every sample; nil: the image's.
    let splits: [Split]?
    /// Its file's EXIF record wants it turned, which nobody does who draws masks on its pixels.
    let isTurned: Bool
}
