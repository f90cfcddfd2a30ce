import CHDF5
import Glibc

/// An HDF5 file. The same calls give the same bytes: no times are kept, objects lie in the order in which they were
/// made.
///
/// Thread-safe. Object names are paths such as `/images/pixels`; the leading slash may be left out. Only hard links are
/// followed, so a file cannot lead to another one, and filters that are not built into HDF5 are never loaded.
public final class HDF5File: Sendable {
    /// As it was given.
    public let path: String
    let id: hid_t
    let isTrusted: Bool
    let place: Place

    private init(_ place: Place, id: hid_t, isTrusted: Bool) {
        path = place.file
        self.id = id
        self.isTrusted = isTrusted
        self.place = place
    }

    deinit { withLibrary { if place.health?.reason == nil, H5Iis_valid(id) > 0 { H5Fclose(id) } } }

    /// A new file, in place of any old one.
    /// - Throws: `HDF5Error` where the system or HDF5 refuses.
    public static func create(_ path: String) throws -> HDF5File {
        let place = Place(file: path, health: Health())
        // HDF5 refuses to truncate a file that this process abandoned: a new one takes its name.
        var info = stat()
        if lstat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG { unlink(path) }
        let id = try withLibrary {
            try place.using(lavise_h5_file_creation(), H5Pclose, "prepare the file") { creation in
                try place.check(H5Pset_obj_track_times(creation, false), "prepare the file")
                return try withAccess(place) { access in
                    try place.check(H5Fcreate(path, lavise_h5_truncate(), creation, access), "create the file")
                }
            }
        }
        return HDF5File(place, id: id, isTrusted: true)
    }

    /// An existing file, for reading, or for adding to it when `writable`.
    /// - Parameter trusted: read text of variable length too (what h5py writes). With a damaged file, HDF5 1.10 can
    ///   loop there for ever.
    /// - Throws: `HDF5Error` for a file that is missing or no HDF5, and for one that may not be read (or written).
    public static func open(_ path: String, writable: Bool = false, trusted: Bool = false) throws -> HDF5File {
        let place = Place(file: path, health: writable ? Health() : nil)
        let id = try withLibrary {
            try withAccess(place) { access in
                try place.check(
                    H5Fopen(path, writable ? lavise_h5_read_write() : lavise_h5_read_only(), access), "open the file")
            }
        }
        return HDF5File(place, id: id, isTrusted: trusted)
    }

    /// Closing closes the file's datasets too; the store, not HDF5, keeps writers apart.
    private static func withAccess<Result>(_ place: Place, _ body: (hid_t) throws -> Result) throws -> Result {
        try place.using(lavise_h5_file_access(), H5Pclose, "prepare the file") { access in
            try place.check(H5Pset_fclose_degree(access, H5F_CLOSE_STRONG), "prepare the file")
            try place.check(H5Pset_file_locking(access, false, true), "prepare the file")
            return try body(access)
        }
    }

    /// Writes out what is held in memory and closes the file with all its datasets. Closing twice does nothing.
    /// - Throws: `HDF5Error` where these or earlier bytes could not be written (disk full).
    public func close() throws {
        try withLibrary {
            if let reason = place.health?.reason { throw place.error(reason) }
            guard H5Iis_valid(id) > 0 else { return }
            if place.health != nil { try place.check(H5Fflush(id, H5F_SCOPE_GLOBAL), "write the file") }
            try place.check(H5Fclose(id), "close the file")
        }
    }

    // MARK: Looking around

    /// Whether a dataset or group of that name exists (false in a closed file).
    public func contains(_ name: String) -> Bool {
        withLibrary {
            guard H5Iis_valid(id) > 0, (try? requireHardLinks(name)) != nil else { return false }
            return true
        }
    }

