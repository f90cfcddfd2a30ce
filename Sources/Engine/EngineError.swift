import Fingerprints

/// Why a run could not bring its plan up to date.
public enum EngineError: Error, Sendable, CustomStringConvertible {
    /// A stage threw, or left other outputs than it declares.
    case stageFailed(job: String, stage: String, error: any Error)
    /// A file or folder outside the store that a job reads does not exist.
    case inputMissing(job: String, name: String, path: String)
    /// A file outside the store changed while a job was reading it.
    case inputChangedDuringRun(job: String, name: String, path: String)
    case unknownInput(job: String, name: String, known: [String])
    /// Another process has held a job for longer than `RunOptions.lockTimeout`.
    case lockTimeout(job: String, holder: String, seconds: Double)
    /// Two executions under one fingerprint left different bytes; both are kept.
    case nondeterministic(job: String, output: String, first: Digest, second: Digest, difference: String?)
    /// A job that was not selected is not up to date, but a selected one reads from it.
    case notSelected(job: String, neededBy: String, reason: Reason)
    /// `only`, `from`, `until` or `force` names neither a job nor a stage.
    case unknownSelection(String, known: [String])
    case cancelled(signal: Int32?)
    /// The store could not be read or written.
    case storage(FileSystemError)
    /// Nothing to verify, compare or show.
    case notBuilt(job: String, reason: Reason)
    case unknownJob(String, known: [String])
    /// The folder that should be the store holds something that no store has.
    case notAStore(path: String, found: String)
    /// A newer program wrote what this one cannot read.
    case newerFormat(path: String)
    /// Garbage cannot be told from what is needed while these inputs of jobs that ran here cannot be looked at.
    case inputsUnseen([UnseenInput])
    /// A file that should say what a worker is to do says something else.
    case notAnOrder(path: String)
    /// A worker found other ingredients of a job than were ordered.
    case orderMismatch(job: String, host: String, reasons: [Reason])
    /// The remote store does not answer, or does not let us.
    case remoteOff(String)
    /// A project that uses the store is not where it was.
    case projectGone(path: String)

    /// An input that is not where its job reads it.
    public struct UnseenInput: Sendable, Hashable {
        public let plan: String, job: String, path: String
    }

    var isCancellation: Bool {
        if case .cancelled = self { true } else { false }
    }

    /// What failed, where, and what to do.
    public var description: String {
        switch self {
        case .stageFailed(let job, let stage, let error):
            "\(job == stage ? job : "\(job) (stage \(stage))") failed: \(error)"
        case .inputMissing(let job, let name, let path):
            "\(job) needs \(path) as its input \(name), and there is nothing there"
        case .inputChangedDuringRun(let job, let name, let path):
            "\(path), input \(name) of \(job), changed while it was being read; run again when it is at rest"
        case .unknownInput(let job, let name, let known):
            "\(job) asks for an input \(name) that it does not declare; it has \(known.joined(separator: ", "))"
        case .lockTimeout(let job, let holder, let seconds):
            "\(job) is being made by \(holder) and was not finished after \(Int(seconds)) s; wait for it or raise the timeout"
        case .nondeterministic(let job, let output, let first, let second, let difference):
            "\(job) is not deterministic: output \(output) is \(first.short), and on another execution \(second.short)"
                + (difference.map { "; \($0)" } ?? "") + "; both are kept in the store"
        case .notSelected(let job, let user, let reason):
            "\(user) needs \(job), which is not up to date (\(reason)) and not among what was asked for; run \(job) as well"
        case .unknownSelection(let name, let known):
            "no job or stage is called \(name); there are \(known.joined(separator: ", "))"
        case .cancelled(let signal):
            "cancelled\(signal.map { " by signal \($0)" } ?? ""); finished work is kept, run again to go on"
        case .storage(let error):
            error.description
        case .notBuilt(let job, let reason):
            "\(job) is not up to date (\(reason)); run it first"
        case .unknownJob(let name, let known):
            "no job is called \(name); there are \(known.joined(separator: ", "))"
        case .notAStore(let path, let found):
            "\(path) is no store, and not empty: it holds \(found); name a new or an empty folder as the store"
        case .newerFormat(let path):
            "\(path) was written by a newer version of this program; update this one"
        case .inputsUnseen(let inputs):
            "what is garbage cannot be told, for these inputs are not there: "
                + Set(inputs).map { "\($0.path) (\($0.job) of \($0.plan))" }.sorted().joined(separator: ", ")
        case .notAnOrder(let path):
            "\(path) is no order for a worker, or a damaged one; `run --executor slurm` writes another"
        case .orderMismatch(let job, let host, let reasons):
            "\(job) is not on \(host) what was ordered: \(reasons.map { "\($0)" }.joined(separator: ", "))"
                + (reasons.contains { if case .numericsKeyChanged = $0 { true } else { false } }
                    ? "; its arithmetic gives other bits: ask for nodes of one kind with slurm.constraint in lavise.json"
                    : "")
        case .remoteOff(let name):
            "\(name) cannot be used, as said above"
        case .projectGone(let path):
            "the project \(path), which uses this store, is not there: what it keeps cannot be told"
        }
    }
}

/// A stage that broke its contract.
enum StageFault: Error, Sendable, CustomStringConvertible {
    case outputMissing(String)
    case outputUndeclared(String)
    case outputHasLink(String, String)
    case outputFolderGone(String)

    var description: String {
        switch self {
        case .outputMissing(let name): "it left no output \(name)"
        case .outputUndeclared(let name): "it left \(name), which it does not declare as an output"
        case .outputHasLink(let name, let path):
            "its output \(name) holds the symbolic link \(path); outputs must be whole"
        case .outputFolderGone(let path): "its output folder \(path) is gone: was the store removed while it ran?"
        }
    }
}

/// Runs `body`, and calls a failing disk what it is.
func asEngineError<Result>(_ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch let error as FileSystemError {
        throw EngineError.storage(error)
    }
}
