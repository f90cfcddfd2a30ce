/// A zip archive with one way to be written: files in the order of their names, stored as they are, without times. What
/// it holds says every byte of it, so that a changed one is found even where other readers look past it.
package enum StoredZip {
    package struct Entry: Equatable {
        package let name: String
        package let bytes: [UInt8]

        package init(name: String, bytes: [UInt8]) { (self.name, self.bytes) = (name, bytes) }
    }

    /// Where an archive is not as it would be written.
    package struct Damage: Error, Equatable {
        /// From the archive's start.
        package let byte: Int
        /// The file whose record it lies in; nil: the directory at the end.
        package let file: String?
    }

    /// - Parameter entries: each name once.
    package static func archive(_ entries: [Entry]) -> [UInt8] {
        var bytes: [UInt8] = [], directory: [UInt8] = []
        let sorted = entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        for entry in sorted {
            let offset = bytes.count
            let name = Array(entry.name.utf8), fields = fields(entry)
            for part in [record(0x0403_4B50), fields, name, entry.bytes] { bytes += part }
            // Made on Unix; no comment, first disk, an ordinary file that all may read.
            let mode = long(0o100644 << 16), unused = [UInt8](repeating: 0, count: 6)
            for part in [record(0x0201_4B50), word(0x031E), fields, unused, mode, long(offset), name] {
                directory += part
            }
        }
        let start = bytes.count, count = word(sorted.count)
        let end = [record(0x0605_4B50), word(0), word(0), count, count, long(directory.count), long(start), word(0)]
        return bytes + directory + end.flatMap { $0 }
    }

    /// What an archive holds, file by file from its start.
    /// - Returns: beside what could be read, the first byte that is not as `archive` writes it; nil: the archive is
    ///   whole.
    package static func entries(_ bytes: [UInt8]) -> (entries: [Entry], damage: Damage?) {
        var entries: [Entry] = [], starts: [Int] = [], at = 0, changed: Damage?
        while at + 30 <= bytes.count, Array(bytes[at..<at + 4]) == record(0x0403_4B50) {
            let size = number(bytes, at + 18), length = Int(bytes[at + 26]) | Int(bytes[at + 27]) << 8
            let data = at + 30 + length
            guard data <= bytes.count, size <= bytes.count - data,
                let name = String(validating: bytes[at + 30..<data], as: UTF8.self)
            else { break }
            let content = Array(bytes[data..<data + size]), difference = crc32(content) ^ UInt32(number(bytes, at + 14))
            if difference != 0, changed == nil {
                changed = Damage(byte: data + (changedByte(difference, of: size) ?? 0), file: name)
            }
            starts.append(at)
            entries.append(Entry(name: name, bytes: content))
            at = data + size
        }
        let whole = archive(entries)
        guard whole != bytes else { return (entries, nil) }
        // A changed content is told by the sum before it; which byte it was, where it was one.
        if let changed { return (entries, changed) }
        let byte = zip(whole, bytes).enumerated().first { $1.0 != $1.1 }?.offset ?? min(whole.count, bytes.count)
        let place = byte < at ? starts.lastIndex { $0 <= byte } : nil
        return (entries, Damage(byte: byte, file: place.map { entries[$0].name }))
    }

    private static func fields(_ entry: Entry) -> [UInt8] {
        // Zip 2.0; names are UTF-8; stored; the first of January 1980.
        let size = long(entry.bytes.count)
        return [
            [20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0], long(Int(crc32(entry.bytes))), size, size, word(entry.name.utf8.count),
            [0, 0],
        ]
        .flatMap { $0 }
    }

    private static func record(_ signature: Int) -> [UInt8] { long(signature) }
    private static func word(_ value: Int) -> [UInt8] { [UInt8(value & 255), UInt8(value >> 8 & 255)] }
    private static func long(_ value: Int) -> [UInt8] { word(value & 0xFFFF) + word(value >> 16 & 0xFFFF) }

    private static func number(_ bytes: [UInt8], _ at: Int) -> Int {
        var value = 0
        for place in 0..<4 { value |= Int(bytes[at + place]) << (8 * place) }
        return value
    }

    private static let table: [UInt32] = (0..<256).map { start in
        var value = UInt32(start)
        for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        return value
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var sum: UInt32 = ~0
        for byte in bytes { sum = sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] }
        return ~sum
    }

    /// Where a content of `size` bytes has another byte than that whose sum differs by `difference`; nil where more
    /// than one byte differs. The difference is taken back byte by byte from the end, until it is one that a single
    /// byte makes.
    private static func changedByte(_ difference: UInt32, of size: Int) -> Int? {
        var left = difference
        for place in stride(from: size - 1, through: 0, by: -1) {
            guard let byte = byTop[UInt8(left >> 24)] else { return nil }
            if table[Int(byte)] == left { return place }
            left = (left ^ table[Int(byte)]) << 8 | UInt32(byte)
        }
        return nil
    }

    /// The upper bytes of the table are a permutation.
    private static let byTop = Dictionary(uniqueKeysWithValues: table.enumerated().map { (UInt8($1 >> 24), UInt8($0)) })
}
