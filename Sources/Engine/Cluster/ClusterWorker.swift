import Fingerprints
import Glibc
import Synchronization

/// Does a task of an order on a node of a cluster: shards of a stage into its scratch, or the whole job as an ordinary
/// run does it. It trusts nothing: what it finds here must have the fingerprint that was ordered.
public struct ClusterWorker: Sendable {
    let store: Store
    let options: RunOptions
    let observer: any RunObserver
    /// How long to wait for inputs that a network disk does not show yet, in seconds.
    let grace: Double
    let spentBefore: Double

    /// - Parameters:
    ///   - grace: seconds to wait for inputs that a network disk does not show yet.
    ///   - spentBefore: core-seconds that the process took until now: its start is part of the task.
    public init(
        store: Store, options: RunOptions, observer: any RunObserver, grace: Double = 120, spentBefore: Double = 0
    ) {
        self.spentBefore = spentBefore
        self.store = store
        self.options = options
        self.observer = observer
        self.grace = grace
    }

    /// - Parameters:
    ///   - task: array and task; nil: the whole job, whatever is missing.
    ///   - restart: how often Slurm has started the task before.
    ///   - code: the exit code that an error means.
    ///   - plan: makes the plan again from the order's definition.
    /// - Throws: what went wrong, which the exit record in the store says as well.
    public func run(
        _ order: WorkOrder, task: (array: Int, task: Int)?, restart: Int = 0, code: (any Error) -> Int32,
        plan: () throws -> Plan
    ) throws {
        let name = TaskName(attempt: order.attempt, array: task?.array, task: task?.task ?? 0)
        let folder = ClusterFolder(store: store, fingerprint: order.fingerprint, isKnown: true)
        let start = store.time.monotonic(), work = Mutex(0.0)
        let costs = CostMeter(), account = costs.begin(threads: ThreadShare(options.jobs))
        let cost: @Sendable () -> Cost = { [spentBefore] in costs.soFar(account).after(coreSeconds: spentBefore) }
        func record(_ kind: ExitRecord.Kind, _ code: Int32, signal: Int32? = nil, error: String? = nil) {
            let seconds = Double(store.time.monotonic() - start) / 1e9
            // A store that cannot be written any more is what the driver finds out by itself.
            try? folder.write(
                ExitRecord(
                    kind: kind, code: Int(code), signal: signal.map { Int($0) }, error: error, host: store.host.name,
                    seconds: seconds,
                    cores: options.jobs, work: work.withLock { $0 }, memory: Usage.peakMemory(), restart: restart,
                    cost: cost()), name)
        }
        if restart > 0 {
            observer.noted(
                job: order.job, text: "started again by Slurm, for the \(restart + 1). time; what is finished is kept")
        }
        do {
            try options.cancellation.catchingSignals {
                try execute(order, task, name, folder, cost, plan) { more in work.withLock { $0 += more } }
            }
            record(.done, 0)
        } catch let EngineError.cancelled(signal) {
            record(.interrupted, code(EngineError.cancelled(signal: signal)), signal: signal)
            throw EngineError.cancelled(signal: signal)
        } catch {
            record(Self.isRefusal(error) ? .refused : .failed, code(error), error: "\(options.describe(error))")
            throw error
        }
    }

    private static func isRefusal(_ error: any Error) -> Bool {
        switch error {
        case EngineError.orderMismatch, EngineError.inputMissing, EngineError.notBuilt, EngineError.unknownJob,
            EngineError.newerFormat,
            EngineError.notAnOrder, is PlanFault:
            true
        default: false
        }
    }

    private func execute(
        _ order: WorkOrder, _ task: (array: Int, task: Int)?, _ name: TaskName, _ folder: ClusterFolder,
        _ cost: @escaping @Sendable () -> Cost, _ makePlan: () throws -> Plan,
        _ worked: @escaping (Double) -> Void
    ) throws {
        let plan = try Result { try makePlan() }.mapError { PlanFault(error: $0) as any Error }.get().cone(
            of: order.job)
        var options = options
        options.catchSignals = false
        options.taskCost = cost
        let observer = TaskObserver(observer, folder, name, store.time)
        let inspector = Inspector(plan: plan, store: store, options: options, observer: observer)
        let job = try plan.jobs[plan.index(order.job)]
        let ingredients = try awaited(inspector, job, order)
        if try store.trace(order.fingerprint) != nil, case .sound = try inspector.find(order.fingerprint, job) {
            return observer.noted(job: job.id, text: "another has made it")
        }
        guard let task else {
            options.only = [job.id]
            _ = try Runner(store: store, options: options, observer: observer).run(plan)
            return
        }
        guard order.arrays.indices.contains(task.array), order.arrays[task.array].indices.contains(task.task),
            let stage = job.stage as? any ShardedStage
        else { throw EngineError.notAnOrder(path: folder.path) }
        do {
            for step in order.arrays[task.array][task.task].steps {
                try run(step, stage, job, ingredients, options, observer, worked)
            }
        } catch {
            // Who put all together removed the scratch under this task: Slurm had taken its node for dead.
            guard !options.cancellation.isCancelled, try store.trace(order.fingerprint) != nil else { throw error }
            observer.noted(job: job.id, text: "another has made it meanwhile")
        }
    }

