import CHDF5
import Glibc

/// A dataset of numbers, read and written by rows (the first axis), row-major.
///
/// Rows of a contiguous dataset of a file opened for reading come straight from the file, from several threads at once.
/// Rows of a chunked dataset pass HDF5's lock; written in another order they give other bytes in the file.
public struct HDF5Dataset<T: HDF5Scalar>: Sendable {
    /// Extents, the outermost first; empty for a single value.
    public let shape: [Int]
    /// Numbers in a row: the product of all extents but the first.
    public let rowCount: Int
    private let file: HDF5File
    private let handle: DatasetHandle

    init(file: HDF5File, handle: DatasetHandle) throws {
        self.file = file
        self.handle = handle
        shape = handle.shape
        rowCount = try handle.place.count(Array(handle.shape.dropFirst()))
        try handle.place.require(
            !rowCount.multipliedReportingOverflow(by: T.hdf5Type.size).overflow, "the shape \(shape) is too large")
    }

    /// Reads rows into `destination`, which has room for `rows.count · rowCount` numbers.
    /// - Throws: `HDF5Error` for rows that the dataset does not have, and for a file that is damaged, cut short or
    ///   closed.
    public func read(rows: Range<Int>, into destination: UnsafeMutablePointer<T>) throws {
        try handle.requireRows(rows)
        guard rows.count * rowCount > 0 else { return }
        if let direct = handle.direct {
            let size = rowCount * MemoryLayout<T>.stride
            return try direct.read(
                at: rows.lowerBound * size, count: rows.count * size, into: destination, handle.place)
        }
        try handle.transfer(rows, T.hdf5Type, "read rows \(rows)") { H5Dread($0, $1, $2, $3, 0, destination) }
    }

    /// Reads a row, as `read` does, if that needs no waiting for a disk.
    /// - Returns: false where it does, where that cannot be known, and where the row cannot be read; `destination` is
    ///   then undefined.
    public func readAtHand(row: Int, into destination: UnsafeMutablePointer<T>) -> Bool {
        guard let direct = handle.direct, hasRow(row) else { return false }
        let size = rowCount * MemoryLayout<T>.stride
        return direct.readAtHand(at: row * size, count: size, into: destination)
    }

    /// Has the disk bring a row that will be read, without waiting for it.
    public func expect(row: Int) {
        guard let direct = handle.direct, hasRow(row) else { return }
        let size = rowCount * MemoryLayout<T>.stride
        direct.expect(at: row * size, count: size)
    }

    private func hasRow(_ row: Int) -> Bool { row >= 0 && row < shape.first ?? 1 }

    /// Rows, one after the other: `rows.count · rowCount` numbers.
    /// - Throws: `HDF5Error` as the other `read`, also where the file claims far more data than it holds.
    public func read(rows: Range<Int>) throws -> [T] {
        try handle.requireRows(rows)
        try handle.requireBacked(rows.count, ofRowBytes: rowCount * MemoryLayout<T>.stride)
        return try [T](unsafeUninitializedCapacity: rows.count * rowCount) { buffer, count in
            if let base = buffer.baseAddress { try read(rows: rows, into: base) }
            count = rows.count * rowCount
        }
    }

    /// Writes rows from `source`, which holds `rows.count · rowCount` numbers.
    /// - Throws: `HDF5Error` for rows that the dataset does not have, and for a disk that is full or fails.
    public func write(rows: Range<Int>, from source: UnsafePointer<T>) throws {
        try handle.requireRows(rows)
        guard rows.count * rowCount > 0 else { return }
        try handle.transfer(rows, T.hdf5Type, "write rows \(rows)") { H5Dwrite($0, $1, $2, $3, 0, source) }
    }

    /// Writes rows, one after the other: `rows.count · rowCount` numbers.
    /// - Throws: `HDF5Error` as the other `write`, also for another count of numbers.
    public func write(rows: Range<Int>, _ data: [T]) throws {
        try handle.requireRows(rows)
        try handle.place.require(
            data.count == rows.count * rowCount, "\(data.count) numbers for \(rows.count) rows of \(rowCount)")
        try data.withUnsafeBufferPointer { if let base = $0.baseAddress { try write(rows: rows, from: base) } }
    }

