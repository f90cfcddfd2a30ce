import Engine
import Fingerprints
import Foundation
import Synchronization
import Testing
import TestSupport

@Suite struct LockTests {
    /// A stage that waits until `Gate` opens.
    static func plan(_ gate: Gate, _ id: String = "slow") throws -> Plan {
        try Plan([
            Job(
                id: id,
                stage: TestStage(name: id) { context in
                    gate.entered.change { $0 += 1 }
                    while !gate.isOpen.value { Thread.sleep(forTimeInterval: 0.002) }
                    try writeText("done", context.output + "/out")
                }, inputs: [])
        ])
    }

    final class Gate: Sendable {
        let entered = Box(0)
        let isOpen = Box(false)
    }

    static func background(_ body: @escaping @Sendable () throws -> Void) -> Box<String?> {
        let end = Box<String?>(nil)
        Thread {
            do {
                try body()
                end.change { $0 = "fine" }
            } catch {
                end.change { $0 = "\(error)" }
            }
        }.start()
        return end
    }

    static func wait(_ condition: () throws -> Bool) rethrows {
        while try !condition() { Thread.sleep(forTimeInterval: 0.002) }
    }

    /// However often it is renewed: who reads it, or finds it when its holder was stopped in the midst of that.
    @Test func aLeaseIsWholeAtEveryMoment() throws {
        let shop = try Workshop(), gate = Gate(), folder = shop.storePath + "/locks"
        let store = try Store(at: shop.storePath, host: Machine(name: "one", lease: 0.006))
        let run = Self.background {
            _ = try Runner(store: store, options: RunOptions(catchSignals: false)).run(Self.plan(gate))
        }
        Self.wait { gate.entered.value == 1 }
        let name = try #require(
            FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasSuffix(".lease") })
        let start = Date()
        var seen: Set<String> = []
        while -start.timeIntervalSinceNow < 0.3 { seen.insert(try readText("\(folder)/\(name)")) }
        gate.isOpen.change { $0 = true }
        Self.wait { run.value != nil }
        #expect(run.value == "fine")
        for text in seen { #expect(text.wholeMatch(of: /\d+@one slow\n\S+\n\d+\n/) != nil, "\(text)") }
        #expect(seen.count > 10)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains(".lease") } == [])
    }

    @Test func aSecondRunWaitsAndShares() throws {
        let shop = try Workshop()
        let gate = Gate()
        let first = Self.background { try shop.run(Self.plan(gate)) }
        Self.wait { gate.entered.value == 1 }
        #expect(try shop.runner().status(of: Self.plan(gate)).map(\.state) == [.running])
        let second = Self.background {
            guard try shop.run(Self.plan(gate)) == [] else { throw CancellationError() }
        }
        Self.wait { shop.lines.withLock { $0.contains { $0.hasPrefix("waiting slow") } } }
        let line = shop.lines.withLock { $0.first { $0.hasPrefix("waiting slow") } }
        #expect(
            line == "waiting slow: \(getpid())@\(ProcessInfo.processInfo.hostName.prefix { $0 != "." }) slow"
                || line?.hasSuffix(" slow") == true)
        gate.isOpen.change { $0 = true }
        Self.wait { first.value != nil && second.value != nil }
        #expect(first.value == "fine")
        #expect(second.value == "fine")
        #expect(gate.entered.value == 1)
    }

    /// A network disk goes on saying that a name is absent which it was asked for before another host made it.
    @Test func whatAnotherHostMadeIsSeenThoughItsNameWasAbsentBefore() throws {
        let disk = MemoryDisk(), gate = Gate(), shop = try Workshop()
        @Sendable func run(_ process: MemoryProcess) throws {
            let plan = try Plan([
                Job(
                    id: "slow",
                    stage: TestStage(name: "slow") { context in
                        gate.entered.change { $0 += 1 }
                        while !gate.isOpen.value { Thread.sleep(forTimeInterval: 0.002) }
                        try process.write([1], to: context.output + "/out")
                    }, inputs: [])
            ])
            let runner = Runner(
                store: try Store(at: "/store", fileSystem: process, time: process),
                options: RunOptions(catchSignals: false, faults: .off),
                observer: Workshop.Listener(workshop: shop))
            let status = try runner.run(plan)[0]
            guard try process.read(status.outputs[0].path) == [1] else { throw CancellationError() }
        }
        let first = disk.startProcess(isNetwork: true), second = disk.startProcess(isNetwork: true)
        let one = Self.background { try run(first) }
        Self.wait { gate.entered.value == 1 }
        let two = Self.background { try run(second) }
        Self.wait { shop.lines.withLock { $0.contains { $0.hasPrefix("waiting slow") } } }
        gate.isOpen.change { $0 = true }
        Self.wait { one.value != nil && two.value != nil }
        #expect(one.value == "fine" && two.value == "fine" && gate.entered.value == 1)
    }

    @Test func aTimeoutNamesTheHolder() throws {
        let shop = try Workshop()
        let gate = Gate()
        let first = Self.background { try shop.run(Self.plan(gate)) }
        Self.wait { gate.entered.value == 1 }
        let error = #expect(throws: EngineError.self) {
            try shop.run(Self.plan(gate), RunOptions(lockTimeout: 0.05, catchSignals: false))
        }
        #expect(error?.description.contains("slow is being made by \(getpid())@") == true)
        gate.isOpen.change { $0 = true }
        Self.wait { first.value != nil }
    }

    @Test func otherJobsGoOnWhileOneIsHeld() throws {
        let shop = try Workshop()
        let gate = Gate()
        let first = Self.background { try shop.run(Self.plan(gate)) }
        Self.wait { gate.entered.value == 1 }
        let plan = try Plan(
            Self.plan(gate).jobs + [
                Job(id: "quick", stage: TestStage(name: "quick") { try writeText("q", $0.output + "/out") }, inputs: [])
            ])
        let second = Self.background { try shop.run(plan) }
        Self.wait { shop.lines.withLock { $0.contains("finished quick: fresh") } }
        #expect(second.value == nil)
        gate.isOpen.change { $0 = true }
        Self.wait { first.value != nil && second.value != nil }
        #expect(second.value == "fine")
    }

    @Test func aDeadHoldersLockIsFree() throws {
        let shop = try Workshop()
        let gate = Gate()
        gate.isOpen.change { $0 = true }
        let plan = try Self.plan(gate)
        let fingerprint = try #require(try shop.runner().status(of: plan)[0].fingerprint)
        try shop.write("4711@elsewhere slow", to: "store/locks/\(fingerprint.hex)")
        #expect(try shop.runner().status(of: plan).map(\.state) == [.missing])
        #expect(try shop.run(plan) == ["slow"])
    }

    @Test func cancellationStopsBetweenAndWithinJobs() throws {
        let shop = try Workshop()
        let cancellation = Cancellation()
        let options = RunOptions(cancellation: cancellation, catchSignals: false)
        let stage = TestStage(name: "loop") { context in
            cancellation.cancel()
            try context.checkCancelled()
            try writeText("never", context.output + "/out")
        }
        let plan = try Plan([Job(id: "loop", stage: stage, inputs: [])])
        let error = #expect(throws: EngineError.self) { try shop.run(plan, options) }
        #expect(error?.description == "cancelled; finished work is kept, run again to go on")
        // To be stopped is no failure.
        #expect(try shop.runner().status(of: plan).map(\.state) == [.missing])
    }

    @Test func keepGoingFinishesWhatDoesNotDependOnTheFailure() throws {
        let shop = try Workshop()
        let bad = TestStage(name: "bad") { _ in throw CancellationError() }
        func good(_ name: String) -> TestStage { TestStage(name: name) { try writeText(name, $0.output + "/out") } }
        let plan = try Plan([
            Job(id: "bad", stage: bad, inputs: []),
            Job(id: "after", stage: good("after"), inputs: [Input("x", .output(job: "bad", name: "out"))]),
            Job(id: "other", stage: good("other"), inputs: []),
        ])
        #expect(throws: EngineError.self) { try shop.run(plan) }
        #expect(shop.runs.withLock { $0 } == ["bad"])
        #expect(throws: EngineError.self) { try shop.run(plan, RunOptions(keepGoing: true, catchSignals: false)) }
        #expect(shop.runs.withLock { $0 } == ["bad", "bad", "other"])
    }

    /// Of several that failed the first of the plan is told, whichever failed first.
    @Test func theFirstFailureOfThePlanIsTold() throws {
        let shop = try Workshop()
        struct Trouble: Error {}
        let hasFailed = Mutex(false)
        let slow = TestStage(name: "slow") { _ in
            while !hasFailed.withLock({ $0 }) { usleep(1000) }
            throw Trouble()
        }
        let quick = TestStage(name: "quick") { _ in
            hasFailed.withLock { $0 = true }
            throw Trouble()
        }
        let plan = try Plan([Job(id: "first", stage: slow, inputs: []), Job(id: "second", stage: quick, inputs: [])])
        let options = RunOptions(jobs: 2, keepGoing: true, catchSignals: false)
        let error = #expect(throws: EngineError.self) { try shop.run(plan, options) }
        #expect(error.map { "\($0)".contains("first") } == true)
    }
}
