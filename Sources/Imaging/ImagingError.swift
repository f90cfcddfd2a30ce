import CImaging

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

/// Runs a C call that returns a `CImagingStatus` and leaves a line of text.
func check(_ name: String, _ call: (UnsafeMutablePointer<CChar>) -> Int32) throws {
    try withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CIMAGING_MESSAGE)) { message in
        message.initialize(repeating: 0)
        let status = UInt32(bitPattern: call(message.baseAddress!))
        let reason = String(cString: message.baseAddress!)
        switch status {
        case CIMAGING_OK.rawValue: return
        case CIMAGING_TRUNCATED.rawValue: throw ImagingError.truncated(file: name)
        case CIMAGING_TOO_LARGE.rawValue: throw ImagingError.tooLarge(file: name, reason: reason)
        default: throw ImagingError.undecodable(file: name, reason: reason)
        }
    }
}