    private func run(
        _ step: WorkTask.Step, _ stage: any ShardedStage, _ job: Job, _ ingredients: Ingredients,
        _ options: RunOptions,
        _ observer: any RunObserver, _ worked: (Double) -> Void
    ) throws {
        let work = store.workPath(ingredients.fingerprint), scratch = "\(work)/scratch"
        try store.fileSystem.makeFolder(scratch)
        let meter = ProgressMeter(job: job.id, observer: observer, time: store.time)
        let context = StageContext(
            output: "\(work)/out-\(store.fileSystem.uniqueName())", scratch: scratch,
            threads: ThreadShare(options.jobs),
            inputs: ingredients.paths, job: job.id,
            stage: stage.name, cancellation: options.cancellation, faults: options.faults, meter: meter)
        guard let phase = try stage.phases(context).first(where: { $0.name == step.phase }) else { return }
        let missing = Set(try context.missing(phase)), own = step.shards.filter(missing.contains)
        if own.count < step.shards.count {
            observer.noted(
                job: job.id,
                text: "\(step.shards.count - own.count) of \(step.shards.count) \(phase.name) shards are there already")
        }
        guard !own.isEmpty else { return }
        defer { worked(meter.work ?? 0) }
        do {
            try stage.run(phase, shards: own, context)
        } catch {
            try options.cancellation.check()
            throw EngineError.stageFailed(job: job.id, stage: stage.name, error: error)
        }
    }

    /// The job's ingredients, once the disk shows what it reads.
    private func awaited(_ inspector: Inspector, _ job: Job, _ order: WorkOrder) throws -> Ingredients {
        let start = store.time.monotonic()
        while true {
            try options.cancellation.check()
            let found = try look(inspector, job)
            switch found {
            case .success(let ingredients):
                let reasons = ingredients.fields.changes(since: order.fields)
                guard ingredients.fingerprint != order.fingerprint else { return ingredients }
                throw EngineError.orderMismatch(job: job.id, host: store.host.name, reasons: reasons)
            case .failure(let error):
                // Waiting helps where the disk lags, not where something is another.
                if case .notBuilt(_, let reason) = error, !reason.isAbsence { throw error }
                guard Double(store.time.monotonic() - start) / 1e9 < grace else { throw error }
                store.time.sleep(nanoseconds: 500_000_000)
            }
        }
    }

    private func look(_ inspector: Inspector, _ job: Job) throws -> Result<Ingredients, EngineError> {
        var made: [String: [Artifact]] = [:]
        for other in inspector.plan.jobs where other.id != job.id {
            let view = try inspector.view(of: other) { made[$0] ?? [] }
            guard let artifacts = view.artifacts else {
                return .failure(EngineError.notBuilt(job: other.id, reason: view.reasons.first ?? .neverBuilt))
            }
            made[other.id] = artifacts
        }
        do {
            return .success(try inspector.ingredients(of: job) { made[$0] ?? [] })
        } catch let error as EngineError {
            return .failure(error)
        }
    }
}

/// The plan could not be made on the node: a file of the project is not seen there, say.
private struct PlanFault: Error, CustomStringConvertible {
    let error: any Error
    var description: String { "\(error)" }
}

/// Passes on what a task says, and keeps in the store how far it is.
private final class TaskObserver: RunObserver {
    private let observer: any RunObserver
    private let folder: ClusterFolder
    private let task: TaskName
    private let time: any TimeSource
    private let last = Atomic(Int.min / 2)

    init(_ observer: any RunObserver, _ folder: ClusterFolder, _ task: TaskName, _ time: any TimeSource) {
        self.observer = observer
        self.folder = folder
        self.task = task
        self.time = time
    }

    func started(job: String, stage: String, reason: Reason, threads: Int) {
        observer.started(job: job, stage: stage, reason: reason, threads: threads)
    }
    func noted(job: String, text: String) { observer.noted(job: job, text: text) }
    func waiting(job: String, holder: String) { observer.waiting(job: job, holder: holder) }
    func finished(_ status: JobStatus) { observer.finished(status) }
    func failed(job: String, stage: String, error: EngineError) {
        observer.failed(job: job, stage: stage, error: error)
    }

    func progressed(job: String, done: Int, total: Int, unit: String) {
        observer.progressed(job: job, done: done, total: total, unit: unit)
        let now = time.monotonic(), before = last.load(ordering: .relaxed)
        guard done == total || now - before >= 5_000_000_000,
            last.compareExchange(expected: before, desired: now, ordering: .relaxed).exchanged
        else { return }
        try? folder.writeProgress(done, total, unit, task)
    }
}

extension Reason {
    /// What is missing may be on its way.
    fileprivate var isAbsence: Bool {
        switch self {
        case .neverBuilt, .inputMissing, .outputMissing, .traceLost, .upstream, .failed: true
        default: false
        }
    }
}

extension Plan {
    /// A job and all that it needs.
    /// - Throws: `EngineError.unknownJob`.
    public func cone(of id: String) throws -> Plan {
        var needed: Set<Int> = [try index(id)]
        for index in jobs.indices.reversed() where needed.contains(index) { needed.formUnion(dependencies[index]) }
        return try Plan(jobs.indices.filter(needed.contains).map { jobs[$0] }, name: name)
    }
}
