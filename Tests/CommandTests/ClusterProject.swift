import Foundation
import Testing
import TestSupport

/// A project of a test on a cluster, which others may use at the same time: of the queue it sees its own jobs.
struct ClusterProject {
    let cluster: SlurmCluster
    let command: Command

    /// - Parameter cluster: nil: that of the suite.
    static func with<R>(_ cluster: SlurmCluster? = nil, _ body: (Self) throws -> R) throws -> R {
        let cluster = try cluster ?? #require(SharedCluster.current)
        return try Command.inMemory { try body(Self(cluster: cluster, command: $0)) }
    }

    /// On a cluster of its own, which it may hurt.
    static func alone<R>(
        _ settings: [String] = [], hasAccounting: Bool = false, hasCgroups: Bool = false, _ body: (Self) throws -> R
    ) throws -> R {
        let cluster = try SlurmCluster(settings: settings, hasAccounting: hasAccounting, hasCgroups: hasCgroups)
        defer { cluster.stop() }
        return try with(cluster, body)
    }

    /// An experiment whose features are three shards, those of a matrix two, and whose evaluation is five parts, each a
    /// task.
    /// - Parameters:
    ///   - slurm: more of its settings.
    ///   - prologue: of its tasks.
    func make(matrix: String = "", slurm: String = "", prologue: String = "") throws {
        try Self.makeExperiment(command, matrix: matrix)
        try settings(slurm, prologue: prologue)
    }

    private static func makeExperiment(_ command: Command, matrix: String) throws {
        let filters = (0..<40).map { "\($0)" }.joined(separator: ", ")
        try command.write(
            "x.json",
            """
            {"name": "x", "dataset": {"kind": "demo-scenes", "scenes": \(matrix.isEmpty ? 136 : 72)}, "embedding": {"kind": "demo-scenes"},
             "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": {"epochs": 2, "batchSize": 12},
             \(matrix)
             "evaluate": {"filters": [\(filters)], "topImages": 4, "methods": ["original"]}}
            """)
    }

    /// Tasks as short as can be, so that there are many.
    func settings(_ more: String = "", poll: Double = 0.3, grace: Int = 3, prologue: String = "") throws {
        let quoted = String(decoding: try JSONEncoder().encode(prologue), as: UTF8.self)
        let before = prologue.isEmpty ? "" : ", \"prologue\": \(quoted)"
        try command.write(
            "lavise.json",
            """
            {"executor": "slurm", "slurm": {"poll": \(poll), "taskMinutes": 0.001, "grace": \(grace)\(before)\(more)}}
            """)
    }

    func start(_ arguments: [String] = ["run", "x.json"], _ more: [String: String] = [:]) throws -> RunningCommand {
        try command.start(arguments, cluster.environment.merging(more) { $1 })
    }

    func run(_ arguments: [String] = ["run", "x.json"], _ more: [String: String] = [:]) throws -> RunningCommand.End {
        try Self.end(of: start(arguments, more))
    }

    /// As `run`, with what it printed.
    func ask(_ arguments: String...) throws -> Command.Outcome {
        try command.run(arguments, environment: cluster.environment)
    }

    /// A driver that does not end in time is killed, so that no test waits for ever.
    static func end(of driver: RunningCommand, seconds: Double = 240) throws -> RunningCommand.End {
        let late = Date(timeIntervalSinceNow: seconds)
        while driver.isRunning {
            if Date() > late { driver.kill() }
            usleep(20_000)
        }
        return try driver.wait()
    }

    /// What a run on this machine leaves.
    struct Outcome {
        let store: StoreContent
        let tables: [String: Data]
    }

    /// Four seeds of two layers.
    static let rows = "\"matrix\": {\"seed\": [0, 1, 2, 3], \"backbone.layer\": [\"layer1\", \"layer2\"]},"

    // Made once, by the test that is first to ask.
    private static let plain = made(matrix: "")
    private static let ofRows = made(matrix: rows)

    /// What a run on this machine leaves of the experiment.
    static func expected() throws -> Outcome { try plain.get() }
    /// And of its matrix.
    static func expectedOfRows() throws -> Outcome { try ofRows.get() }

