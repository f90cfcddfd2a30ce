import Fingerprints

/// The files below a folder with their status, packed: 20,000 of them take 2 MB and no `String` is made.
public struct FolderScan: Sendable {
    /// Paths relative to the folder, each ended by a zero byte, as the system's calls want them.
    private var names: [UInt8] = []
    private var starts: [Int] = []
    private var statuses: [FileStatus] = []

    /// No files yet.
    public init() {}

    /// - Parameters:
    ///   - names: paths relative to the folder, each ended by a zero byte.
    ///   - starts: where each begins.
    init(names: [UInt8], starts: [Int], statuses: [FileStatus]) {
        self.names = names
        self.starts = starts
        self.statuses = statuses
    }

    /// How many files there are.
    public var count: Int { statuses.count }

    /// Total size of the files in bytes.
    public var bytes: Int { statuses.reduce(0) { $0 + $1.size } }

    /// Appends the file whose path, relative to the folder, is `name`.
    public mutating func append(name: some Sequence<UInt8>, _ status: FileStatus) {
        starts.append(names.count)
        names.append(contentsOf: name)
        names.append(0)
        statuses.append(status)
    }

    /// The path of file `index` relative to the folder, as bytes.
    public func nameBytes(_ index: Int) -> ArraySlice<UInt8> {
        names[starts[index]..<(index + 1 < starts.count ? starts[index + 1] : names.count) - 1]
    }

    /// The path of file `index` relative to the folder.
    public func name(_ index: Int) -> String { String(decoding: nameBytes(index), as: UTF8.self) }

    /// What the system says about file `index`, in the order of `append`.
    public func status(_ index: Int) -> FileStatus { statuses[index] }

    /// Those whose path's last part is among `names`, whatever the case of its letters.
    func only(_ names: Set<String>) -> FolderScan {
        let names = Set(names.map { $0.lowercased() })
        var chosen = FolderScan()
        for index in 0..<count {
            let path = nameBytes(index), start = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? path.startIndex
            if names.contains(String(decoding: path[start...], as: UTF8.self).lowercased()) {
                chosen.append(name: path, status(index))
            }
        }
        return chosen
    }

    /// Changes whenever a file comes, goes, or gets another size, time, inode or mode. In the disk's own order of
    /// entries: another order only costs a second look.
    var signature: Digest {
        var stream = DigestStream()
        stream.update(names)
        statuses.withUnsafeBytes { stream.update($0) }
        return stream.finish()
    }

    /// Indices in the order of the names' bytes.
    var sortedByName: [Int] {
        (0..<count).sorted { nameBytes($0).lexicographicallyPrecedes(nameBytes($1)) }
    }
}
