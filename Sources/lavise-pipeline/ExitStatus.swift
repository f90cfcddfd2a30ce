import Engine
import Pipeline
import Transfer

/// The exit codes of DESIGN's contract.
struct ExitStatus: Equatable {
    let rawValue: Int32

    static let fine = ExitStatus(rawValue: 0), stageFailed = ExitStatus(rawValue: 1), usage = ExitStatus(rawValue: 2)
    static let stale = ExitStatus(rawValue: 3), outsideTolerance = ExitStatus(rawValue: 4), integrity = ExitStatus(rawValue: 5)
    static let lockTimeout = ExitStatus(rawValue: 7), download = ExitStatus(rawValue: 8), inside = ExitStatus(rawValue: 70)

    init(rawValue: Int32) { self.rawValue = rawValue }

    /// The code for an error of ours; nil for those of the argument parser.
    init?(_ error: any Error) {
        switch error {
        case is ExperimentError: self = .usage
        case is TransferError: self = .download
        case let error as EngineError: self = Self.code(of: error)
        default: return nil
        }
    }

    private static func code(of error: EngineError) -> ExitStatus {
        switch error {
        case .stageFailed(_, _, let cause): cause is TransferError ? .download : .stageFailed
        case .inputMissing, .inputChangedDuringRun, .storage: .stageFailed
        case .unknownInput: .inside
        case .lockTimeout: .lockTimeout
        case .nondeterministic: .integrity
        case .notSelected, .unknownSelection, .notBuilt, .unknownJob: .usage
        case .cancelled(let signal): ExitStatus(rawValue: 128 + (signal ?? 2))
        }
    }
}
