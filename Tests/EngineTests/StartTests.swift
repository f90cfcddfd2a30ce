import Engine
import Fingerprints
import Foundation
import Testing
import TestSupport

/// What is looked at before a job runs, and what is told of it afterwards.
@Suite struct StartTests {
    /// Of two executions with the same bytes the one just now counts for those who wait.
    @Test func aForcedRunTellsItsOwnSeconds() throws {
        let disk = MemoryDisk(), process = disk.startProcess(), seconds = Box(3.0)
        let plan = try Plan([
            Job(
                id: "x",
                stage: TestStage(name: "x") { context in
                    disk.advance(seconds: seconds.value)
                    try process.write([1], to: context.output + "/out")
                }, inputs: [])
        ])
        func run(_ force: [String]) throws -> Double {
            let options = RunOptions(force: force, catchSignals: false, faults: .off)
            let status = try Runner(
                store: try Store(at: "/store", fileSystem: process, time: process), options: options
            ).run(plan)[0]
            return try #require(status.seconds).rounded()
        }
        #expect(try run([]) == 3)
        seconds.change { $0 = 7 }
        #expect(try run(["x"]) == 7)
    }

    /// Before anything is computed.
    @Test(arguments: ["cas", "ac"])
    func aStoreOnTwoDisksIsFoundAtTheStart(folder: String) throws {
        let disk = MemoryDisk(), process = disk.startProcess(), ran = Box(0)
        process.before.withLock {
            $0 = { operation, path in
                if operation == "move to", path.hasPrefix("/store/\(folder)/") {
                    throw FileSystemError("move", path, code: EXDEV)
                }
            }
        }
        let plan = try Plan([Job(id: "x", stage: TestStage(name: "x") { _ in ran.change { $0 += 1 } }, inputs: [])])
        let runner = Runner(
            store: try Store(at: "/store", fileSystem: process, time: process),
            options: RunOptions(catchSignals: false, faults: .off))
        let error = #expect(throws: EngineError.self) { try runner.run(plan) }
        #expect(
            error?.description
                == "cannot move files into /store/\(folder): Invalid cross-device link; all folders of a store must lie on one disk"
        )
        #expect(ran.value == 0)
    }
}
