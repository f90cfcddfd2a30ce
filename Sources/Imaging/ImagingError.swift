/// What is wrong with an image file, or with pixels to be encoded.
public enum ImagingError: Error, CustomStringConvertible, Sendable, Equatable {
    /// The file cannot be opened or read; `reason` is the system's.
    case unreadable(file: String, reason: String)
    /// The file ends before its image does.
    case truncated(file: String)
    /// Not a JPEG, or one that libjpeg cannot decode; `reason` is libjpeg's.
    case undecodable(file: String, reason: String)
    /// The file or the image it declares is larger than any photograph.
    case tooLarge(file: String, reason: String)
    /// The encoder refused the pixels.
    case notEncoded(reason: String)

    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file): cannot be read: \(reason)"
        case .truncated(let file): "\(file): truncated JPEG: the file ends before its image does; fetch it again"
        case .undecodable(let file, let reason): "\(file): not a JPEG that can be decoded: \(reason)"
        case .tooLarge(let file, let reason): "\(file): image too large: \(reason)"
        case .notEncoded(let reason): "image not encoded: \(reason)"
        }
    }
}
