/// A number with the bounds of its interval.
public struct Interval: Sendable, Equatable {
    /// The number itself.
    public var value: Double
    /// The lower bound.
    public var low: Double
    /// The upper bound.
    public var high: Double

    /// Bounds as they were computed elsewhere: `value` need not lie in the middle.
    public init(value: Double, low: Double, high: Double) {
        self.value = value
        self.low = low
        self.high = high
    }
}
