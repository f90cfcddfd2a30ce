import Engine
import Fingerprints
import Foundation
import Testing
import TestSupport

@Suite struct VerificationTests {
    @Test func agreementIsCounted() throws {
        let shop = try Workshop()
        try shop.write("text", to: "a.txt")
        let plan = try CorruptionTests.plan(shop)
        let statuses = try shop.runner().run(plan)
        #expect(
            try shop.runner().verify(plan).map(\.summary) == ["rebuilt 1 time, all agree", "rebuilt 1 time, all agree"])
        #expect(try shop.runner().verify(plan, jobs: ["b"]).map(\.summary) == ["rebuilt 2 times, all agree"])
        let fingerprint = try #require(statuses[1].fingerprint)
        let trace = try #require(try shop.store().trace(fingerprint))
        #expect(trace.outcomes.map(\.executions) == [3])
        #expect(try shop.run(plan) == [])
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.storePath + "/work") == [])
    }

    @Test func whatIsNotBuiltCannotBeVerified() throws {
        let shop = try Workshop()
        try shop.write("text", to: "a.txt")
        let error = #expect(throws: EngineError.self) { try shop.runner().verify(CorruptionTests.plan(shop)) }
        #expect(error?.description == "a is not up to date (never built); run it first")
    }

    @Test func nondeterminismIsAnErrorAndBothOutcomesAreKept() throws {
        let shop = try Workshop()
        let counter = Box(0)
        let stage = TestStage(name: "dice", outputs: ["same", "out"]) { context in
            counter.change { $0 += 1 }
            try writeText("same", context.output + "/same")
            try writeText("run \(counter.value)", context.output + "/out")
        }
        let plan = try Plan([Job(id: "dice", stage: stage, inputs: [])])
        let options = RunOptions(
            force: [], compare: { first, second in "\(try readText(first)) / \(try readText(second))" },
            catchSignals: false)
        #expect(try shop.run(plan) == ["dice"])
        let verification = try shop.runner(options).verify(plan)[0]
        #expect(verification.error?.description.hasPrefix("dice is not deterministic: output out is ") == true)
        #expect(verification.error?.description.contains("; run 1 / run 2; both are kept in the store") == true)
        #expect(verification.summary == "rebuilt 1 time, 0 agree")
        let status = try shop.runner().status(of: plan)[0]
        #expect(status.state == .fresh)
        #expect(status.reason == .nondeterministic(outcomes: 2))
        #expect(try shop.text([status], "dice") == "run 1")
        #expect(try shop.run(plan) == [])
        var forced = options
        forced.force = ["dice"]
        let error = #expect(throws: EngineError.self) { try shop.run(plan, forced) }
        guard case .nondeterministic("dice", "out", let first, let second, _) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(try readText(shop.store().path(of: first)) == "run 1")
        #expect(try readText(shop.store().path(of: second)) == "run 3")
        // With the outcome in use gone, another one that is whole serves.
        try LocalFileSystem().remove(shop.store().path(of: first))
        #expect(try shop.run(plan) == [])
        #expect(try shop.text(shop.runner().status(of: plan), "dice") == "run 2")
    }

    @Test func predictionsComeFromTraces() throws {
        let shop = try Workshop()
        try shop.write("text", to: "a.txt")
        let plan = try CorruptionTests.plan(shop)
        #expect(try shop.runner().predict(plan).map(\.wouldRun) == [true, true])
        #expect(try shop.runner().predict(plan).map(\.bytes) == [nil, nil])
        try shop.run(plan)
        #expect(try shop.runner().predict(plan).map(\.wouldRun) == [false, false])
        try shop.write("other text", to: "a.txt")
        let predictions = try shop.runner().predict(plan)
        #expect(predictions.map(\.wouldRun) == [true, true])
        #expect(predictions.map(\.bytes) == [4, 4])
        #expect(predictions.allSatisfy { ($0.seconds ?? -1) >= 0 })
        // Another plan learns from the same stages.
        let twin = try Plan(plan.jobs.map { Job(id: $0.id, stage: $0.stage, inputs: $0.inputs) }, name: "twin")
        #expect(try shop.runner().predict(twin).map(\.bytes) == [4, 4])
        let only = try shop.runner(RunOptions(only: ["a"], force: ["a"], catchSignals: false)).predict(plan)
        #expect(only.map(\.wouldRun) == [true, false])
    }

    @Test func predictionsScaleWithTheWorkThatStagesTell() throws {
        let shop = try Workshop()
        func plan(_ size: Int) throws -> Plan {
            let stage = TestStage(name: "count", parameters: ["size": .int(size)]) { context in
                context.worked(Double(size))
                try writeText(String(repeating: "x", count: size), context.output + "/out")
            }
            return try Plan([Job(id: "count", stage: stage, inputs: [])], name: "scaled")
        }
        let before = try shop.runner().predict(plan(10)) { _ in ["count": ExpectedCost(work: 10, bytes: nil)] }
        #expect(before[0].seconds == nil && before[0].bytes == nil)
        let done = try shop.runner().run(plan(10))
        let seconds = try #require(done[0].seconds)
        func predict(_ cost: ExpectedCost) throws -> Prediction {
            try shop.runner().predict(plan(40)) { _ in ["count": cost] }[0]
        }
        let byWork = try predict(ExpectedCost(work: 40, bytes: nil))
        #expect(byWork.seconds == seconds * 4 && byWork.bytes == 40)
        let byBytes = try predict(ExpectedCost(work: nil, bytes: 20))
        #expect(byBytes.seconds == seconds * 2 && byBytes.bytes == 20)
        #expect(try shop.runner().predict(plan(40))[0].seconds == seconds)
    }

    /// An attempt that found all its work done by one that died: what it took is no measure of the job.
    @Test func anAttemptWithoutWorkPredictsNothing() throws {
        let disk = MemoryDisk(), process = disk.startProcess(), work = Box(0.0)
        func plan(_ parameter: Int) throws -> Plan {
            try Plan([
                Job(
                    id: "x",
                    stage: TestStage(name: "x", parameters: ["p": .int(parameter)]) { context in
                        disk.advance(seconds: work.value)
                        context.worked(work.value)
                        try process.write([1], to: context.output + "/out")
                    }, inputs: [])
            ])
        }
        func runner(_ force: [String] = []) throws -> Runner {
            let options = RunOptions(jobs: 3, force: force, catchSignals: false, faults: .off)
            return Runner(store: try Store(at: "/store", fileSystem: process, time: process), options: options)
        }
        let fingerprint = try #require(runner().run(plan(0))[0].fingerprint)
        #expect(try runner().predict(plan(1))[0].seconds == nil)
        work.change { $0 = 8 }
        _ = try runner(["x"]).run(plan(0))
        let outcome = try #require(runner().store.trace(fingerprint)?.outcomes.first)
        #expect(outcome.executions == 2 && outcome.work == 8 && outcome.seconds.rounded() == 8 && outcome.threads == 3)
        #expect(try runner().predict(plan(1))[0].seconds?.rounded() == 8)
    }

    @Test func provenanceOfDigestFingerprintAndFile() throws {
        let shop = try Workshop()
        try shop.write("text", to: "a.txt")
        let statuses = try shop.runner().run(CorruptionTests.plan(shop))
        let store = try shop.store()
        let output = statuses[0].outputs[0]
        for query in [output.path, output.digest.hex, output.digest.short, shop.path("a.txt")] {
            let found = try store.provenance(of: query)
            #expect(Set(found.map(\.trace.job)) == ["a", "b"], "\(query)")
            #expect(found.allSatisfy { $0.output?.digest == output.digest })
        }
        let fingerprint = try #require(statuses[1].fingerprint)
        #expect(try store.provenance(of: fingerprint.hex).map(\.fingerprint) == [fingerprint])
        #expect(try store.provenance(of: "nothing such").isEmpty)
        let trace = try #require(try store.trace(fingerprint))
        #expect(trace.inputs.map(\.source) == ["a/out"])
    }
}
