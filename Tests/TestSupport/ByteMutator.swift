import Fingerprints

/// Damages a file's bytes in ways that readers trip over: flipped bits, telling numbers, cuts, copies and splices.
public struct ByteMutator: Sendable {
    private var random: RandomSource

    /// - Parameter stream: the same seed gives other damages in another stream.
    public init(seed: UInt64, stream: String) {
        random = RandomSource(seed: seed, stream: stream)
    }

    /// One to eight damages, one after the other.
    /// - Parameter others: files to splice parts from.
    public mutating func mutate(_ bytes: [UInt8], others: [[UInt8]] = []) -> [UInt8] {
        var bytes = bytes
        for _ in 0...random.below(8) {
            guard !bytes.isEmpty else { break }
            damage(&bytes, others)
        }
        return bytes
    }

    private mutating func damage(_ bytes: inout [UInt8], _ others: [[UInt8]]) {
        let place = place(in: bytes)
        switch random.below(8) {
        case 0: bytes[place] ^= 1 << UInt8(random.below(8))
        case 1: bytes[place] = UInt8(random.below(256))
        case 2, 3: overwrite(&bytes, at: place)
        case 4: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(64)))
        case 5:
            let part = Array(bytes[place..<min(bytes.count, place + 1 + random.below(256))])
            bytes.insert(contentsOf: part, at: self.place(in: bytes))
        case 6:
            guard let other = others.isEmpty ? nil : others[random.below(others.count)], !other.isEmpty else { return }
            let from = self.place(in: other),
                count = min(other.count - from, bytes.count - place, 1 + random.below(512))
            bytes.replaceSubrange(place..<place + count, with: other[from..<from + count])
        default:
            if random.below(4) == 0 {
                bytes.removeSubrange(place...)
            } else {
                bytes[place] &+= random.below(2) == 0 ? 1 : 255
            }
        }
    }

    /// A whole number of 1 to 8 bytes that tends to break arithmetic, in either byte order.
    private mutating func overwrite(_ bytes: inout [UInt8], at place: Int) {
        let size = 1 << random.below(4)
        let telling: [UInt64] = [
            0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1 << 40, 1 << 61, 1 << 62,
            UInt64(Int64.max), 1 << 63, .max, UInt64(bytes.count), UInt64(bytes.count) + 1,
        ]
        let number = telling[random.below(telling.count)]
        let littleEndian = random.below(4) > 0
        for i in 0..<size where place + i < bytes.count {
            bytes[place + i] = UInt8(truncatingIfNeeded: number >> UInt64(8 * (littleEndian ? i : size - 1 - i)))
        }
    }

    /// Mostly near the beginning or the end, where formats keep their structure.
    private mutating func place(in bytes: [UInt8]) -> Int {
        switch random.below(4) {
        case 0: random.below(bytes.count)
        case 1: bytes.count - 1 - random.below(min(bytes.count, 2048))
        default: random.below(min(bytes.count, 4096))
        }
    }
}
