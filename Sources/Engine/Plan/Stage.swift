import Fingerprints

/// A task of the build: reads its declared inputs, leaves its declared outputs, sees nothing else.
///
/// Two runs with the same `name`, `revision`, `parameters`, input digests and numerics key must
/// leave the same bytes: that is what lets the engine replace running by looking up.
public protocol Stage: Sendable {
    /// The stage's name, such as `features`.
    var name: String { get }
    /// Raised by hand whenever the code leaves other bytes for the same inputs.
    var revision: Int { get }
    /// Exactly what the stage reads, not the whole experiment: one value, so that what `run` reads is what is
    /// fingerprinted, as it encodes.
    associatedtype Parameters: Encodable
    /// What `run` reads besides its inputs.
    var parameters: Parameters { get }
    /// Where the bits depend on the machine's arithmetic: what canaries of the kernels that the stage uses return here.
    /// It enters the fingerprint, so it must not depend on anything else. nil for a stage that computes with whole
    /// numbers and exact rules alone.
    /// - Throws: what keeps the kernels from being tried; it ends the look at the plan.
    func numericsKey() throws -> Digest?
    /// Names of the files or folders that `run` leaves in `context.output`, exactly these.
    var outputs: [String] { get }
    /// Whether it runs where the run was started, whatever makes the others: it needs the network, or takes no time.
    var staysWithDriver: Bool { get }
    /// Does the work. An error thrown here fails the job; what lies in `context.scratch` is kept for the next attempt.
    /// - Throws: anything: it fails the job, and its description is shown.
    func run(_ context: StageContext) throws
}

extension Stage {
    /// false: it may run anywhere.
    public var staysWithDriver: Bool { false }

    /// The parameters as a fingerprint holds them.
    /// - Throws: `EncodingError` for what is no JSON value: a number that is not finite.
    public func encodedParameters() throws -> Value { try Value(encoding: parameters) }
}

/// What a running stage may see.
public struct StageContext: Sendable {
    /// An empty folder: leave exactly the stage's `outputs` here.
    public let output: String
    /// A folder kept between attempts under this very fingerprint, for resuming; removed once the outputs are
    /// published.
    public let scratch: String

    private let share: ThreadShare
    let inputs: [String: String]
    let job: String
    let stage: String
    let cancellation: Cancellation
    let faults: FaultPoints
    let meter: ProgressMeter

    init(
        output: String, scratch: String, threads: ThreadShare, inputs: [String: String], job: String, stage: String,
        cancellation: Cancellation,
        faults: FaultPoints, meter: ProgressMeter
    ) {
        self.output = output
        self.scratch = scratch
        share = threads
        self.inputs = inputs
        self.job = job
        self.stage = stage
        self.cancellation = cancellation
        self.faults = faults
        self.meter = meter
    }

    /// For running a stage by itself, without an engine: both folders must exist.
    /// - Parameter inputs: input name → path.
    public init(running stage: any Stage, inputs: [String: String], output: String, scratch: String, threads: Int = 1) {
        self.init(
            output: output, scratch: scratch, threads: ThreadShare(threads), inputs: inputs, job: stage.name,
            stage: stage.name, cancellation: Cancellation(), faults: .off,
            meter: ProgressMeter(job: stage.name, observer: SilentObserver(), time: SystemTime()))
    }

    /// How many threads this job may use now; the bytes must not depend on it. It becomes more when jobs beside this one
    /// end: ask once for what has to be of one size, and `concurrently(_:growing:_:)` for long work.
    public var threads: Int { share.now }

    /// A name for a file on its way into `scratch` that no other attempt gives, should another host take over while
    /// this one sleeps.
    public func partial(_ path: String) -> String {
        "\(path).\(output.split(separator: "/").last ?? "").partial"
    }

    /// The path of an input, a file or folder to be read only.
    /// - Throws: `EngineError.unknownInput` when the job declares no such input.
    public func input(_ name: String) throws -> String {
        guard let path = inputs[name] else {
            throw EngineError.unknownInput(job: job, name: name, known: inputs.keys.sorted())
        }
        return path
    }

    /// Tells the user how far the job is. Cheap; from any thread.
    public func progress(_ done: Int, of total: Int, _ unit: String) {
        meter.report(done: done, total: total, unit: unit)
    }

    /// Tells how much work this attempt was, in a unit of the stage's own, so that predictions can scale its time.
    public func worked(_ amount: Double) {
        meter.worked(amount)
    }

    /// An information line for the user.
    public func note(_ text: String) {
        meter.observer.noted(job: job, text: text)
    }

    /// - Throws: `EngineError.cancelled` once the run is cancelled. Call it between units of work: crash tests kill
    ///   here.
    public func checkCancelled() throws {
        faults.pass("\(stage).check")
        try cancellation.check()
    }

    /// A place where a crash test may kill the process, named `stage.what`. Free when off.
    public func faultPoint(_ name: String) {
        faults.pass(name)
    }
}
