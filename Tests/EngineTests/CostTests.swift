import Engine
import Fingerprints
import Foundation
import Synchronization
import Testing

/// What executions take: divided among jobs that run at once, read from the machine's meters, kept in traces.
@Suite struct CostTests {
    private final class Dial: Sendable {
        let reading = Mutex(MachineUse.Reading(coreSeconds: 100, busySeconds: 1000, joules: 50))

        func turn(own: Double, machine: Double, joules: Double?) {
            reading.withLock { reading in
                reading.coreSeconds += own
                reading.busySeconds += machine
                reading.joules = joules.flatMap { more in reading.joules.map { $0 + more } }
            }
        }

        var meter: CostMeter { CostMeter { self.reading.withLock { $0 } } }
    }

    @Test func whatJobsTakeAtOnceIsDividedByTheirThreads() {
        let dial = Dial(), meter = dial.meter
        // Before a job runs it is nobody's.
        dial.turn(own: 7, machine: 7, joules: 70)
        let first = meter.begin(threads: ThreadShare(1))
        dial.turn(own: 2, machine: 4, joules: 40)
        let second = meter.begin(threads: ThreadShare(3))
        dial.turn(own: 8, machine: 8, joules: 80)
        let one = meter.end(first)
        dial.turn(own: 5, machine: 10, joules: 30)
        let other = meter.end(second)
        // Half of what the machine did was this process's, then all, then half.
        #expect(one == Cost(coreSeconds: 2 + 2, joules: 20 + 20))
        #expect(other == Cost(coreSeconds: 6 + 5, joules: 60 + 15))
        #expect(one.isMeasured && (one + other).isMeasured)
        #expect((one + other).coreSeconds == 15)
    }

    @Test func whatAJobTakesWithMoreThreadsIsMore() {
        let dial = Dial(), meter = dial.meter, share = ThreadShare(1)
        let grown = meter.begin(threads: share), other = meter.begin(threads: ThreadShare(1))
        dial.turn(own: 4, machine: 4, joules: 40)
        meter.sample()
        share.grow(to: 3)
        dial.turn(own: 8, machine: 8, joules: 80)
        #expect(meter.end(grown).coreSeconds == 2 + 6 && meter.end(other).coreSeconds == 2 + 2)
    }

    @Test func withoutAMeterEnergyIsAnEstimateAndSaysSo() {
        let dial = Dial(), meter = dial.meter
        let job = meter.begin(threads: ThreadShare(2))
        dial.turn(own: 3, machine: 3, joules: 30)
        meter.sample()
        dial.turn(own: 4, machine: 4, joules: nil)
        let cost = meter.end(job)
        #expect(cost.coreSeconds == 7 && !cost.isMeasured && cost.joules == 7 * Cost.wattsOfACore)
        let both = cost + Cost(coreSeconds: 1, joules: 5)
        #expect(both.coreSeconds == 8 && both.joules == 75 && !both.isMeasured)
    }

    /// Linux's files: packages count, their parts and other meters do not; a counter that is full begins at zero.
    @Test func processorsMetersAreRead() throws {
        let shop = try Workshop()
        func meter(_ folder: String, _ kind: String, _ microjoules: Int) throws {
            try shop.write("\(kind)\n", to: "powercap/\(folder)/name")
            try shop.write("1000000\n", to: "powercap/\(folder)/max_energy_range_uj")
            try shop.write("\(microjoules)\n", to: "powercap/\(folder)/energy_uj")
        }
        try meter("intel-rapl:0", "package-0", 900_000)
        try meter("intel-rapl:0:0", "core", 5)
        try meter("intel-rapl:1", "package-1", 100_000)
        try meter("intel-rapl:2", "psys", 7)
        try shop.write("intel-rapl", to: "powercap/intel-rapl/name")
        try shop.write("cpu  100 20 30 4000 50 6 7 800 0 0\ncpu0 1 1 1 1\n", to: "stat")
        let use = MachineUse(powercap: shop.path("powercap"), processors: shop.path("stat"))
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        #expect(use.reading().joules == 0 && use.reading().busySeconds == 163 / ticks)
        try meter("intel-rapl:0", "package-0", 150_000)
        try meter("intel-rapl:1", "package-1", 300_000)
        try meter("intel-rapl:0:0", "core", 900_000)
        #expect(use.reading().joules == 0.45)
        // One that may not be read any more.
        try FileManager.default.removeItem(atPath: shop.path("powercap/intel-rapl:1/energy_uj"))
        #expect(use.reading().joules == nil)
        #expect(MachineUse(powercap: shop.path("none")).reading().joules == nil)
    }

    /// Traces of before costs were noted are read, are written as they were, and keep their signature.
    @Test func olderTracesStayWhatTheyAre() throws {
        let sharing = Sharing(), (_, statuses) = try sharing.publish()
        let fingerprint = try sharing.fingerprint("last", statuses), signed = try sharing.signed(fingerprint)
        #expect(signed.trace.outcomes[0].cost != nil)
        // As an older program would have written it.
        guard case .object(var trace) = signed.trace.json, case .array(let outcomes)? = trace["outcomes"] else {
            throw CocoaError(.coderReadCorrupt)
        }
        let old = outcomes.map { outcome -> Value in
            .object((outcome.objectValue ?? [:]).filter { !["coreSeconds", "joules", "energy"].contains($0.key) })
        }
        trace["outcomes"] = .array(old)
        trace["digest"] = .string(
            Value.array([trace["job"] ?? .null, trace["inputs"] ?? .null, .array(old)]).digest.hex)
        let read = try #require(signed.reading(.object(trace), fingerprint))
        #expect(read.trace.outcomes[0].cost == nil && read.trace.json == .object(trace))
        #expect(read.trace.outcomes[0].costOrEstimate.coreSeconds == read.trace.outcomes[0].seconds)
        let resigned = SignedTrace(read.trace, signedWith: sharing.alice)
        let again = try #require(
            SignedTrace(json: Array(resigned.value.json(pretty: false).utf8), fingerprint: fingerprint))
        #expect(again.signer(among: [sharing.alice.publicKey]) == sharing.alice.publicKey)
    }

    /// What tasks of a cluster took is the job's, an older record's by its time.
    @Test func aClustersTasksAreCounted() throws {
        let workshop = try Workshop(), plan = try SlurmExecutorTests.plan()
        let slurm = FakeSlurm(work: SlurmExecutorTests.worker(workshop, plan))
        let there = try SlurmExecutorTests.run(workshop, plan, slurm)
        let job = try #require(there.first { $0.job == "shards" }), cost = try #require(job.made?.cost)
        let tasks = try workshop.store().clusterTasks { job, _, _ in job == "shards" }.filter {
            $0.task.contains("-0-")
        }
        #expect(tasks.count == 8)
        let spent = tasks.compactMap(\.cost).reduce(0) { $0 + $1.coreSeconds }
        #expect(tasks.allSatisfy { $0.cost != nil } && cost.coreSeconds >= spent && spent > 0)
    }
}

extension SignedTrace {
    /// The same with another trace, as it is read.
    fileprivate func reading(_ trace: Value, _ fingerprint: Digest) -> SignedTrace? {
        guard case .object(var members) = value else { return nil }
        members["trace"] = trace
        return SignedTrace(json: Array(Value.object(members).json(pretty: false).utf8), fingerprint: fingerprint)
    }
}

extension Trace {
    /// As a signed trace has it.
    fileprivate var json: Value { SignedTrace(self, signedWith: SigningKey()).value["trace"] ?? .null }
}
