/// A file that `Downloader.fetch` would have to get, as `plan` and `doctor` show it.
public struct PlannedDownload: Sendable, Equatable {
    /// The file as the manifest has it.
    public let file: ManifestFile
    /// Bytes that an interrupted download has left.
    public let bytesPresent: Int
    /// nil when the size is not known beforehand.
    public var bytesLeft: Int? { file.bytes.map { max(0, $0 - bytesPresent) } }
}

/// The files of `manifest` that are not in `folder` yet, judged by name and size alone: nothing is hashed, nothing
/// changed.
/// - Throws: `TransferError.fileSystem` when an interrupted download cannot be read.
public func plannedDownloads(_ manifest: Manifest, in folder: String) throws(TransferError) -> [PlannedDownload] {
    var planned: [PlannedDownload] = []
    for file in manifest.files {
        let target = joined(folder, file.name)
        if let size = fileSize(target), size == file.bytes ?? size { continue }
        planned.append(PlannedDownload(file: file, bytesPresent: try PartFile.bytesPresent(of: target)))
    }
    return planned
}
