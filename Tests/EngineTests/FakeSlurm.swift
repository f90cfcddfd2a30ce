import Engine
import Fingerprints
import Foundation
import Synchronization

/// A Slurm in memory: each look at the queue lets time pass by a step. Tasks are done by the real worker.
final class FakeSlurm: SlurmClient {
    struct Task {
        let id: Int, index: Int?, name: String
        let submission: SlurmSubmission
        var state = "PENDING"
        var reason = "None"
        var exitCode = 0, signal = 0
        /// For how many looks it has run.
        var age = 0
    }

    private struct State {
        var tasks: [Task] = []
        var next = 1
        var submissions: [SlurmSubmission] = []
        var cancelled: [Int] = []
        var looks = 0
        /// What work took of a processor, in nanoseconds.
        var workTime = 0
    }

    private let state = Mutex(State())
    /// Of several drivers one lets time pass at once.
    private let turn = NSLock()
    let maxArraySize: Int, cpusOfANode: Int?
    /// Tasks that may run at once.
    let nodes: Int
    /// Does a task: the order's path, array and task. What it returns is the task's end, in Slurm's words.
    let work:
        @Sendable (_ order: String, _ task: (array: Int, task: Int)?, _ submission: SlurmSubmission) throws -> Task.End
    /// Asked before each request; what it throws is the answer.
    let trouble: @Sendable (_ request: String, _ count: Int) throws -> Void
    let forgets: Bool
    let looksPerTask: Int

    init(
        nodes: Int = 4, looksPerTask: Int = 1, maxArraySize: Int = 1001, cpusOfANode: Int? = 1, forgets: Bool = false,
        trouble: @escaping @Sendable (String, Int) throws -> Void = { _, _ in },
        work: @escaping @Sendable (String, (array: Int, task: Int)?, SlurmSubmission) throws -> Task.End
    ) {
        self.nodes = nodes
        self.looksPerTask = looksPerTask
        self.maxArraySize = maxArraySize
        self.cpusOfANode = cpusOfANode
        self.forgets = forgets
        self.trouble = trouble
        self.work = work
    }

    var submissions: [SlurmSubmission] { state.withLock { $0.submissions } }
    var cancelled: [Int] { state.withLock { $0.cancelled } }
    var live: Int { state.withLock { $0.tasks.count { ["PENDING", "RUNNING"].contains($0.state) } } }
    var looks: Int { state.withLock { $0.looks } }
    var workTime: Int { state.withLock { $0.workTime } }

    func submit(_ submission: SlurmSubmission) throws -> Int {
        let count = state.withLock { $0.submissions.count }
        var answer: (any Error)?
        do { try trouble("submit", count) } catch { answer = error }
        if let answer, case SlurmError.silent = answer {} else if let answer { throw answer }
        let id = state.withLock { state in
            let id = state.next
            state.next += 1
            state.submissions.append(submission)
            for index in 0..<(submission.tasks ?? 1) {
                state.tasks.append(
                    Task(
                        id: id, index: submission.tasks == nil ? nil : index, name: submission.name,
                        submission: submission))
            }
            return id
        }
        // Silent: it was taken all the same.
        if let answer { throw answer }
        return id
    }

    func queue() throws -> [SlurmJob] {
        let look = state.withLock { state in
            state.looks += 1
            return state.looks
        }
        try trouble("queue", look)
        step()
        return state.withLock { state in
            defer { if forgets { state.tasks.removeAll { !["PENDING", "RUNNING"].contains($0.state) } } }
            let shown = forgets ? state.tasks.filter { ["PENDING", "RUNNING"].contains($0.state) } : state.tasks
            return shown.map {
                SlurmJob(
                    id: $0.id, index: $0.index, name: $0.name, state: $0.state, reason: $0.reason,
                    exitCode: $0.exitCode, signal: $0.signal, node: "n1")
            }
        }
    }

