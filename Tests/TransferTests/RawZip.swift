import Foundation

/// A zip archive put together field by field, so that any field may lie.
struct RawZip {
    struct Entry {
        var name: String
        var data: [UInt8] = []
        var method: UInt16 = 0
        /// Sizes and sum as declared; nil: the true ones.
        var size: UInt32?
        var packedSize: UInt32?
        var crc: UInt32?
        /// The position of the local header; nil: the true one.
        var offset: UInt32?
        var flags: UInt16 = 0
        /// Unix mode in the external attributes.
        var mode: UInt32 = 0o100644
    }

    static func bytes(_ entries: [Entry], crc32: ([UInt8]) -> UInt32) -> [UInt8] {
        var file: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let offset = entry.offset ?? UInt32(file.count)
            let packed = entry.packedSize ?? UInt32(entry.data.count)
            let common =
                le16(20) + le16(entry.flags) + le16(entry.method) + le16(0) + le16(0x21)
                + le32(entry.crc ?? crc32(entry.data))
                + le32(packed) + le32(entry.size ?? UInt32(entry.data.count)) + le16(UInt16(entry.name.utf8.count))
                + le16(0)
            file += le32(0x0403_4b50) + common + entry.name.utf8 + entry.data
            directory +=
                le32(0x0201_4b50) + le16(3 << 8 | 20) + common + le16(0) + le16(0) + le16(0) + le32(entry.mode << 16)
                + le32(offset)
                + entry.name.utf8
        }
        let count = le16(UInt16(entries.count))
        return file + directory + le32(0x0605_4b50) + le16(0) + le16(0) + count + count + le32(UInt32(directory.count))
            + le32(UInt32(file.count)) + le16(0)
    }

    /// Writes a zip64 archive with a stored member `big` of `bigBytes` zeros, a hole on disk, and behind it `small`.
    static func writeZip64(_ path: String, bigBytes: UInt64, bigCRC: UInt32, small: [UInt8], smallCRC: UInt32) throws {
        func local(_ name: String, _ size: UInt64, _ crc: UInt32) -> [UInt8] {
            le32(0x0403_4b50) + le16(45) + le16(0) + le16(0) + le16(0) + le16(0x21) + le32(crc) + le32(.max)
                + le32(.max)
                + le16(UInt16(name.utf8.count)) + le16(20) + name.utf8 + le16(1) + le16(16) + le64(size) + le64(size)
        }
        func central(_ name: String, _ size: UInt64, _ crc: UInt32, _ offset: UInt64) -> [UInt8] {
            let parts: [[UInt8]] = [
                le32(0x0201_4b50), le16(3 << 8 | 45), le16(45), le16(0), le16(0), le16(0), le16(0x21), le32(crc),
                le32(.max), le32(.max), le16(UInt16(name.utf8.count)), le16(28), le16(0), le16(0), le16(0),
                le32(0o100644 << 16), le32(.max), Array(name.utf8), le16(1), le16(24), le64(size), le64(size),
                le64(offset),
            ]
            return parts.flatMap(\.self)
        }
        let first = local("big", bigBytes, bigCRC)
        let smallOffset = UInt64(first.count) + bigBytes
        let second = local("small", UInt64(small.count), smallCRC) + small
        let directory =
            central("big", bigBytes, bigCRC, 0) + central("small", UInt64(small.count), smallCRC, smallOffset)
        let directoryOffset = smallOffset + UInt64(second.count)
        let end64 =
            le32(0x0606_4b50) + le64(44) + le16(45) + le16(45) + le32(0) + le32(0) + le64(2) + le64(2)
            + le64(UInt64(directory.count)) + le64(directoryOffset)
        let locator = le32(0x0706_4b50) + le32(0) + le64(directoryOffset + UInt64(directory.count)) + le32(1)
        let end =
            le32(0x0605_4b50) + le16(0) + le16(0) + le16(2) + le16(2) + le32(UInt32(directory.count)) + le32(.max)
            + le16(0)
        try Data(first).write(to: URL(fileURLWithPath: path))
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.seek(toOffset: smallOffset)
        try file.write(contentsOf: Data(second + directory + end64 + locator + end))
        try file.close()
    }
}

private func le16(_ value: UInt16) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
private func le32(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
private func le64(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
