import Files

/// A checkpoint's file read in pieces.
struct CheckpointFile {
    private let file: PlainFile

    var path: String { file.path }
    var size: Int { file.size }

    /// - Throws: `CheckpointError`, as all that follow.
    init(_ path: String) throws {
        do { file = try PlainFile(path) } catch {
            let reason =
                error.code == nil
                ? "is not a file; name the file that holds the weights"
                : "cannot be opened: \(error.problem)"
            throw CheckpointError(path: path, reason: reason)
        }
    }

    /// Bytes from `offset` on: `count`, or fewer where the file ends before.
    func read(at offset: Int, upTo count: Int) throws -> [UInt8] {
        do { return try file.bytes(at: offset, upTo: count) } catch { throw failure(error) }
    }

    /// Fills `destination` with the bytes from `offset` on.
    func read(at offset: Int, into destination: UnsafeMutableRawBufferPointer) throws {
        let got: Int
        do { got = offset < 0 ? 0 : try file.read(into: destination, at: offset) } catch { throw failure(error) }
        guard got == destination.count else {
            throw cutOff("bytes \(offset)..<\(offset + destination.count) are needed")
        }
    }

    func int64(at offset: Int) throws -> Int {
        let bytes = try read(at: offset, upTo: 8)
        guard bytes.count == 8 else { throw cutOff("a number is to stand at byte \(offset)") }
        return Int(bytes.withUnsafeBytes { Int64(littleEndian: $0.loadUnaligned(as: Int64.self)) })
    }

    /// The error of a file that ends too early.
    /// - Parameter missing: what it would need.
    func cutOff(_ missing: String) -> CheckpointError {
        CheckpointError(
            path: path,
            reason:
                "is cut off: it has \(size) bytes, but \(missing); fetch it again, and compare its size with what its "
                + "source says")
    }

    private func failure(_ error: FileError) -> CheckpointError {
        CheckpointError(path: path, reason: "cannot be read: \(error.problem)")
    }
}
