import Engine
import Fingerprints
import Foundation
import Transfer

/// Manifest → the folder `files`: verified files, archives extracted; and `lock.json`, what was found where the
/// manifest knew no hash.
struct DownloadStage: Stage {
    static let folder = "files", lock = "lock.json"

    let name = "download"
    let revision = 1
    let staysWithDriver = true
    let outputs = [Self.folder, Self.lock]
    let manifest: Manifest
    /// Hashes recorded by an earlier download; they are enforced, but change no fingerprint.
    let recorded: ManifestLock?
    /// Where what this download finds is recorded.
    let lockPath: String
    let options: DownloadOptions

    /// What the files are, not where they come from: another mirror downloads nothing anew.
    var parameters: Value {
        .object([
            "name": .string(manifest.name), "keepArchives": .bool(manifest.keepArchives),
            "files": .array(
                manifest.files.map { file in
                    [
                        "name": .string(file.name), "checksum": file.checksum.map { .string("\($0)") } ?? .null,
                        "extract": .array(file.extract.map { .string("\($0.selection) → \($0.to)") }),
                    ]
                }),
        ])
    }

    func numericsKey() -> Digest? { nil }

    func run(_ context: StageContext) throws {
        let archives = Self.archives(context.scratch), extracted = context.scratch + "/files"
        let known = try knownManifest()
        let knownBytes = known.files.reduce(0) { $0 + ($1.bytes ?? 0) }
        func report(_ progress: TransferProgress) throws {
            try context.checkCancelled()
            // Until the server has told the size of a file that the manifest does not know, the others' stand for all.
            let total = progress.total ?? max(knownBytes, progress.bytes)
            context.progress(progress.bytes / 1_000_000, of: total / 1_000_000, "MB \(progress.phase.rawValue)")
        }
        let reserve = known.bytesToUnpack(into: extracted)
        let fetched = try Downloader(options).fetch(known, into: archives, reserve: reserve, progress: report) {
            context.note($0)
        }
        context.faultPoint("download.fetched")
        try FileManager.default.createDirectory(atPath: extracted, withIntermediateDirectories: true)
        _ = try unpack(known, from: archives, into: extracted, progress: report)
        context.faultPoint("download.extracted")
        let lock = (recorded ?? ManifestLock(manifest: manifest.name)).recording(fetched, of: manifest)
        try Data(lock.json.utf8).write(to: URL(fileURLWithPath: context.output + "/" + Self.lock))
        try FileManager.default.moveItem(atPath: extracted, toPath: context.output + "/" + Self.folder)
    }

    /// The manifest with what earlier downloads found.
    private func knownManifest() throws -> Manifest { try recorded.map { try manifest.applying($0) } ?? manifest }

    private static func archives(_ scratch: String) -> String { scratch + "/archives" }

    /// What a run would still fetch, given what an interrupted one has left in `scratch`.
    fileprivate func pending(scratch: String) throws -> [PlannedDownload] {
        try plannedDownloads(knownManifest(), in: Self.archives(scratch))
    }
}

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

extension Manifest {
    /// The one file of the download folder whose name ends in `suffix`, or the one called `name`.
    func product(suffix: String, named name: String?) throws -> String {
        let products = files.flatMap { file -> [String] in
            file.extract.isEmpty
                ? [file.name]
                : file.extract.compactMap { rule in
                    if case .member = rule.selection { rule.to } else { nil }
                }
        }
        let fitting = products.filter { name.map(products.contains) ?? false ? $0 == name : $0.hasSuffix(suffix) }
        guard fitting.count == 1 else {
            throw ExperimentError(
                "manifest \(self.name) has \(fitting.isEmpty ? "no file" : "several files") ending in \(suffix): "
                    + "\(products.joined(separator: ", ")); name one with \"member\"")
        }
        return fitting[0]
    }
}
