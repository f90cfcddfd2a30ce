import Engine
import Fingerprints
import Foundation
import Glibc
import Testing

/// What a driver of very many jobs takes (`make test-cluster`).
@Suite(.enabled(if: ProcessInfo.processInfo.environment["LAVISE_CLUSTER"] != nil, "make test-cluster runs it"))
struct SlurmScaleTests {
    /// Ten thousand jobs on a thousand nodes, each seen running for ten looks at the queue: planned, submitted, polled
    /// and settled.
    @Test func tenThousandJobs() throws {
        let count = 10_000, workshop = try Workshop()
        let jobs = (0..<count).map { number in
            Job(
                id: "job \(number)",
                stage: TestStage(name: "work", parameters: ["n": .int(number)]) {
                    try writeText("\(number)", $0.output + "/out")
                }, inputs: [])
        }
        let plan = try Plan(jobs, name: "x")
        let slurm = FakeSlurm(
            nodes: 1000, looksPerTask: 10,
            work: { order, task, submission in
                let order = try WorkOrder(json: Array(try Data(contentsOf: URL(fileURLWithPath: order))), path: order)
                let own = try Plan([#require(plan.job(order.job))], name: "x")
                try ClusterWorker(
                    store: workshop.store(), options: RunOptions(catchSignals: false), observer: SilentObserver()
                )
                .run(order, task: task, code: { _ in 1 }) { own }
                return .completed
            })
        var settings = SlurmSettings()
        settings.poll = 0.1
        settings.maxSubmit = 2000
        var options = RunOptions(jobs: 2, catchSignals: false)
        options.executor = SlurmExecutor(client: slurm, settings: settings, program: ["/bin/true"], definition: [:])
        let before = MachineUse.ofProcess(), resident = Self.residentBytes()
        let statuses = try Runner(store: workshop.store(), options: options).run(plan)
        let driver = MachineUse.ofProcess() - before - Double(slurm.workTime) / 1e9
        let memory = Self.peakBytes()
        #expect(statuses.count == count && slurm.submissions.count == count)
        #expect(statuses.allSatisfy { $0.ran })
        // At the shortest pause that there is between two looks by default: the longest one is five times as long.
        let share = driver / (Double(slurm.looks) * SlurmSettings().leastPause)
        print(
            "\(count) jobs: driver \(driver) s of a processor in \(slurm.looks) looks, \(share * 100) % of a core; peak \(memory / 1_000_000) MB, \(resident / 1_000_000) MB before"
        )
        #expect(share < 0.05)
        #expect(memory < 300_000_000)
    }

    private static func peakBytes() -> Int { status("VmHWM") }
    private static func residentBytes() -> Int { status("VmRSS") }

    private static func status(_ key: String) -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
        return (line.flatMap { Int($0.filter(\.isNumber)) } ?? 0) * 1024
    }
}
