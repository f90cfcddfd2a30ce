/// A float's bits as an unsigned number of the same order.
func orderedKey(_ value: Float) -> UInt32 {
    let bits = value.bitPattern
    return bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
}

/// The float of an `orderedKey`.
func orderedValue(_ key: UInt32) -> Float {
    Float(bitPattern: key & 0x8000_0000 == 0 ? ~key : key & 0x7FFF_FFFF)
}

/// Where a quantile of n numbers lies between two neighbouring order statistics, as `numpy.quantile`'s `linear` has it.
struct QuantilePosition: Equatable {
    /// Rank (from 0) of the lower order statistic.
    let rank: Int
    /// How far the quantile is on the way to the next one, in 0..<1.
    let fraction: Double

    init(_ quantile: Double, of count: Int) {
        let position = quantile * Double(count - 1)
        rank = Int(position)
        fraction = position - Double(rank)
    }

    /// NumPy's interpolation, in float64, then float32.
    func interpolate(_ low: Float, _ high: Float) -> Float {
        let low = Double(low), high = Double(high)
        let step = high - low
        return Float(fraction >= 0.5 ? high - step * (1 - fraction) : low + step * fraction)
    }
}

/// Finds an order statistic and its successor among any number of floats by looking at them twice.
///
/// The first look counts the upper 16 bits of the ordered keys and so finds the bucket of the rank, the second counts
/// the lower 16 bits within it. Exact, and the memory is 256 KB however many floats there are (under 2³² of them).
struct TwoLookSelection {
    static let buckets = 1 << 16

    /// The upper half of the key at the rank.
    let bucket: UInt32
    /// The rank among the numbers of that bucket.
    let rankInBucket: Int

    /// - Parameter counts: `[65536]` how often each upper half occurred in the first look.
    init(counts: UnsafePointer<UInt32>, rank: Int) {
        var before = 0, at = 0
        while before + Int(counts[at]) <= rank {
            before += Int(counts[at])
            at += 1
        }
        bucket = UInt32(at)
        rankInBucket = rank - before
    }

    /// The number at the rank and the next one; the same number twice when the rank is the last.
    ///
    /// - Parameters:
    ///   - counts: `[65536]` how often each lower half occurred in the bucket in the second look.
    ///   - above: the smallest key above the bucket in the second look, or `UInt32.max` when there is none.
    func neighbours(counts: UnsafePointer<UInt32>, above: UInt32) -> (Float, Float) {
        var before = 0, at = 0
        while before + Int(counts[at]) <= rankInBucket {
            before += Int(counts[at])
            at += 1
        }
        let low = bucket << 16 | UInt32(at)
        var next = at
        if before + Int(counts[at]) == rankInBucket + 1 {
            next += 1
            while next < Self.buckets, counts[next] == 0 { next += 1 }
        }
        let high = next < Self.buckets ? bucket << 16 | UInt32(next) : above == .max ? low : above
        return (orderedValue(low), orderedValue(high))
    }
}
