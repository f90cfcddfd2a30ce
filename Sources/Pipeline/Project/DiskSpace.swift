import Transfer

func megabytes(_ bytes: Int) -> String { "\(bytes / 1_000_000).\(bytes / 100_000 % 10) MB" }

/// Asks for room before hours are spent on filling a disk.
/// - Throws: `ExperimentError` when `what`, which takes `bytes`, does not fit on the disk of `folder`, `TransferError`
///   when that cannot be looked at.
func requireSpace(_ bytes: Int, for what: String, in folder: String) throws {
    let free = try freeSpace(folder)
    guard bytes <= free else {
        throw ExperimentError(
            "\(what) take \(megabytes(bytes)), and \(megabytes(free)) are free on the disk of \(folder); "
                + "make room or choose another store with --store")
    }
}