    /// What ran ends, what can runs.
    private func step() {
        turn.lock()
        defer { turn.unlock() }
        let running = state.withLock { state in
            for place in state.tasks.indices where state.tasks[place].state == "RUNNING" { state.tasks[place].age += 1 }
            return state.tasks.indices.filter {
                state.tasks[$0].state == "RUNNING" && state.tasks[$0].age >= looksPerTask
            }.map { ($0, state.tasks[$0]) }
        }
        for (place, task) in running {
            var before = timespec(), after = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before)
            let end = (try? run(task)) ?? Task.End(state: "FAILED", exitCode: 1)
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after)
            let took = (after.tv_sec - before.tv_sec) * 1_000_000_000 + after.tv_nsec - before.tv_nsec
            state.withLock { state in
                state.workTime += took
                guard state.tasks.indices.contains(place), state.tasks[place].state == "RUNNING" else { return }
                (state.tasks[place].state, state.tasks[place].reason) = (end.state, end.reason)
                (state.tasks[place].exitCode, state.tasks[place].signal) = (end.exitCode, end.signal)
            }
        }
        state.withLock { state in
            let live = Set(state.tasks.filter { ["PENDING", "RUNNING"].contains($0.state) }.map(\.id))
            var free = nodes - state.tasks.count { $0.state == "RUNNING" }
            for place in state.tasks.indices where free > 0 && state.tasks[place].state == "PENDING" {
                guard live.isDisjoint(with: state.tasks[place].submission.after) else { continue }
                state.tasks[place].state = "RUNNING"
                free -= 1
            }
        }
    }

    private func run(_ task: Task) throws -> Task.End {
        let words =
            task.submission.script.split(separator: "\n").last?.split(separator: " ").map {
                $0.trimmingCharacters(in: ["'"])
            } ?? []
        guard let verb = words.firstIndex(of: "work") else { return Task.End(state: "COMPLETED") }
        let array = words.firstIndex(of: "--array").flatMap { Int(words[$0 + 1]) }
        let first = task.submission.script.firstMatch(of: /task=\$\(\((\d+)/).flatMap { Int($0.output.1) } ?? 0
        return try work(words[verb + 1], array.map { ($0, first + (task.index ?? 0)) }, task.submission)
    }

    func cancel(_ ids: [Int]) throws {
        try trouble("cancel", 0)
        state.withLock { state in
            state.cancelled += ids
            for place in state.tasks.indices
            where ids.contains(state.tasks[place].id) && ["PENDING", "RUNNING"].contains(state.tasks[place].state) {
                state.tasks[place].state = "CANCELLED"
            }
        }
    }

    func limits() throws -> SlurmLimits {
        SlurmLimits(maxArraySize: maxArraySize, cpusOfANode: cpusOfANode, hasAccounting: false, version: "fake")
    }

    func accounted(_ ids: [Int]) throws -> [SlurmJob] { [] }
}

extension FakeSlurm.Task {
    struct End {
        var state: String
        var reason = "None"
        var exitCode = 0, signal = 0

        static let completed = End(state: "COMPLETED")
    }
}

/// A stage of shards that are numbers; its output is their sum, in their order as text.
struct ShardedTestStage: ShardedStage {
    var name = "shards"
    let revision = 1
    let outputs = ["out"]
    var count = 8
    /// Hears of each shard that is computed.
    var computed: @Sendable (Int) throws -> Void = { _ in }

    var parameters: Value { ["count": .int(count)] }
    func numericsKey() -> Digest? { nil }

    func phases(_ context: StageContext) throws -> [ShardPhase] {
        // An hour a shard, at the rate of a stage that never ran.
        [ShardPhase(name: "part", count: count, work: Double(count) * 3600 / SlurmSettings.unknownRate)]
    }

    func run(_ phase: ShardPhase, shards: [Int], _ context: StageContext) throws {
        for shard in shards {
            try context.checkCancelled()
            try computed(shard)
            try context.keep(context.path(phase, shard), faultPoint: "shards.part") {
                try writeText("\(shard * shard)", $0)
            }
        }
        context.worked(Double(shards.count))
    }

    func run(_ context: StageContext) throws {
        let phase = try phases(context)[0]
        try run(phase, shards: context.missing(phase), context)
        let texts = try (0..<count).map { try readText(context.path(phase, $0)) }
        try writeText(try texts.joined(separator: " ") + " " + readText(context.input("seed")), context.output + "/out")
    }
}
