import Glibc

/// HDF5 1.10 divides by a chunk's extents as soon as it opens a dataset, without asking whether one is 0 or missing: a
/// damaged file would end the process. So the object's header is looked at first, in the file itself.
///
/// Headers of version 1 are read, as HDF5 writes them by default; those of version 2 carry checksums. What cannot be
/// made sense of is left to HDF5.
enum ChunkExtents {
    /// Whether the object header at `address` of the file `path` has a chunked layout with an extent of 0, or without
    /// any.
    static func haveZero(in path: String, header address: UInt64) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard let prefix = read(descriptor, address, 16), prefix[0] == 1 else { return false }
        var blocks = [(address: address &+ 16, size: prefix.number(at: 8, bytes: 4))]
        var next = 0
        while next < blocks.count, next < 64 {
            let block = blocks[next]
            next += 1
            guard let bytes = read(descriptor, block.address, Int(min(block.size, 1 << 20))) else { continue }
            var at = 0
            while at + 8 <= bytes.count {
                let type = bytes.number(at: at, bytes: 2), size = Int(bytes.number(at: at + 2, bytes: 2))
                guard at + 8 + size <= bytes.count else { break }
                let body = Array(bytes[at + 8..<at + 8 + size])
                // Object header continuation; data layout.
                if type == 16, size >= 16 {
                    blocks.append((body.number(at: 0, bytes: 8), body.number(at: 8, bytes: 8)))
                }
                if type == 8, hasZero(layout: body) { return true }
                at += 8 + size
            }
        }
        return false
    }

    /// A layout message of version 1, 2 or 3.
    private static func hasZero(layout body: [UInt8]) -> Bool {
        guard body.count > 16 else { return false }
        let isOld = body[0] < 3, rank = Int(isOld ? body[1] : body[2]), kind = isOld ? body[2] : body[1]
        let first = isOld ? 16 : 11
        guard body[0] <= 3, kind == 2 else { return false }
        // One axis, and the element's size, at the least.
        return rank < 2
            || (0..<rank).contains {
                first + 4 * $0 + 4 <= body.count && body.number(at: first + 4 * $0, bytes: 4) == 0
            }
    }

    private static func read(_ descriptor: Int32, _ address: UInt64, _ count: Int) -> [UInt8]? {
        guard let offset = off_t(exactly: address), count > 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        let got = pread(descriptor, &bytes, count, offset)
        return got < min(count, 16) ? nil : Array(bytes.prefix(got))
    }
}

extension [UInt8] {
    /// A little-endian number.
    fileprivate func number(at place: Int, bytes: Int) -> UInt64 {
        (0..<bytes).reduce(0) { $0 | UInt64(self[place + $1]) << UInt64(8 * $1) }
    }
}