    /// Names of the datasets and groups directly in a group, by code units.
    /// - Throws: `HDF5Error` where there is no such group, or it is a dataset.
    public func children(of group: String = "/") throws -> [String] {
        let place = place.at(group)
        return try withObject(group) { object in
            try place.require(H5Iget_type(object) == H5I_GROUP, "is a dataset, not a group")
            var info = H5G_info_t()
            try place.check(H5Gget_info(object, &info), "list the group")
            return try (0..<info.nlinks).map { index in
                let length = try place.check(
                    H5Lget_name_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, index, nil, 0, 0), "list the group")
                return try withUnsafeTemporaryAllocation(of: CChar.self, capacity: length + 1) { text in
                    try place.check(
                        H5Lget_name_by_idx(
                            object, ".", H5_INDEX_NAME, H5_ITER_INC, index, text.baseAddress, text.count, 0),
                        "list the group")
                    return String(cString: text.baseAddress!)
                }
            }
        }
    }

    /// Whether `name` is a group (and not a dataset).
    /// - Throws: `HDF5Error` where there is neither.
    public func isGroup(_ name: String) throws -> Bool {
        try withObject(name) { H5Iget_type($0) == H5I_GROUP }
    }

    /// Extents of a dataset, outermost first; `[]` for a single value.
    /// - Throws: `HDF5Error` where there is no such dataset.
    public func shape(of name: String) throws -> [Int] {
        try withDataset(name) { try extents(of: $0, place.at(name)) }
    }

    /// The number type of a dataset; nil for text and anything else that is not one of ours.
    /// - Throws: `HDF5Error` where there is no such dataset.
    public func scalarType(of name: String) throws -> HDF5ScalarType? {
        try withDataset(name) { dataset in
            try place.at(name).using(H5Dget_type(dataset), H5Tclose, "read the type") { HDF5ScalarType(fileType: $0) }
        }
    }

    // MARK: Whole datasets

    /// Writes a new dataset; groups on the way are created.
    /// - Parameter shape: extents whose product is `data.count`; by default one axis; `[]` for a single value.
    /// - Throws: `HDF5Error` for a name that is taken or has no place, for data that do not fill `shape`, and for a
    ///   disk that fails.
    public func write<T: HDF5Scalar>(_ name: String, _ data: [T], shape: [Int]? = nil) throws {
        let shape = shape ?? [data.count]
        let count = try place.at(name).count(shape)
        try place.at(name).require(count == data.count, "\(data.count) values do not fill the shape \(shape)")
        try createDataset(name, T.self, shape: shape, chunk: nil).writeAll(data)
    }

    /// Reads a whole dataset, row-major.
    /// - Throws: `HDF5Error`, also where the file claims far more data than it holds (read such a dataset by rows).
    public func read<T: HDF5Scalar>(_ name: String, as type: T.Type = T.self) throws -> [T] {
        try dataset(name, type).readAll()
    }

    // MARK: Handles

    /// Every group on the way must exist and be linked directly: symbolic and external links lead elsewhere.
    private func requireHardLinks(_ name: String) throws {
        var path = ""
        for part in name.split(separator: "/") {
            path += "/" + part
            let place = place.at(path)
            try place.require(place.check(H5Lexists(id, path, 0), "look it up") > 0, "does not exist")
            var isHard: Int32 = 0, address: haddr_t = 0
            try place.check(lavise_h5_hard_link(id, path, &isHard, &address), "look it up")
            try place.require(isHard != 0, "is a symbolic or external link, which is not followed")
            // Files that are written are our own.
            try place.require(
                place.health != nil || !ChunkExtents.haveZero(in: self.path, header: UInt64(address)),
                "has chunks without extent")
        }
    }

    /// The group, dataset or file root `name`, opened for the time of `body`.
    func withObject<Result>(_ name: String, _ body: (hid_t) throws -> Result) throws -> Result {
        try withLibrary {
            try requireOpen()
            try requireHardLinks(name)
            return try place.at(name).using(
                H5Oopen(id, name.hasPrefix("/") ? name : "/" + name, 0), H5Oclose, "open it", body)
        }
    }

    func withDataset<Result>(_ name: String, _ body: (hid_t) throws -> Result) throws -> Result {
        try withObject(name) { object in
            try place.at(name).require(H5Iget_type(object) == H5I_DATASET, "is a group, not a dataset")
            return try body(object)
        }
    }

    func requireOpen() throws {
        try place.require(H5Iis_valid(id) > 0, "is closed")
    }

    /// Creates the groups above `name`; fails where `name` exists.
    func makeRoom(for name: String) throws {
        try requireOpen()
        let parts = name.split(separator: "/")
        try place.at(name).require(!parts.isEmpty, "is not a name for a dataset")
        var path = ""
        for part in parts.dropLast() {
            path += "/" + part
            let place = place.at(path)
            if try place.check(H5Lexists(id, path, 0), "look it up") > 0 {
                try place.require(isGroup(path), "is a dataset, not a group")
                continue
            }
            try place.using(lavise_h5_group_creation(), H5Pclose, "create the group") { creation in
                try place.check(H5Pset_obj_track_times(creation, false), "create the group")
                try place.using(H5Gcreate2(id, path, 0, creation, 0), H5Gclose, "create the group") { _ in }
            }
        }
        try place.at(name).require(
            place.at(name).check(H5Lexists(id, path + "/" + parts.last!, 0), "look it up") == 0, "exists already")
    }
}

extension Place {
    func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws {
        guard condition else { throw error(reason()) }
    }

    /// Number of elements of a shape.
    func count(_ shape: [Int]) throws -> Int {
        try require(shape.count <= 32, "\(shape.count) axes; HDF5 allows 32")
        var count = 1
        for extent in shape {
            try require(extent >= 0, "a negative extent in the shape \(shape)")
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            try require(!overflow, "the shape \(shape) is too large")
            count = product
        }
        return count
    }
}

/// Extents of a dataset's or attribute's space.
func extents(ofSpace space: hid_t, _ place: Place) throws -> [Int] {
    let kind = H5Sget_simple_extent_type(space)
    try place.require(kind == H5S_SIMPLE || kind == H5S_SCALAR, "has no data")
    let rank = Int(try place.check(H5Sget_simple_extent_ndims(space), "read the shape"))
    var dimensions = [hsize_t](repeating: 0, count: rank)
    try place.check(H5Sget_simple_extent_dims(space, &dimensions, nil), "read the shape")
    return try dimensions.map { extent in
        guard let extent = Int(exactly: extent) else { throw place.error("the extent \(extent) is too large") }
        return extent
    }
}

func extents(of dataset: hid_t, _ place: Place) throws -> [Int] {
    try place.using(H5Dget_space(dataset), H5Sclose, "read the shape") { try extents(ofSpace: $0, place) }
}
