import Files

/// The largest image file read; real photographs stay far below.
private let largestFile = 256 << 20

/// Calls `body` with the bytes of the picture file at `path`.
/// - Throws: `ImagingError` when it is no regular file, cannot be read or is larger than any picture; what `body`
///   throws.
public func withFileBytes<T>(_ path: String, _ body: (UnsafeRawBufferPointer) throws -> T) throws -> T {
    do {
        let file = try PlainFile(path)
        guard file.size <= largestFile else {
            throw ImagingError.tooLarge(file: path, reason: "\(file.size) bytes (the limit is \(largestFile))")
        }
        return try file.bytes(upTo: file.size).withUnsafeBytes(body)
    } catch let error as FileError {
        throw ImagingError.unreadable(file: path, reason: error.problem)
    }
}
