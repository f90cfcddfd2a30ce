import Synchronization

/// Hears what a run does, from any thread. Each method does nothing unless implemented.
public protocol RunObserver: Sendable {
    /// A job is about to be executed, at first with so many threads.
    func started(job: String, stage: String, reason: Reason, threads: Int)
    /// At most ten times a second a job, and once at the end. Also before `started`, while a large input or artifact is
    /// hashed.
    func progressed(job: String, done: Int, total: Int, unit: String)
    /// A line from the stage, or from the engine about the job.
    func noted(job: String, text: String)
    /// Another process (`pid@host job`) is making the job; the run goes on with others and shares the result.
    func waiting(job: String, holder: String)
    /// How a job stands that is made elsewhere, in words; said again whenever that changes.
    func queued(job: String, text: String)
    /// The job is settled: executed, found fresh, or left alone.
    func finished(_ status: JobStatus)
    /// The job could not be made; the run throws this error, or that of an earlier job. Not called for a cancelled run.
    func failed(job: String, stage: String, error: EngineError)
}

extension RunObserver {
    /// Does nothing.
    public func started(job: String, stage: String, reason: Reason, threads: Int) {}
    /// Does nothing.
    public func progressed(job: String, done: Int, total: Int, unit: String) {}
    /// Does nothing.
    public func noted(job: String, text: String) {}
    /// Does nothing.
    public func waiting(job: String, holder: String) {}
    /// Does nothing.
    public func queued(job: String, text: String) {}
    /// Does nothing.
    public func finished(_ status: JobStatus) {}
    /// Does nothing.
    public func failed(job: String, stage: String, error: EngineError) {}
}

/// Says nothing.
public struct SilentObserver: RunObserver {
    /// It has nothing to remember.
    public init() {}
}

/// Passes a job's progress on, but not more often than anyone can read; keeps how much work it was.
final class ProgressMeter: Sendable {
    let observer: any RunObserver
    private let job: String
    private let time: any TimeSource
    private let costs: CostMeter?
    private let last = Atomic(Int.min / 2)
    private let amount = Mutex<Double?>(nil)
    private let bytes = Atomic(0)

    /// - Parameter costs: looked at now and then.
    init(job: String, observer: any RunObserver, time: any TimeSource, costs: CostMeter? = nil) {
        self.job = job
        self.observer = observer
        self.time = time
        self.costs = costs
    }

    /// What the stage said by `worked`; nil: nothing.
    var work: Double? { amount.withLock { $0 } }

    func worked(_ amount: Double) { self.amount.withLock { $0 = amount } }

    /// Counts bytes that were hashed, and says nothing of what is done in a blink.
    func hashed(_ more: Int, of total: Int) { count(more, of: total, "MB hashed") }

    func count(_ more: Int, of total: Int, _ unit: String) {
        let megabyte = 1_000_000
        let done = bytes.add(more, ordering: .relaxed).newValue
        if total >= 50 * megabyte { report(done: done / megabyte, total: total / megabyte, unit: unit) }
    }

    func report(done: Int, total: Int, unit: String) {
        let now = time.monotonic()
        let last = last.load(ordering: .relaxed)
        guard done >= total || now - last >= 100_000_000 else { return }
        guard self.last.compareExchange(expected: last, desired: now, ordering: .relaxed).exchanged || done >= total
        else { return }
        costs?.sample()
        observer.progressed(job: job, done: done, total: total, unit: unit)
    }
}
