import Foundation

/// Bytes that may still be written on the disk of `folder`.
func freeBytes(_ folder: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfFileSystem(forPath: folder)
    return (attributes[.systemFreeSize] as? NSNumber)?.intValue ?? 0
}

/// Asks for room before hours are spent on filling a disk.
/// - Throws: `ExperimentError` when `what`, which takes `bytes`, does not fit on the disk of `folder`.
func requireSpace(_ bytes: Int, for what: String, in folder: String) throws {
    let free = try freeBytes(folder)
    guard bytes <= free else {
        throw ExperimentError("\(what) take \(bytes / 1_000_000) MB, and \(free / 1_000_000) MB are free on the disk of \(folder); "
            + "make room or choose another store with --store")
    }
}
