/// What is wrong with the files of a reference dataset or a word embedding.
public enum DatasetError: Error, CustomStringConvertible, Sendable, Equatable {
    /// The file or folder cannot be opened, read or written; `reason` is the system's.
    case unreadable(file: String, reason: String)
    /// The file is not in its format; `place` is a line or byte.
    case malformed(file: String, place: String, reason: String)
    /// The file contradicts itself, or the image that it describes.
    case inconsistent(file: String, reason: String)
    /// Nothing is left to work on.
    case empty(file: String, reason: String)

    /// `FILE: ` (or `FILE:PLACE: `) and the reason.
    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file): cannot be read: \(reason)"
        case .malformed(let file, let place, let reason): "\(file):\(place): \(reason)"
        case .inconsistent(let file, let reason): "\(file): \(reason)"
        case .empty(let file, let reason): "\(file): nothing to work on: \(reason)"
        }
    }
}
