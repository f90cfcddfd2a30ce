import Glibc

/// The largest image file read; real photographs stay far below.
private let largestFile = 256 << 20

/// Calls `body` with the bytes of the picture file at `path`.
/// - Throws: `ImagingError` when it is no regular file, cannot be read or is larger than any picture; what `body` throws.
public func withFileBytes<T>(_ path: String, _ body: (UnsafeRawBufferPointer) throws -> T) throws -> T {
    func failure() -> ImagingError { .unreadable(file: path, reason: String(cString: strerror(errno))) }
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure() }
    defer { close(file) }
    var information = stat()
    guard fstat(file, &information) == 0 else { throw failure() }
    guard information.st_mode & S_IFMT == S_IFREG else { throw ImagingError.unreadable(file: path, reason: "not a regular file") }
    let size = Int(information.st_size)
    guard size <= largestFile else { throw ImagingError.tooLarge(file: path, reason: "\(size) bytes (the limit is \(largestFile))") }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, 1), alignment: 16)
    defer { buffer.deallocate() }
    var filled = 0
    while filled < size {
        let count = read(file, buffer.baseAddress! + filled, size - filled)
        if count < 0 {
            if errno == EINTR { continue }
            throw failure()
        }
        if count == 0 { break }
        filled += count
    }
    return try body(UnsafeRawBufferPointer(rebasing: buffer[..<filled]))
}
