import Foundation

/// How long a fuzz test lasts: LAVISE_FUZZ_SECONDS, or until LAVISE_FUZZ_INPUTS files were tried; where neither is said
/// a short round. From LAVISE_FUZZ_SEED, or 1.
public struct FuzzBudget: Sendable {
    /// The same seed gives the same inputs in the same order.
    public let seed: UInt64
    /// Whether it was asked for, so that its count is worth printing.
    public let isLong: Bool
    private let seconds: Double
    private let inputs: Int
    private let start = Date()

    /// - Parameter short: inputs of a round that nobody asked for.
    public init(short: Int) {
        let environment = ProcessInfo.processInfo.environment
        let seconds = environment["LAVISE_FUZZ_SECONDS"].flatMap(Double.init)
        let inputs = environment["LAVISE_FUZZ_INPUTS"].flatMap { Int($0) }
        seed = environment["LAVISE_FUZZ_SEED"].flatMap(UInt64.init) ?? 1
        isLong = seconds != nil || inputs != nil
        self.seconds = seconds ?? .infinity
        self.inputs = inputs ?? (seconds == nil ? short : .max)
    }

    /// Whether one more is to be tried.
    public func lasts(after tried: Int) -> Bool { tried < inputs && Date().timeIntervalSince(start) < seconds }
}
