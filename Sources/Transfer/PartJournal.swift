import Fingerprints
import Glibc

/// The text form of what a part holds (see `PartFile`).
enum PartJournal {
    static let durableLine = "durable\n"

    static func line(_ piece: Int, _ written: Int) -> String { "\(piece) \(written)\n" }

    /// The id of this boot of the machine; empty where the system does not tell.
    static func bootID() -> String {
        guard let file = try? OpenFile("/proc/sys/kernel/random/boot_id", O_RDONLY) else { return "" }
        let bytes = [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
            count = max(0, Glibc.read(file.descriptor, buffer.baseAddress, 64))
        }
        return trimmed(String(decoding: bytes, as: UTF8.self))
    }

    /// Writes a journal that says just this, in place of an earlier one, and leaves it open for more lines.
    /// The bytes it speaks of must be on disk.
    static func write(_ header: PartFile.Header, _ written: [Int], to path: String) throws(TransferError) -> OpenFile {
        let file = try OpenFile(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND)
        var members: [String: Value] = [
            "url": .string(header.url), "pieceBytes": .int(header.pieceBytes), "mixed": .bool(header.isMixed),
            "boot": .string(bootID()),
        ]
        if let total = header.total { members["total"] = .int(total) }
        if let etag = header.validator.etag { members["etag"] = .string(etag) }
        if let date = header.validator.lastModified { members["lastModified"] = .string(date) }
        var text = Value.object(members).json(pretty: false) + "\n"
        for (piece, count) in written.enumerated() where count > 0 { text += line(piece, count) }
        try file.append(text + durableLine)
        try file.synchronise()
        guard rename(path + ".new", path) == 0 else { throw systemError("rename to \(path)", path + ".new") }
        return file
    }

    /// Reads a journal back; nil when it makes no sense. A torn last line is ignored.
    static func parse(_ text: [UInt8], bootID: String) -> (PartFile.Header, [Int])? {
        var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)[...]
        lines.removeLast()
        guard let first = lines.popFirst(), let value = try? Value(json: Array(first)), let header = header(value)
        else { return nil }
        let pieces = header.total.map { $0 == 0 ? 1 : ($0 - 1) / header.pieceBytes + 1 } ?? 1
        guard pieces <= 1 << 24 else { return nil }
        var written = [Int](repeating: 0, count: pieces)
        var durable = written
        for line in lines {
            if line.elementsEqual("durable".utf8) {
                durable = written
                continue
            }
            let numbers = line.split(separator: UInt8(ascii: " ")).map { Int(String(decoding: $0, as: UTF8.self)) }
            guard numbers.count == 2, let piece = numbers[0], let count = numbers[1], written.indices.contains(piece),
                count >= written[piece],
                count <= (header.total.map { min(header.pieceBytes, $0 - piece * header.pieceBytes) } ?? .max)
            else { return nil }
            written[piece] = count
        }
        return (header, value["boot"]?.stringValue == bootID ? written : durable)
    }

    private static func header(_ value: Value) -> PartFile.Header? {
        guard let url = value["url"]?.stringValue, let pieceBytes = value["pieceBytes"]?.intValue, pieceBytes > 0,
            let mixed = value["mixed"]?.boolValue, value["total"]?.intValue ?? 0 >= 0
        else { return nil }
        let validator = Validator(etag: value["etag"]?.stringValue, lastModified: value["lastModified"]?.stringValue)
        return PartFile.Header(
            url: url, validator: validator, total: value["total"]?.intValue, pieceBytes: pieceBytes, isMixed: mixed)
    }
}
