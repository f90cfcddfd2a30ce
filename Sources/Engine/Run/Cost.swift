import Fingerprints

/// What an execution took of its machine, beside time and memory.
public struct Cost: Sendable, Equatable {
    /// Seconds that processors worked for it, those of all its threads together.
    public var coreSeconds: Double
    /// Energy in joules.
    public var joules: Double
    /// Whether the energy was read from the processors' own meter (RAPL); else it is an estimate by `wattsOfACore`.
    public var isMeasured: Bool

    /// What a busy core is taken to draw where no meter can be read: an assumption, of the size of what desktop and
    /// server processors draw a core.
    public static let wattsOfACore = 10.0

    /// - Parameter joules: as a meter says; nil: estimated from the core-seconds.
    public init(coreSeconds: Double, joules: Double? = nil) {
        self.coreSeconds = coreSeconds
        self.joules = joules ?? coreSeconds * Self.wattsOfACore
        isMeasured = joules != nil
    }

    /// With what came before, of which the energy is not known: a moment, which a measured energy leaves out.
    func after(coreSeconds before: Double) -> Self {
        isMeasured
            ? Self(coreSeconds: coreSeconds + before, joules: joules) : self + Self(coreSeconds: before)
    }

    /// Both together: measured only if both were.
    public static func + (one: Self, other: Self) -> Self {
        var sum = one
        sum.coreSeconds += other.coreSeconds
        sum.joules += other.joules
        sum.isMeasured = one.isMeasured && other.isMeasured
        return sum
    }
}

extension Cost {
    /// As it is kept, among other members of an object: `coreSeconds`, `joules`, and `energy`, how these are known.
    public var members: [String: Value] {
        [
            "coreSeconds": .double(coreSeconds), "joules": .double(joules),
            "energy": .string(isMeasured ? Self.measured : Self.estimated),
        ]
    }

    private static let measured = "measured", estimated = "estimated"

    /// Reads what `members` wrote; nil in records of before costs were noted.
    public init?(_ value: Value) {
        guard let coreSeconds = value["coreSeconds"]?.doubleValue, let joules = value["joules"]?.doubleValue,
            let energy = value["energy"]?.stringValue
        else { return nil }
        self.coreSeconds = coreSeconds
        self.joules = joules
        isMeasured = energy == Self.measured
    }
}
