import Foundation
import TestSupport
import Testing

/// What computes no artifact changes no fingerprint.
@Suite(.waits) struct ArithmeticTests {
    @Test func theKernelOfOpenBLASChangesNothing() throws {
        try Command.inMemory { command in
            try command.makeTiny()
            func content(_ kernel: String) throws -> StoreContent {
                // An empty kernel is the one that OpenBLAS chooses.
                let environment = ["OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": kernel.isEmpty ? "4" : "1"]
                let end = try command.run(["run", "x.json", "--store", ".store\(kernel)"], environment: environment)
                #expect(end.code == 0, "\(end.errors)")
                return try StoreContent(command, store: ".store\(kernel)")
            }
            let chosen = try content("")
            #expect(chosen.jobs.count == 8)
            for kernel in ["Haswell", "Prescott"] { #expect(try content(kernel) == chosen, "\(kernel)") }
        }
    }
}
