import Reporting
import Testing

extension ClaimTests {
    /// A difference whose bound is 0 decides nothing.
    @Test func aDifferenceThatTouchesZeroIsOpen() {
        func verdict(_ low: Double, _ high: Double) -> Verdict {
            Verdict(differences: [Interval(value: (low + high) / 2, low: low, high: high)])
        }
        #expect(verdict(0, 1) == .inconclusive && verdict(1e-9, 1) == .reproduced)
        #expect(verdict(-1, 0) == .inconclusive && verdict(-1, -1e-9) == .refuted)
    }
}

extension TableTests {
    @Test func aRecordWithACellTooManyIsRefused() {
        for line in ["m,5,6", "m"] {
            #expect(throws: (any Error).self, "\(line)") { try CSV("method,k\n\(line)\n", name: "x.csv") }
        }
    }
}
