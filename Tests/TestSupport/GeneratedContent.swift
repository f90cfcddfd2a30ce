import Fingerprints

/// Bytes that depend on nothing but a seed and their offset: a large file that needs no room.
public struct GeneratedContent: Sendable {
    /// What every byte depends on, with its offset.
    public let seed: UInt64
    /// Length of the whole.
    public let bytes: Int

    /// - Parameter bytes: length of the whole.
    public init(seed: UInt64, bytes: Int) {
        self.seed = seed
        self.bytes = bytes
    }

    /// The bytes of `range`.
    public func slice(_ range: Range<Int>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            fill(
                UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<range.count]),
                at: range.lowerBound)
            count = range.count
        }
    }

    /// Writes the bytes from `offset` on, as many as there is room for.
    public func fill(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
        var at = 0
        while at < buffer.count, (offset + at) % 8 != 0 || buffer.count - at < 8 {
            buffer[at] = byte(offset + at)
            at += 1
            if (offset + at) % 8 == 0 { break }
        }
        while buffer.count - at >= 8 {
            buffer.storeBytes(of: word((offset + at) / 8).littleEndian, toByteOffset: at, as: UInt64.self)
            at += 8
        }
        while at < buffer.count {
            buffer[at] = byte(offset + at)
            at += 1
        }
    }

    private func byte(_ offset: Int) -> UInt8 { UInt8(truncatingIfNeeded: word(offset / 8) >> UInt64(offset % 8 * 8)) }

    /// SplitMix64's output function (Steele, Lea and Flood 2014).
    private func word(_ index: Int) -> UInt64 {
        var z = seed &+ UInt64(index &+ 1) &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Of the whole, made a MiB at a time.
    public var sha256: Digest {
        var stream = DigestStream()
        for start in stride(from: 0, to: bytes, by: 1 << 20) {
            stream.update(slice(start..<min(bytes, start + 1 << 20)))
        }
        return stream.finish()
    }
}
