import Files
import Glibc

/// Makes the products of a manifest from its fetched files: what `extract` names is taken out of the archives, and a
/// file without `extract`, or every archive when `keepArchives` says so, appears under its own name (as a hard link
/// where the file system allows). `downloads` is left as it is.
/// - Parameter progress: called about ten times a second; what it throws ends the call.
/// - Throws: `ZipError`, `TransferError`.
public func unpack(
    _ manifest: Manifest, from downloads: String, into folder: String,
    progress: (TransferProgress) throws -> Void = { _ in }
) throws -> ExtractionSummary {
    var summary = ExtractionSummary()
    for file in manifest.files {
        let path = joined(downloads, file.name)
        if !file.extract.isEmpty {
            let part = try ZipArchive(path).extract(file.extract, into: folder, progress: progress)
            summary.files += part.files
            summary.bytes += part.bytes
        }
        if file.extract.isEmpty || manifest.keepArchives {
            try provide(path, as: joined(folder, file.name))
            summary.files += 1
            summary.bytes += fileSize(path) ?? 0
        }
    }
    return summary
}

extension Manifest {
    /// What `unpack` will need on the disk of `folder`, as far as that is known before its archives are here: images,
    /// which hardly compress, as much as their archive. What an earlier call has extracted does not count.
    public func bytesToUnpack(into folder: String) -> Int {
        var needed = 0
        for file in files {
            for rule in file.extract {
                let target = joined(folder, rule.to)
                switch rule.selection {
                case .member: needed += fileSize(target) == nil ? rule.bytes ?? 0 : 0
                case .folder: needed += access(target, F_OK) == 0 ? 0 : file.bytes ?? 0
                }
            }
        }
        return needed
    }
}

private func provide(_ path: String, as target: String) throws {
    guard path != target else { return }
    try createFolder(parentFolder(target))
    try removeFile(target)
    if link(path, target) == 0 { return }
    guard errno == EXDEV || errno == EPERM || errno == EMLINK else { throw systemError("link to \(target)", path) }
    let source = try OpenFile(path, O_RDONLY)
    let copy = try OpenFile(target + ".part", O_WRONLY | O_CREAT | O_TRUNC)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    var done = 0
    while case let count = try source.read(into: buffer, at: done), count > 0 {
        try copy.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: done)
        done += count
    }
    guard rename(copy.path, target) == 0 else { throw systemError("rename to \(target)", copy.path) }
}
