/// Training's numbers as TensorBoard reads them: a file of framed `tensorflow.Event` messages.
public struct EventFile: Sendable {
    /// Step, and the scalars of that step by their tags, in their order.
    public typealias Step = (step: Int, scalars: [(tag: String, value: Double)])

    /// An event each, behind the one that names the format.
    public let steps: [Step]
    /// Seconds since 1970, of all events: when training ended.
    public let time: Double

    /// - Parameter time: seconds since 1970, of all events.
    public init(steps: [Step], time: Double) {
        self.steps = steps
        self.time = time
    }

    /// What TensorBoard looks for in a name.
    public var name: String { "events.out.tfevents.\(Int(time)).lavise-pipeline" }

    /// The file's content: each message with its length and both checksums, as TensorFlow's `record_writer.cc` frames
    /// it.
    public var bytes: [UInt8] {
        let version = Self.double(1, time) + Self.bytes(3, Array("brain.Event:2".utf8))
        let events = steps.map { step, scalars in
            let values = scalars.flatMap { tag, value in
                Self.bytes(1, Self.bytes(1, Array(tag.utf8)) + Self.float(2, Float(value)))
            }
            return Self.double(1, time) + Self.varint(2, UInt64(max(0, step))) + Self.bytes(5, values)
        }
        return ([version] + events).flatMap(Self.framed)
    }

    // MARK: The frame: length, its checksum, the message, its checksum (TensorFlow's record_writer.cc)

    private static func framed(_ message: [UInt8]) -> [UInt8] {
        let length = littleEndian(UInt64(message.count))
        return length + littleEndian(masked(crc32c(length))) + message + littleEndian(masked(crc32c(message)))
    }

    private static func masked(_ crc: UInt32) -> UInt32 { (crc >> 15 | crc << 17) &+ 0xa282_ead8 }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1 }
    }

    /// Castagnoli's cyclic redundancy check (RFC 3720, B.4).
    package static func crc32c(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { crc, byte in table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ crc >> 8 }
    }

    // MARK: Fields of a message (protocol buffers)

    private static func key(_ field: UInt64, _ kind: UInt64) -> [UInt8] { varint(field << 3 | kind) }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var value = value
        var bytes: [UInt8] = []
        while value > 127 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 128)
            value >>= 7
        }
        return bytes + [UInt8(value)]
    }

    private static func varint(_ field: UInt64, _ value: UInt64) -> [UInt8] { key(field, 0) + varint(value) }
    private static func double(_ field: UInt64, _ value: Double) -> [UInt8] {
        key(field, 1) + littleEndian(value.bitPattern)
    }
    private static func float(_ field: UInt64, _ value: Float) -> [UInt8] {
        key(field, 5) + littleEndian(value.bitPattern)
    }
    private static func bytes(_ field: UInt64, _ bytes: [UInt8]) -> [UInt8] {
        key(field, 2) + varint(UInt64(bytes.count)) + bytes
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}

extension TrainingTable {
    /// The curves as two runs with the same tags, `train` and `validation`, which TensorBoard draws over each other.
    /// - Parameter time: when training ended, in seconds since 1970.
    public func eventFiles(time: Double) -> [(run: String, file: EventFile)] {
        func file(_ loss: (TrainingRow) -> Double, _ hits: (TrainingRow) -> [Double]) -> EventFile {
            EventFile(
                steps: rows.map { row in
                    (row.epoch, [("loss", loss(row))] + zip(ks, hits(row)).map { ("hit@\($0)", $1) })
                }, time: time)
        }
        return [("train", file(\.trainLoss, \.trainHits)), ("validation", file(\.validLoss, \.validHits))]
    }
}
