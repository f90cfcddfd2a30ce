import Fingerprints
import Glibc

/// Fetches the files of manifests.
public struct Downloader: Sendable {
    /// How it fetches: mirrors, limits, retries.
    public let options: DownloadOptions

    /// Nothing is opened before `fetch`.
    public init(_ options: DownloadOptions = DownloadOptions()) { self.options = options }

    /// Brings every file of `manifest` into `folder`, verified, and returns them in the manifest's order.
    ///
    /// A file that is already there is hashed and kept if it is right. A file under way is `<name>.part`; a later call,
    /// also after a kill, goes on with it. A file that turns out wrong is set aside as `<name>.quarantine`.
    /// - Parameters:
    ///   - reserve: bytes that must remain free on the disk after the download, for what follows it.
    ///   - progress: called about ten times a second on this thread; what it throws ends the call, and what has come
    ///     stays.
    ///   - note: called for retries, changes of origin and the like, with a line for the user.
    /// - Throws: `TransferError`; what `progress` throws.
    public func fetch(
        _ manifest: Manifest, into folder: String, reserve: Int = 0,
        progress: (TransferProgress) throws -> Void = { _ in },
        note: @escaping (String) -> Void = { _ in }
    ) throws -> [FetchedFile] {
        try createFolder(folder)
        let present = try checkPresent(manifest, folder, progress, note)
        let missing = manifest.files.filter { present[$0.name] == nil }
        let unreachable = unreachable(missing)
        guard unreachable.isEmpty else { throw TransferError.offline(missing: unreachable) }
        let origins = missing.map { Origin.all(of: $0, options: options) }
        try checkSpace(for: missing, and: reserve, in: folder)
        let network = try Network(bandwidthLimit: options.bandwidthLimit)
        let transfers = try zip(missing, origins).map { file, origins in
            let target = joined(folder, file.name)
            try createFolder(parentFolder(target))
            return try FileTransfer(
                file, target: target, origins: origins, options: options, network: network, note: note)
        }
        let fetched = try run(transfers, network, progress)
        return manifest.files.compactMap { present[$0.name] ?? fetched[$0.name] }
    }

    /// Those of `files` that have no origin which may be asked: offline, all that are in no local mirror.
    public func unreachable(_ files: [ManifestFile]) -> [MissingFile] {
        files.filter { Origin.all(of: $0, options: options).isEmpty }.map {
            MissingFile(name: $0.name, bytes: $0.bytes, url: $0.urls[0])
        }
    }

    /// Hashes the files that are already there. Wrong ones are set aside.
    private func checkPresent(
        _ manifest: Manifest, _ folder: String, _ progress: (TransferProgress) throws -> Void, _ note: (String) -> Void
    ) throws -> [String: FetchedFile] {
        var present: [String: FetchedFile] = [:]
        let here = manifest.files.filter { fileSize(joined(folder, $0.name)) != nil }
        let total = here.reduce(0) { $0 + (fileSize(joined(folder, $1.name)) ?? 0) }
        var meter = TransferMeter(.checking)
        var before = 0
        for file in here {
            let path = joined(folder, file.name)
            let size = fileSize(path) ?? 0
            let found = try hashFile(path, for: file.checksum) { bytes in
                guard meter.isDue else { return }
                try progress(
                    meter.progress(
                        file: file.name, fileBytes: bytes, fileTotal: size, bytes: before + bytes, total: total))
            }
            before += size
            let wrongSize = file.bytes.flatMap { $0 == size ? nil : "size expected \($0), got \(size)" }
            if let problem = wrongSize ?? file.checksum?.mismatch(found) {
                guard rename(path, quarantinePath(path)) == 0 else { throw systemError("rename", path) }
                note("\(file.name): \(problem); kept as \(quarantinePath(path)) and fetched anew")
            } else {
                present[file.name] = FetchedFile(
                    name: file.name, path: path, bytes: size, sha256: found.sha256, origin: nil)
            }
        }
        return present
    }

    private func checkSpace(for missing: [ManifestFile], and reserve: Int, in folder: String) throws {
        let needed = missing.reduce(reserve) {
            $0 + max(0, ($1.bytes ?? 0) - allocatedBytes(PartFile.path(of: joined(folder, $1.name))))
        }
        let free = try freeSpace(folder)
        guard needed <= free else { throw TransferError.noSpace(folder: folder, needed: needed, free: free) }
    }

    private func run(
        _ transfers: [FileTransfer], _ network: Network, _ progress: (TransferProgress) throws -> Void
    ) throws -> [String: FetchedFile] {
        var fetched: [String: FetchedFile] = [:]
        var waiting = transfers[...]
        var active: [FileTransfer] = []
        var meter = TransferMeter(.downloading)
        defer { for transfer in active { transfer.leave() } }
        while true {
            while active.count < max(1, options.parallelFiles), let next = waiting.popFirst() { active.append(next) }
            for transfer in active {
                try transfer.advance(now: monotonicSeconds())
                switch transfer.state {
                case .running: break
                case .finished(let file): fetched[file.name] = file
                case .failed(let failures):
                    throw TransferError.noOriginLeft(file: transfer.file.name, failures: failures)
                }
            }
            active.removeAll { fetched[$0.file.name] != nil }
            if active.isEmpty, waiting.isEmpty { break }
            for (request, result) in network.step() {
                let owner = active.first { $0.owns(request) }
                try owner?.ended(request, result, now: monotonicSeconds())
            }
            if let state = report(transfers, fetched, &meter) { try progress(state) }
            let now = monotonicSeconds()
            let wake = active.map { $0.wakeTime(now: now) }.min() ?? now
            network.wait(seconds: min(wake - now, 0.1))
        }
        return fetched
    }

    private func report(_ transfers: [FileTransfer], _ fetched: [String: FetchedFile], _ meter: inout TransferMeter)
        -> TransferProgress?
    {
        guard meter.isDue, let current = transfers.first(where: { fetched[$0.file.name] == nil }) else { return nil }
        let bytes = transfers.reduce(0) { $0 + (fetched[$1.file.name]?.bytes ?? $1.part?.bytesPresent ?? 0) }
        let sizes = transfers.map { fetched[$0.file.name]?.bytes ?? $0.part?.header.total ?? $0.file.bytes }
        return meter.progress(
            file: current.file.name, fileBytes: current.part?.bytesPresent ?? 0,
            fileTotal: current.part?.header.total ?? current.file.bytes, bytes: bytes,
            total: sizes.contains(nil) ? nil : sizes.reduce(0) { $0 + ($1 ?? 0) })
    }
}
