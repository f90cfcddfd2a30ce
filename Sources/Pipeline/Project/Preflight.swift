import Engine
import Fingerprints
import Foundation
import HDF5
import Networks
import Transfer

/// What would stop a run, looked for before its first stage and all at once: what stages would read, the weights of the
/// target model, what cannot be fetched, and room for what is.
public struct Preflight {
    private var problems: [String] = []
    private var isInputMissing = false
    private var unreachable: [MissingFile] = []
    private var noSpace: TransferError?
    private let project: Project

    /// Inputs that are known to be missing.
    private var named: Set<Source> = []

    /// Nothing looked at yet.
    public init(_ project: Project) { self.project = project }

    /// Looks at what a run of one experiment would do.
    /// - Parameter predictions: of the same plan.
    /// - Throws: `ManifestError`, `TransferError` for a disk that cannot be read.
    public mutating func look(at experiment: ExperimentPlan, _ predictions: [Prediction]) throws {
        let running = predictions.filter(\.wouldRun).map(\.status)
        if !running.isEmpty { loadHDF5() }
        for status in running {
            guard let job = experiment.plan.job(status.job) else { continue }
            let missing = job.inputs.compactMap { input in Self.problem(of: input, job.id).map { (input.source, $0) } }
            isInputMissing = isInputMissing || !missing.isEmpty
            // A file that several stages need is missing once.
            for (source, problem) in missing where named.insert(source).inserted { note(problem) }
            if missing.isEmpty { try weightProblems(of: job, predictions).forEach { note($0) } }
        }
        let downloads = try running.flatMap { try project.pendingDownloads(of: $0, in: experiment) }
        if project.downloads.offline { unreachable += Downloader(project.downloads).unreachable(downloads.map(\.file)) }
        try lookAtSpace(downloads, predictions, experiment)
    }

    /// - Throws: `NotReady`; `TransferError.offline` or `.noSpace` where that alone is in the way.
    public func check() throws {
        guard problems.isEmpty else {
            let offline = unreachable.isEmpty ? [] : ["\(TransferError.offline(missing: unreachable))"]
            throw NotReady(problems: problems + offline, isInputMissing: isInputMissing)
        }
        guard unreachable.isEmpty else { throw TransferError.offline(missing: unreachable) }
        // What a remote store has need not be downloaded.
        if let noSpace, project.remote == nil { throw noSpace }
    }

    private mutating func note(_ problem: String) { if !problems.contains(problem) { problems.append(problem) } }

    private static func problem(of input: Input, _ job: String) -> String? {
        guard case .file(let path) = input.source else { return nil }
        if access(path, R_OK) == 0 { return nil }
        let reason = errno == ENOENT ? "is not there" : "cannot be read: \(String(cString: strerror(errno)))"
        return "\(job) needs \(path), which \(reason)"
    }

    /// The weights of a job's target model, where they are here.
    private func weightProblems(of job: Job, _ predictions: [Prediction]) throws -> [String] {
        guard let model = (job.stage as? any ModelStage)?.weighed,
            let source = job.inputs.first(where: { $0.name == "weights" })?.source
        else { return [] }
        let base: String
        switch source {
        case .file(let path): base = path
        case .output(let source, let name):
            let status = predictions.first { $0.status.job == source && !$0.wouldRun }?.status
            guard let artifact = status?.outputs.first(where: { $0.name == name }), artifact.isHere else { return [] }
            base = artifact.path
        }
        do {
            let (path, found) = try model.weightProblems(base)
            guard !found.isEmpty else { return [] }
            let more = found.count > 5 ? ["and \(found.count - 5) more"] : []
            return ["\(CheckpointError(path: path, reason: (found.prefix(5) + more).joined(separator: "; ")))"]
        } catch let error as CheckpointError {
            return ["\(error)"]
        }
    }

    /// A run is refused only for what is surely too much: what stages will leave is known to a tenth.
    private mutating func lookAtSpace(
        _ downloads: [PlannedDownload], _ predictions: [Prediction], _ experiment: ExperimentPlan
    ) throws {
        let folder = nearestExisting(project.store.root), free = try freeSpace(folder)
        let fetched = downloads.reduce(0) { sum, one in
            sum + (one.bytesLeft ?? 0) + one.file.extract.reduce(0) { $0 + ($1.bytes ?? 0) }
        }
        if fetched > free {
            noSpace = noSpace ?? .noSpace(folder: project.store.root, needed: fetched, free: free)
            return
        }
        let making = predictions.filter { $0.wouldRun && !(experiment.plan.job($0.status.job)?.stage is DownloadStage) }
        let made = making.reduce(0) { $0 + ($1.bytes ?? 0) }
        guard fetched + made / 10 * 9 > free else { return }
        let fetching = fetched > 0 ? ", beside \(megabytes(fetched)) of downloads," : ""
        note(
            "the stages of \(experiment.file.name) will leave some \(megabytes(made))\(fetching) and \(megabytes(free)) are free on the disk "
                + "of \(project.store.root); make room or choose another store with --store")
    }
}

/// Everything that keeps a run from beginning.
public struct NotReady: Error, CustomStringConvertible, Sendable, Equatable {
    /// A sentence each, with what to do where something helps.
    public let problems: [String]
    /// Whether a file or folder of the user's is among them.
    public let isInputMissing: Bool

    /// The one problem, or all of them, a line each.
    public var description: String {
        problems.count == 1
            ? problems[0] : "\(problems.count) things are in the way:" + problems.map { "\n  \($0)" }.joined()
    }
}

/// A stage that runs a target model.
protocol ModelStage: Stage {
    /// The model whose weights are the input `weights`; nil where the stage needs none.
    var weighed: Model? { get }
}

extension FeaturesStage: ModelStage {
    var weighed: Model? { model }
}

extension EvaluateStage: ModelStage {
    var weighed: Model? { model }
}
