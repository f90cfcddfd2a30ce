import Fingerprints

/// Makes jobs that are not in the store elsewhere than in this process, and leaves their traces and artifacts in it. A
/// run without one makes every job itself (`Executor`).
public protocol JobExecutor: Sendable {
    /// Whether it makes jobs of this stage; the run makes the others itself.
    func takes(_ stage: any Stage) -> Bool
    /// A run begins.
    /// - Throws: what keeps it from working; the run ends with it.
    func start(_ run: ExecutorRun) throws
    /// Has a job made. Asked again each time that `RemoteJob.wake` was called; never waits.
    func make(_ job: RemoteJob) -> RemoteState
    /// The run is over: nothing of it is under way any more, but where the user wants that.
    func finish()
}

/// What an executor is told of a run.
public struct ExecutorRun: Sendable {
    let store: Store
    let observer: any RunObserver
    let cancellation: Cancellation
    let faults: FaultPoints
    /// Written into traces.
    let versions: [String: String]
}

/// A job to be made elsewhere, with all that goes into it.
public struct RemoteJob: Sendable {
    let plan: String
    let job: Job
    let ingredients: Ingredients
    let reason: Reason
    /// Whether its trace and artifacts are in the store, sound.
    let isMade: @Sendable () throws -> Bool
    /// To be called when there is news of it.
    let wake: @Sendable () -> Void

    var fingerprint: Digest { ingredients.fingerprint }
}

/// How a job stands that another makes.
public enum RemoteState: Sendable {
    case underWay
    /// Its trace is in the store.
    /// - Parameter forThisRun: ordered by this run's executor, not by another's.
    case made(forThisRun: Bool)
    case failed(any Error)
}
