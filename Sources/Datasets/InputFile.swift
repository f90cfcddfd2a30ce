import Files

extension DatasetError {
    init(_ error: FileError) { self = .unreadable(file: error.path, reason: error.problem) }
}

/// A dataset's file open for reading.
/// - Throws: `DatasetError.unreadable`.
func inputFile(_ path: String) throws -> PlainFile {
    do { return try PlainFile(path) } catch { throw DatasetError(error) }
}