    // A single value has no rows.
    private var allRows: Range<Int> { 0..<(shape.first ?? 1) }

    func readAll() throws -> [T] { try read(rows: allRows) }
    func writeAll(_ data: [T]) throws { try write(rows: allRows, data) }
}

extension HDF5File {
    /// Makes a dataset; groups on the way are created.
    /// - Parameters:
    ///   - chunk: extents of a chunk; chunks never written take no space and read as zeros. nil: one contiguous block,
    ///     whose rows are quick to read in any order.
    ///   - deflate: compression level 0…9 of chunks, after a byte shuffle.
    /// - Throws: `HDF5Error` for a name that is taken or has no place, extents or a level that HDF5 refuses, and a disk
    ///   that fails.
    public func createDataset<T: HDF5Scalar>(
        _ name: String, _ type: T.Type, shape: [Int], chunk: [Int]?, deflate: Int? = nil
    ) throws -> HDF5Dataset<T> {
        let place = place.at(name)
        let count = try place.count(shape)
        try place.require(
            !count.multipliedReportingOverflow(by: T.hdf5Type.size).overflow, "the shape \(shape) is too large")
        if let chunk {
            try place.require(
                chunk.count == shape.count && !chunk.isEmpty && chunk.allSatisfy { $0 > 0 },
                "the chunk \(chunk) does not suit the shape \(shape)")
            try place.require(
                chunk.count == 0 || (try place.count(chunk)) <= DatasetStorage.largestChunk / T.hdf5Type.size,
                "the chunk \(chunk) is larger than \(DatasetStorage.largestChunk >> 20) MiB")
        }
        try place.require(deflate == nil || chunk != nil, "only a chunked dataset can be compressed")
        let handle = try withLibrary {
            try makeRoom(for: name)
            return try place.using(lavise_h5_dataset_creation(), H5Pclose, "create the dataset") { creation in
                try place.check(H5Pset_obj_track_times(creation, false), "create the dataset")
                if let chunk {
                    try place.check(
                        H5Pset_chunk(creation, Int32(chunk.count), chunk.map { hsize_t($0) }), "set the chunk")
                }
                if let deflate {
                    try place.check(H5Pset_shuffle(creation), "set the compression")
                    try place.check(
                        H5Pset_deflate(creation, UInt32(clamping: deflate)), "set the compression level \(deflate)")
                }
                let id = try place.using(lavise_h5_file_type(T.hdf5Type.native), H5Tclose, "create the dataset") {
                    fileType in
                    try place.using(makeSpace(shape), H5Sclose, "create the dataset") { space in
                        try DatasetHandle.withAccess(place) { access in
                            try place.check(
                                H5Dcreate2(self.id, name, fileType, space, 0, creation, access), "create the dataset")
                        }
                    }
                }
                return try DatasetHandle.adopt(id, place, expecting: T.hdf5Type, direct: false)
            }
        }
        return try HDF5Dataset(file: self, handle: handle)
    }

    /// An existing dataset of exactly this number type.
    /// - Throws: `HDF5Error` where there is no such dataset, or it has another number type.
    public func dataset<T: HDF5Scalar>(_ name: String, _ type: T.Type) throws -> HDF5Dataset<T> {
        let place = place.at(name)
        let handle = try withLibrary {
            try withDataset(name) { _ in
                let id = try DatasetHandle.withAccess(place) { access in
                    try place.check(
                        H5Dopen2(self.id, name.hasPrefix("/") ? name : "/" + name, access), "open the dataset")
                }
                var intent: UInt32 = 0
                H5Fget_intent(self.id, &intent)
                return try DatasetHandle.adopt(
                    id, place, expecting: T.hdf5Type, direct: intent == lavise_h5_read_only())
            }
        }
        return try HDF5Dataset(file: self, handle: handle)
    }
}
