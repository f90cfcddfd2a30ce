import Engine
import Fingerprints
import Foundation

/// What a run on a cluster would ask of it.
public struct ClusterForecast: Sendable {
    /// What one job would ask.
    public struct Stage: Sendable {
        /// The job's id.
        public let job: String
        /// Tasks of arrays and the job that puts all together; what is submitted for them, each one request.
        public let tasks: Int, submissions: Int
        /// nil: unknown.
        public let coreHours: Double?
        /// Bytes that it will leave on the shared disk; nil: unknown.
        public let bytes: Int?
    }

    /// The jobs that would be made on the cluster, in the plan's order.
    public let stages: [Stage]
    /// Looks at the queue in an hour.
    public let looksPerHour: Double

    /// Sums over all jobs and what each asks, for `--json`; what is unknown counts as nothing in the sums.
    public var value: Value {
        [
            "jobs": .int(stages.reduce(0) { $0 + $1.tasks }),
            "submissions": .int(stages.reduce(0) { $0 + $1.submissions }),
            "coreHours": .double(stages.reduce(0) { $0 + ($1.coreHours ?? 0) }),
            "queueLooksPerHour": .double(looksPerHour),
            "bytes": .int(stages.reduce(0) { $0 + ($1.bytes ?? 0) }),
            "stages": .array(
                stages.map { stage in
                    [
                        "name": .string(stage.job), "jobs": .int(stage.tasks), "submissions": .int(stage.submissions),
                        "coreHours": stage.coreHours.map { .double($0) } ?? .null,
                        "bytes": stage.bytes.map { .int($0) } ?? .null,
                    ]
                }),
        ]
    }

    private static func text(_ hours: Double) -> String {
        hours < 0.1 ? String(format: "~%.0f core-seconds", hours * 3600) : String(format: "~%.2f core-hours", hours)
    }

    /// For people.
    public var lines: [String] {
        guard !stages.isEmpty else { return ["on the cluster: nothing"] }
        let hours = stages.compactMap(\.coreHours), unknown = stages.count - hours.count
        let bytes = stages.reduce(0) { $0 + ($1.bytes ?? 0) }
        return stages.map { stage in
            "on the cluster: \(stage.job): \(stage.tasks) task\(stage.tasks == 1 ? "" : "s") in \(stage.submissions) submission\(stage.submissions == 1 ? "" : "s"), "
                + (stage.coreHours.map(Self.text) ?? "of unknown time")
        } + [
            "on the cluster in all: \(stages.reduce(0) { $0 + $1.tasks }) tasks, \(stages.reduce(0) { $0 + $1.submissions }) submissions, "
                + Self.text(hours.reduce(0, +))
                + (unknown > 0 ? " and \(unknown) stages of unknown time" : "")
                + String(
                    format: ", %.0f looks at the queue an hour, ~%.0f MB on the shared disk", looksPerHour,
                    Double(bytes) / 1e6)
        ]
    }
}

extension ClusterRun {
    /// Predicts from traces of this store; a stage that never ran in it counts as slow as the slowest machine that is
    /// likely.
    /// - Throws: what `ExperimentPlan.expectedCosts` throws.
    public func forecast(_ experiment: ExperimentPlan, _ predictions: [Prediction]) throws -> ClusterForecast {
        let expected = try experiment.expectedCosts(predictions.map(\.status), places: project.places)
        let rates = try project.store.coreSecondsPerWork()
        let stages = predictions.filter(\.wouldRun).compactMap { prediction -> ClusterForecast.Stage? in
            guard let job = experiment.plan.job(prediction.status.job), !job.stage.staysWithDriver else { return nil }
            let phases = expected[job.id]?.phases ?? []
            let rate = rates[job.stage.name] ?? (phases.isEmpty ? nil : SlurmSettings.unknownRate)
            let seconds = expected[job.id]?.work.flatMap { work in rate.map { work * $0 } }
            let arrays = settings.division(cpus: settings.cpus[job.stage.name] ?? 1).arrays(
                phases.map { ($0, Array(0..<$0.count)) }, secondsPerWork: rate ?? SlurmSettings.unknownRate)
            let tasks = arrays.reduce(1) { $0 + $1.count }
            return ClusterForecast.Stage(
                job: job.id, tasks: tasks, submissions: arrays.count + 1,
                coreHours: seconds.map { ($0 + secondsPerTask(job.stage) * Double(tasks)) / 3600 },
                bytes: prediction.bytes)
        }
        return ClusterForecast(stages: stages, looksPerHour: 3600 / settings.poll)
    }

    /// Core-seconds that a task takes beside its work. Reading a backbone's weights and arranging them for the kernels was
    /// measured with ResNet-18: 0.15.
    private func secondsPerTask(_ stage: any Stage) -> Double {
        let readsBackbone =
            stage is FeaturesStage
            || (stage as? EvaluateStage)?.parameters.methods.contains(where: \.masksImage) == true
        return SlurmSettings.secondsPerTask + (readsBackbone ? 0.15 : 0)
    }

    /// Ends the jobs of an experiment that are on the cluster, its driver's first, with one request, and waits until
    /// the queue shows it.
    /// - Returns: how many of Slurm's jobs there were.
    /// - Throws: `SlurmError`, `EngineError`.
    public func cancel(_ name: String) throws -> Int {
        let driver = try project.store.driverName(name), queue = try client.queue()
        let drivers = queue.filter { $0.name == driver && $0.isLive }.map(\.id)
        let jobs = try project.store.clusterJobs(plan: name) { queue }
        let live = Set(queue.filter(\.isLive).map(\.id)), ids = drivers + jobs.flatMap(\.ids).filter(live.contains)
        if !ids.isEmpty {
            try client.cancel(ids)
            let end = Date(timeIntervalSinceNow: 60)
            while try client.queue().contains(where: { ids.contains($0.id) && $0.isLive }), Date() < end {
                usleep(200_000)
            }
        }
        for job in jobs where !job.isDriverAlive { try project.store.dropClaim(job.fingerprint) }
        return ids.count
    }
}
