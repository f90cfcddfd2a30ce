import Engine
import Fingerprints
import Foundation
import Transfer

/// Manifest → the folder `files`: verified files, archives extracted; and `lock.json`, what was found where the manifest knew no hash.
struct DownloadStage: Stage {
    static let folder = "files", lock = "lock.json"

    let name = "download"
    let revision = 1
    let isNumeric = false
    let outputs = [Self.folder, Self.lock]
    let manifest: Manifest
    /// Hashes recorded by an earlier download; they are enforced, but change no fingerprint.
    let recorded: ManifestLock?
    let options: DownloadOptions

    /// What the files are, not where they come from: another mirror downloads nothing anew.
    var parameters: Value {
        .object(["name": .string(manifest.name), "keepArchives": .bool(manifest.keepArchives), "files": .array(manifest.files.map { file in
            [
                "name": .string(file.name), "checksum": file.checksum.map { .string("\($0)") } ?? .null,
                "extract": .array(file.extract.map { .string("\($0.selection) → \($0.to)") }),
            ]
        })])
    }

    func run(_ context: StageContext) throws {
        let archives = context.scratch + "/archives", extracted = context.scratch + "/files"
        func report(_ progress: TransferProgress) throws {
            try context.checkCancelled()
            if let total = progress.total { context.progress(progress.bytes / 1_000_000, of: total / 1_000_000, "MB \(progress.phase.rawValue)") }
        }
        let known = try recorded.map { try manifest.applying($0) } ?? manifest
        let fetched = try Downloader(options).fetch(known, into: archives, progress: report) { context.note($0) }
        context.faultPoint("download.fetched")
        try FileManager.default.createDirectory(atPath: extracted, withIntermediateDirectories: true)
        _ = try unpack(known, from: archives, into: extracted, progress: report)
        context.faultPoint("download.extracted")
        let lock = (recorded ?? ManifestLock(manifest: manifest.name)).recording(fetched, of: manifest)
        try Data(lock.json.utf8).write(to: URL(fileURLWithPath: context.output + "/" + Self.lock))
        try FileManager.default.moveItem(atPath: extracted, toPath: context.output + "/" + Self.folder)
    }
}

extension Manifest {
    /// The one file of the download folder whose name ends in `suffix`, or the one called `name`.
    func product(suffix: String, named name: String?) throws -> String {
        let products = files.flatMap { file -> [String] in
            file.extract.isEmpty ? [file.name] : file.extract.compactMap { rule in
                if case .member = rule.selection { rule.to } else { nil }
            }
        }
        let fitting = products.filter { name.map(products.contains) ?? false ? $0 == name : $0.hasSuffix(suffix) }
        guard fitting.count == 1 else {
            throw ExperimentError("manifest \(self.name) has \(fitting.isEmpty ? "no file" : "several files") ending in \(suffix): "
                + "\(products.joined(separator: ", ")); name one with \"member\"")
        }
        return fitting[0]
    }
}