    private static func made(matrix: String) -> Result<Outcome, any Error> {
        Result {
            try Command.inMemory { command in
                try makeExperiment(command, matrix: matrix)
                let end = try command.finish(["run", "x.json"])
                #expect(end.code == 0, "\(end.errors)")
                return Outcome(store: try StoreContent(command), tables: try command.files("results/x"))
            }
        }
    }

    /// The same artifacts and results, each job executed once, nothing left in the queue, in claims or in scratch.
    func check(_ expected: Outcome) throws {
        let store = try StoreContent(command), tables = try command.files("results/x")
        #expect(store == expected.store, "\(Self.difference(store.jobs, expected.store.jobs).map(\.value.name))")
        #expect(tables == expected.tables, "\(Self.difference(tables, expected.tables).map(\.key))")
        #expect(command.leftWork().isEmpty)
        try cluster.wait("an empty queue", seconds: 10) { try live.isEmpty }
        let claims = try FileManager.default.subpathsOfDirectory(atPath: command.path(".lavise/cluster")).filter {
            $0.hasSuffix("/claim")
        }
        #expect(claims == [])
    }

    /// What one of them has and the other has not, or has otherwise.
    private static func difference<V: Equatable>(_ one: [String: V], _ other: [String: V]) -> [(key: String, value: V)]
    {
        one.filter { other[$0.key] != $0.value } + other.filter { one[$0.key] != $0.value }
    }

    /// What the queue shows of this project, the ended ones too.
    func queue() throws -> [SlurmCluster.QueuedJob] {
        guard let name = try? String(contentsOfFile: command.path(".lavise/cluster/name"), encoding: .utf8) else {
            return []
        }
        return try cluster.queue().filter { $0.name.contains(".\(name)") }
    }

    var live: [String] {
        get throws { try queue().filter { ["PENDING", "RUNNING", "COMPLETING"].contains($0.state) }.map(\.name) }
    }

    /// All names that were submitted, of which the queue still knows.
    var names: Set<String> { get throws { Set(try queue().map(\.name)) } }

    /// Whether nothing was ordered a second time.
    var isFirstAttempt: Bool {
        get throws { try names.allSatisfy { $0.split(separator: ".").last?.hasPrefix("1") ?? false } }
    }

    /// Stages of which Slurm started a task again, as the tasks tell.
    var restarted: Set<String> {
        get throws {
            let folder = command.path(".lavise/cluster")
            let again = try FileManager.default.subpathsOfDirectory(atPath: folder).filter {
                $0.contains("/exit-") && $0.firstMatch(of: /-r[1-9][0-9]*\.json$/) != nil
            }
            return try Set(
                again.map { path in
                    let order = URL(fileURLWithPath: "\(folder)/\(path.prefix(64))/job.json")
                    let json = try #require(
                        try JSONSerialization.jsonObject(with: Data(contentsOf: order)) as? [String: Any])
                    return try #require(json["stage"] as? String)
                })
        }
    }

    /// Tasks of these stages were started again; on a slow machine Slurm may have taken other nodes for dead too.
    func checkRestarted(_ stages: Set<String>) throws {
        let again = try restarted
        #expect(again.isSuperset(of: stages), "\(again.sorted())")
    }

    /// Shell for a prologue: at their first start tasks stop in the middle of their work, of an array the first.
    /// - Parameter places: pattern of names → where.
    static func stopping(_ places: [(name: String, place: String)]) -> String {
        let cases = places.map { "\($0.name)) at=\($0.place);; " }.joined()
        return """
            case $SLURM_JOB_NAME in \(cases)*) at=;; esac
            [ -z "$at" ] || [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ] || [ "${SLURM_ARRAY_TASK_ID:-0}" != 0 ] || export LAVISE_FAULT=stop:$at
            """
    }
}

/// A cluster for all tests of a suite, which do it no harm and run at once.
struct SharedCluster: SuiteTrait, TestScoping {
    @TaskLocal static var current: SlurmCluster?
    let settings: [String]

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let cluster = try SlurmCluster(settings: settings)
        defer { cluster.stop() }
        try await Self.$current.withValue(cluster) { try await function() }
    }
}

extension Trait where Self == SharedCluster {
    static func sharedCluster(_ settings: String...) -> Self { SharedCluster(settings: settings) }
}
