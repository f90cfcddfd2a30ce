import Glibc

/// A file of this machine, a `file` URL or in a mirror folder, that is read in place of a download.
final class LocalCopy {
    /// The origin is at fault, not the download folder.
    struct Unreadable: Error {
        let words: String
    }

    let size: Int
    /// Size and time stand in for what a server would say.
    let validator: Validator
    private let file: OpenFile
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8 << 20, alignment: 4096)

    init(_ path: String) throws {
        guard let size = fileSize(path) else { throw Unreadable(words: "no such file") }
        do {
            file = try OpenFile(path, O_RDONLY)
            let status = try file.status()
            validator = Validator(
                etag: "\"\(status.st_ino)-\(status.st_size)-\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)\"")
        } catch { throw Unreadable(words: "\(error)") }
        self.size = size
    }

    deinit { buffer.deallocate() }

    /// The bytes of `range`, at most 8 MiB of them; valid until the next call.
    func read(_ range: Range<Int>) throws -> UnsafeRawBufferPointer {
        do {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, range.count)])
            let count = try file.read(into: room, at: range.lowerBound)
            return UnsafeRawBufferPointer(rebasing: buffer[..<count])
        } catch { throw Unreadable(words: "\(error)") }
    }
}
