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
    struct Parameters: Encodable, Sendable {
        let name: String
        let keepArchives: Bool
        let files: [File]

        struct File: Encodable, Sendable {
            let name: String
            @OrNull var checksum: String?
            let extract: [String]
        }
    }

    var parameters: Parameters {
        Parameters(
            name: manifest.name, keepArchives: manifest.keepArchives,
            files: manifest.files.map { file in
                Parameters.File(
                    name: file.name, checksum: file.checksum.map { "\($0)" },
                    extract: file.extract.map { "\($0.selection) → \($0.to)" })
            })
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
    func pending(scratch: String) throws -> [PlannedDownload] {
        try plannedDownloads(knownManifest(), in: Self.archives(scratch))
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
