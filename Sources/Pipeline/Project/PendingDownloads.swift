import Engine
import Foundation
import Transfer

extension Project {
    /// The files that a run would still have to fetch for a job, with their sizes and what an interrupted run has of
    /// them; none for a job that is fresh or downloads nothing.
    /// - Throws: `ManifestError` for a lock file that contradicts the manifest, `TransferError` for a disk that cannot
    ///   be read.
    public func pendingDownloads(of status: JobStatus, in experiment: ExperimentPlan) throws -> [PlannedDownload] {
        guard status.state != .fresh, let stage = experiment.downloads[status.job],
            let fingerprint = status.fingerprint
        else { return [] }
        return try stage.pending(scratch: store.scratchPath(fingerprint))
    }

    /// Keeps beside the manifests what the finished downloads of a plan found where a manifest knew no hash, also when
    /// a later stage failed.
    /// - Throws: `EngineError` for the store, and what writing a lock file throws.
    public func recordLocks(of experiment: ExperimentPlan) throws {
        // The download jobs alone: none depends on another job.
        let jobs = experiment.plan.jobs.filter { experiment.downloads[$0.id] != nil }
        try experiment.recordLocks(runner().status(of: Plan(jobs, name: experiment.plan.name)))
    }
}

extension ExperimentPlan {
    /// Keeps beside the manifests the hashes that downloads found, where a manifest knew none.
    /// - Throws: `ExperimentError` when a lock file cannot be written.
    func recordLocks(_ jobs: [JobStatus]) throws {
        for status in jobs where status.state == .fresh {
            guard let stage = downloads[status.job],
                let output = status.outputs.first(where: { $0.name == DownloadStage.lock }), output.isHere
            else { continue }
            let lock = try ManifestLock(contentsOf: output.path)
            guard !lock.entries.isEmpty, lock != stage.recorded else { continue }
            do {
                try Data(lock.json.utf8).write(to: URL(fileURLWithPath: stage.lockPath), options: .atomic)
            } catch {
                throw ExperimentError(
                    "\(stage.lockPath): the hashes that the download found cannot be kept: \(reason(error))")
            }
        }
    }
}
