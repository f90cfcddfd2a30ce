import CHDF5

/// A chunked dataset that grows by rows while it is written, for when their number is not known beforehand.
public final class HDF5Appender<T: HDF5Scalar> {
    private let file: HDF5File
    private let id: hid_t
    private let place: Place
    private let rowShape: [Int]
    private let rowCount: Int
    /// Rows written so far.
    public private(set) var rows = 0

    init(file: HDF5File, id: hid_t, place: Place, rowShape: [Int], rowCount: Int) {
        self.file = file
        self.id = id
        self.place = place
        self.rowShape = rowShape
        self.rowCount = rowCount
    }

    deinit { place.letGo(id) }

    /// Adds whole rows at the end.
    /// - Throws: `HDF5Error` for numbers that are no whole rows, for a closed file, and for a disk that is full or
    ///   fails.
    public func append(_ data: [T]) throws {
        try place.require(
            rowCount > 0 && data.count % rowCount == 0, "\(data.count) numbers are no whole rows of \(rowCount)")
        guard !data.isEmpty else { return }
        let added = data.count / rowCount
        try withLibrary {
            try place.require(H5Iis_valid(id) > 0, "belongs to a closed file")
            try place.check(H5Dset_extent(id, ([rows + added] + rowShape).map { hsize_t($0) }), "grow the dataset")
            try place.using(lavise_h5_memory_type(T.hdf5Type.native), H5Tclose, "append rows") { memoryType in
                try place.using(H5Dget_space(id), H5Sclose, "append rows") { space in
                    let start = ([rows] + rowShape.map { _ in 0 }).map { hsize_t($0) }
                    let count = ([added] + rowShape).map { hsize_t($0) }
                    try place.check(H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nil, count, nil), "append rows")
                    try place.using(makeSpace([added] + rowShape), H5Sclose, "append rows") { memory in
                        try data.withUnsafeBufferPointer {
                            _ = try place.check(
                                H5Dwrite(id, memoryType, memory, space, 0, $0.baseAddress), "append rows")
                        }
                    }
                }
            }
        }
        rows += added
    }
}

extension HDF5File {
    /// Makes an empty dataset `[0] + rowShape` that grows; a chunk holds `rowsPerChunk` rows.
    /// - Parameter deflate: compression level 0…9 of chunks.
    /// - Throws: `HDF5Error` for a name that is taken or has no place, a shape or level that HDF5 refuses, and a disk
    ///   that fails.
    public func createAppender<T: HDF5Scalar>(
        _ name: String, _ type: T.Type, rowShape: [Int], rowsPerChunk: Int, deflate: Int? = nil
    ) throws -> HDF5Appender<T> {
        let place = place.at(name)
        let rowCount = try place.count(rowShape)
        let id = try withLibrary {
            try makeRoom(for: name)
            return try chunkedCreation([rowsPerChunk] + rowShape, deflate: deflate, place) { creation in
                try place.using(lavise_h5_file_type(T.hdf5Type.native), H5Tclose, "create the dataset") { fileType in
                    let extents = ([0] + rowShape).map { hsize_t($0) }
                    let limits = [lavise_h5_unlimited()] + rowShape.map { hsize_t($0) }
                    return try place.using(
                        H5Screate_simple(Int32(extents.count), extents, limits), H5Sclose, "create the dataset"
                    ) { space in
                        try DatasetHandle.withAccess(place) { access in
                            try place.check(
                                H5Dcreate2(self.id, name, fileType, space, 0, creation, access), "create the dataset")
                        }
                    }
                }
            }
        }
        return HDF5Appender(file: self, id: id, place: place, rowShape: rowShape, rowCount: rowCount)
    }

    private func chunkedCreation<R>(_ chunk: [Int], deflate: Int?, _ place: Place, _ body: (hid_t) throws -> R) throws
        -> R
    {
        try place.using(lavise_h5_dataset_creation(), H5Pclose, "create the dataset") { creation in
            try place.check(H5Pset_obj_track_times(creation, false), "create the dataset")
            try place.check(H5Pset_chunk(creation, Int32(chunk.count), chunk.map { hsize_t($0) }), "set the chunk")
            if let deflate {
                try place.check(
                    H5Pset_deflate(creation, UInt32(clamping: deflate)), "set the compression level \(deflate)")
            }
            return try body(creation)
        }
    }
}
