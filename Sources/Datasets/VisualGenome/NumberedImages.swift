import Glibc

/// The files `<id>.jpg` of some folders. Each folder is listed once.
struct NumberedImages {
    let folders: [String]
    /// Of each id, the first folder that has it.
    private var folderOf: [Int64: Int] = [:]

    /// - Throws: `DatasetError.unreadable` for a folder that cannot be listed.
    init(in folders: [String]) throws {
        self.folders = folders
        for (number, folder) in folders.enumerated() {
            try Self.forEachName(in: folder) { name in
                guard name.hasSuffix(".jpg"), let id = Int64(name.dropLast(4)), Self.name(id) == name else { return }
                if folderOf[id] == nil { folderOf[id] = number }
            }
        }
    }

    /// The file of image `id`, nil when no folder has it.
    func path(_ id: Int64) -> String? { folderOf[id].map { folders[$0] + "/" + Self.name(id) } }

    static func name(_ id: Int64) -> String { "\(id).jpg" }

    private static func forEachName(in folder: String, _ body: (String) -> Void) throws {
        guard let handle = opendir(folder) else { throw failure(folder) }
        defer { closedir(handle) }
        errno = 0
        while let entry = readdir(handle) {
            body(withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
            errno = 0
        }
        if errno != 0 { throw failure(folder) }
    }

    private static func failure(_ folder: String) -> DatasetError {
        .unreadable(file: folder, reason: String(cString: strerror(errno)))
    }
}
