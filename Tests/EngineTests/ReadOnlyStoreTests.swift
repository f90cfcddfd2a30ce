import Engine
import Fingerprints
import Foundation
import Testing
import TestSupport

/// A store that can only be read, on a read-only disk or as another user's, is good for looking.
@Suite struct ReadOnlyStoreTests {
    private static let writing: Set<String> = [
        "write", "make the folder", "move", "move to", "remove", "protect", "lock",
    ]

    @Test(arguments: [EROFS, EACCES, EPERM])
    func isGoodForLooking(code: Int32) throws {
        let disk = MemoryDisk(), owner = disk.startProcess(), guest = disk.startProcess()
        try owner.write(Array("in".utf8), to: "/in")
        disk.advance(seconds: 10)
        func stage(_ process: MemoryProcess, _ text: String = "made") throws -> Plan {
            try Plan(
                [
                    Job(
                        id: "x",
                        stage: TestStage(name: "x", parameters: ["text": .string(text)]) { context in
                            try process.write(Array(text.utf8), to: context.output + "/out")
                        }, inputs: [Input("in", .file("/in"))])
                ], name: "x")
        }
        func runner(_ process: MemoryProcess) throws -> Runner {
            Runner(
                store: try Store(at: "/store", fileSystem: process, time: process),
                options: RunOptions(catchSignals: false, faults: .off))
        }
        _ = try runner(owner).run(stage(owner, "old"))
        _ = try runner(owner).run(stage(owner))
        guest.before.withLock {
            $0 = { operation, path in
                if path.hasPrefix("/store"), Self.writing.contains(operation) {
                    throw FileSystemError(operation, path, code: code)
                }
            }
        }
        #expect(try runner(guest).status(of: stage(guest)).map(\.state) == [.fresh])
        #expect(try runner(guest).predict(stage(guest)).map(\.wouldRun) == [false])
        #expect(try runner(guest).run(stage(guest)).map(\.state) == [.fresh])
        #expect(try runner(guest).run(stage(guest, "old")).map(\.state) == [.fresh])
        #expect(try runner(guest).why(stage(guest), job: "x").steps.count == 1)
        let verified = try runner(guest).verify(stage(guest))[0]
        #expect(verified.error == nil && verified.agreeing == 2 && verified.executions == 2)
        disk.advance(seconds: 10)
        let promised = try runner(guest).collectGarbage(Keep(), dryRun: true)
        #expect(Set(promised.items.map(\.kind)).isSuperset(of: [.artifact, .trace]))
        try runner(guest).store.register(KnownProject(path: "/p", data: "/d", results: "/r"))
        // What must be made is an error that names the store.
        let error = #expect(throws: EngineError.self) { try runner(guest).run(stage(guest, "new")) }
        #expect(error?.description.contains("/store/") == true, "\(String(describing: error))")
        #expect(throws: EngineError.self) { try runner(guest).collectGarbage(Keep()) }
        #expect(try runner(owner).run(stage(owner)).map(\.ran) == [false])
    }

    /// A verification that finds other bytes says so there too, and records nothing.
    @Test func verificationFindsADifference() throws {
        let disk = MemoryDisk(), process = disk.startProcess(), count = Box(0)
        let plan = try Plan([
            Job(
                id: "x",
                stage: TestStage(name: "x") { context in
                    count.change { $0 += 1 }
                    try process.write(Array("\(count.value)".utf8), to: context.output + "/out")
                }, inputs: [])
        ])
        let runner = Runner(
            store: try Store(at: "/store", fileSystem: process, time: process),
            options: RunOptions(catchSignals: false, faults: .off))
        let fingerprint = try #require(runner.run(plan)[0].fingerprint)
        let trace = try runner.store.trace(fingerprint)
        process.before.withLock {
            $0 = { operation, path in
                if path.hasPrefix("/store"), Self.writing.contains(operation) {
                    throw FileSystemError(operation, path, code: EROFS)
                }
            }
        }
        let verified = try runner.verify(plan)[0]
        guard case .nondeterministic? = verified.error else { Issue.record("\(verified)"); return }
        #expect(verified.agreeing == 1 && verified.executions == 2)
        #expect(try runner.store.trace(fingerprint) == trace)
    }
}
