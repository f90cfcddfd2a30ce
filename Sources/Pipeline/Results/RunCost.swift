import Engine
import Fingerprints
import Foundation

/// What the stages of an experiment took when they ran, for people and for `--json`. It differs from run to run, and so
/// stands in no file that is compared byte for byte: not under a table, but where it is told of the run.
public struct RunCost: Sendable, Equatable {
    /// Of all stages together.
    public private(set) var cost: Cost
    /// The most that a stage took, in bytes.
    public private(set) var peakMemory: Int

    /// - Parameter executions: those that left what counts; nil: there is none.
    public init?(_ executions: [(cost: Cost, peakMemory: Int)]) {
        guard let first = executions.first else { return nil }
        cost = executions.dropFirst().reduce(first.cost) { $0 + $1.cost }
        peakMemory = executions.map(\.peakMemory).max() ?? 0
    }

    /// Of jobs that are fresh, what several take once; nil: none is.
    public init?(_ jobs: [JobStatus]) {
        var seen: Set<Digest?> = []
        self.init(
            jobs.filter { $0.made != nil && seen.insert($0.fingerprint).inserted }.compactMap(\.made).map {
                ($0.costOrEstimate, $0.peakMemory)
            })
    }

    /// `52.7 core-seconds, 412 MB of memory at most, 527 J (an estimate: 10 W a core)`.
    public var text: String {
        let energy =
            cost.isMeasured
            ? "measured by the processors" : String(format: "an estimate: %.0f W a core", Cost.wattsOfACore)
        return String(format: "%.1f core-seconds, ", cost.coreSeconds)
            + String(format: "%.0f MB of memory at most, ", Double(peakMemory) / 1e6)
            + "\(Self.energy(cost.joules)) (\(energy))"
    }

    /// For `--json`.
    public var value: Value {
        .object(cost.members.merging(["peakMemory": .int(peakMemory)]) { $1 })
    }

    private static func energy(_ joules: Double) -> String {
        if joules < 1000 { return String(format: "%.0f J", joules) }
        return joules < 3.6e6 ? String(format: "%.1f kJ", joules / 1e3) : String(format: "%.2f kWh", joules / 3.6e6)
    }
}
