import Fingerprints

/// The files below a folder with their status, packed: 20,000 of them take 2 MB and no `String` is made.
public struct FolderScan: Sendable {
    private var nameBytes: [UInt8] = []
    private var ends: [Int] = []
    private var statuses: [FileStatus] = []

    public init() {}

    public var count: Int { statuses.count }

    /// Total size of the files in bytes.
    public var bytes: Int { statuses.reduce(0) { $0 + $1.size } }

    /// Appends the file whose path, relative to the folder, is `name`.
    public mutating func append(name: some Sequence<UInt8>, _ status: FileStatus) {
        nameBytes.append(contentsOf: name)
        ends.append(nameBytes.count)
        statuses.append(status)
    }

    mutating func appendName(_ name: UnsafeRawBufferPointer) {
        nameBytes.append(contentsOf: name)
        ends.append(nameBytes.count)
    }

    mutating func setStatuses(_ new: [FileStatus]) { statuses = new }

    /// The path of file `index` relative to the folder, as bytes.
    public func nameBytes(_ index: Int) -> ArraySlice<UInt8> {
        nameBytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }

    /// The path of file `index` relative to the folder.
    public func name(_ index: Int) -> String { String(decoding: nameBytes(index), as: UTF8.self) }

    public func status(_ index: Int) -> FileStatus { statuses[index] }

    /// Changes whenever a file comes, goes, or gets another size, time, inode or mode. In the disk's own order of
    /// entries: another order only costs a second look.
    var signature: Digest {
        var stream = DigestStream()
        stream.update(nameBytes)
        ends.withUnsafeBytes { stream.update($0) }
        statuses.withUnsafeBytes { stream.update($0) }
        return stream.finish()
    }

    /// Indices in the order of the names' bytes.
    var sortedByName: [Int] {
        (0..<count).sorted { nameBytes($0).lexicographicallyPrecedes(nameBytes($1)) }
    }
}
