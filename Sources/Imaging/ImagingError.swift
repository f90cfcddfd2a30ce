/// What is wrong with an image file, or with pixels to be encoded.
public enum ImagingError: Error, CustomStringConvertible, Sendable, Equatable {
    /// The file cannot be opened or read; `reason` is the system's.
    case unreadable(file: String, reason: String)
    /// The file ends before its image does.
    case truncated(file: String)
    /// Not a picture, or one that its format's library cannot decode; `reason` is the library's.
    case undecodable(file: String, reason: String)
    /// The file or the image it declares is larger than any photograph.
    case tooLarge(file: String, reason: String)
    /// The encoder refused the pixels.
    case notEncoded(reason: String)

    /// `FILE: ` and the reason.
    public var description: String {
        switch self {
        case .unreadable(let file, _), .truncated(let file), .undecodable(let file, _), .tooLarge(let file, _):
            "\(file): \(reason)"
        case .notEncoded: reason
        }
    }

    /// What is wrong, without the file's name.
    public var reason: String {
        switch self {
        case .unreadable(_, let reason): "cannot be read: \(reason)"
        case .truncated: "truncated: the file ends before its image does; fetch it again"
        case .undecodable(_, let reason): "not a picture that can be decoded: \(reason)"
        case .tooLarge(_, let reason): "image too large: \(reason)"
        case .notEncoded(let reason): "image not encoded: \(reason)"
        }
    }
}
