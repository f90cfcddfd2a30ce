import Datasets
import Engine
import Files
import Fingerprints
import Foundation
import HDF5
import Imaging
import LaViSE
import Networks
import Pipeline
import Remote
import Reporting
import Transfer

/// The exit codes of DESIGN's contract.
package struct ExitStatus: Equatable {
    package let rawValue: Int32

    static let fine = ExitStatus(rawValue: 0), stageFailed = ExitStatus(rawValue: 1), usage = ExitStatus(rawValue: 2)
    static let stale = ExitStatus(rawValue: 3), outsideTolerance = ExitStatus(rawValue: 4),
        integrity = ExitStatus(rawValue: 5)
    static let lockTimeout = ExitStatus(rawValue: 7), download = ExitStatus(rawValue: 8),
        inside = ExitStatus(rawValue: 70)

    init(rawValue: Int32) { self.rawValue = rawValue }

    /// The code for an error of ours; nil for those of the argument parser.
    package init?(_ error: any Error) {
        switch error {
        case is ExperimentError, is RemoteError, is ManifestError, is TableError, is ToleranceError: self = .usage
        case is TransferError: self = .download
        case is DatasetError, is GloveError, is ImagingError, is CheckpointError, is BackboneError, is TrainingError,
            is EvaluationError,
            is HDF5Error, is FileDigestError, is FileSystemError, is ZipError, is JSONError, is CocoaError,
            is POSIXError, is StreamError,
            is ResultsError, is NotReady, is MemoryFault, is SlurmError, is ClusterFault:
            self = .stageFailed
        case let error as EngineError: self = Self.code(of: error)
        default:
            guard LavisePipeline.exitCode(for: error) == .failure else { return nil }
            self = .inside
        }
    }

    private static func code(of error: EngineError) -> ExitStatus {
        switch error {
        case .stageFailed(_, _, is TransferError), .stageFailed(_, _, is ZipError): .download
        // A manifest is part of what was asked for, also where its lock contradicts it only in the stage.
        case .stageFailed(_, _, is ManifestError): .usage
        case .stageFailed: .stageFailed
        case .inputMissing, .inputChangedDuringRun, .storage: .stageFailed
        case .remoteOff: .download
        case .unknownInput: .inside
        case .lockTimeout: .lockTimeout
        case .nondeterministic: .integrity
        case .orderMismatch: .integrity
        case .notAnOrder, .notSelected, .unknownSelection, .notBuilt, .unknownJob, .notAStore, .newerFormat,
            .inputsUnseen, .projectGone:
            .usage
        case .cancelled(let signal): ExitStatus(rawValue: 128 + (signal ?? 2))
        }
    }
}
