import Fingerprints
import Glibc

/// The hash of a file's bytes up to the first gap, which follows as the gap closes.
struct PrefixHash {
    private(set) var position = 0
    private var stream: ChecksumStream
    private let expected: Checksum?
    private static let blockBytes = 1 << 20

    init(for expected: Checksum?) throws(TransferError) {
        self.expected = expected
        stream = try ChecksumStream(for: expected)
    }

    /// Takes bytes that were just written at `offset`, if they are the next ones.
    mutating func take(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        guard offset == position else { return }
        stream.update(bytes)
        position += bytes.count
    }

    /// Reads on from the part, at most `budget` bytes.
    /// - Returns: whether the hash has reached the first gap.
    mutating func follow(_ part: PartFile, budget: Int) throws(TransferError) -> Bool {
        let end = min(part.contiguous, position + budget)
        guard position < end else { return position >= part.contiguous }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: PrefixHash.blockBytes, alignment: 4096)
        defer { buffer.deallocate() }
        while position < end {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, end - position)])
            let count = try part.read(into: room, at: position)
            guard count > 0 else {
                throw .fileSystem(operation: "read back (the file has shrunk)", path: part.path, code: EIO)
            }
            stream.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            position += count
        }
        return position >= part.contiguous
    }

    mutating func restart() throws(TransferError) { self = try PrefixHash(for: expected) }

    mutating func finish() -> (sha256: Digest, md5: String?) { stream.finish() }
}
