import CHDF5
import Glibc

/// An open dataset: the owner of its HDF5 handle, and what is needed to read it safely.
final class DatasetHandle: Sendable {
    let place: Place
    let shape: [Int]
    /// Set where the bytes in the file are the bytes in memory.
    let direct: DirectBytes?
    private let id: hid_t
    /// Bytes that the file can really give, at most: what a whole read may ask for.
    private let backedBytes: Int

    private init(place: Place, id: hid_t, shape: [Int], direct: DirectBytes?, backedBytes: Int) {
        self.place = place
        self.id = id
        self.shape = shape
        self.direct = direct
        self.backedBytes = backedBytes
    }

    deinit { place.letGo(id) }

    /// One chunk cache for all, so that the order of chunks in a file does not depend on defaults.
    static func withAccess<Result>(_ place: Place, _ body: (hid_t) throws -> Result) throws -> Result {
        try place.using(lavise_h5_dataset_access(), H5Pclose, "prepare the dataset") { access in
            try place.check(H5Pset_chunk_cache(access, 1009, 16 << 20, 1), "prepare the dataset")
            return try body(access)
        }
    }

    /// Takes over an HDF5 handle after a look at what it claims to be.
    static func adopt(_ id: hid_t, _ place: Place, expecting type: HDF5ScalarType, direct: Bool) throws -> DatasetHandle
    {
        do {
            return try examined(id, place, expecting: type, direct: direct)
        } catch {
            H5Dclose(id)
            throw error
        }
    }

    private static func examined(_ id: hid_t, _ place: Place, expecting type: HDF5ScalarType, direct: Bool) throws
        -> DatasetHandle
    {
        let sameBytes = try place.using(H5Dget_type(id), H5Tclose, "read the type") { fileType in
            let found = HDF5ScalarType(fileType: fileType)
            try place.require(
                found == type,
                "holds \(found?.rawValue ?? "something else than our numbers"), expected \(type.rawValue)")
            return try place.using(lavise_h5_memory_type(type.native), H5Tclose, "read the type") {
                H5Tequal(fileType, $0) > 0
            }
        }
        let shape = try extents(of: id, place)
        let count = try place.count(shape)
        try place.require(!count.multipliedReportingOverflow(by: type.size).overflow, "the shape \(shape) is too large")
        let storage = try DatasetStorage(id, bytes: count * type.size, elementSize: type.size, place)
        let direct =
            direct && storage.isContiguous && sameBytes
            ? try DirectBytes(dataset: id, bytes: count * type.size, place) : nil
        return DatasetHandle(place: place, id: id, shape: shape, direct: direct, backedBytes: storage.backedBytes)
    }

    func requireRows(_ rows: Range<Int>) throws {
        try place.require(
            rows.lowerBound >= 0 && rows.upperBound <= shape.first ?? 1, "has no rows \(rows): its shape is \(shape)")
    }

    func requireBacked(_ rows: Int, ofRowBytes size: Int) throws {
        let bytes = rows * size
        try place.require(
            bytes <= backedBytes,
            "claims \(bytes) bytes, but the file holds only \(backedBytes) at most; read it by rows if that is right")
    }

    /// One HDF5 read or write of whole rows: `body` gets the dataset, the memory's type and space, and the file's
    /// space.
    func transfer(
        _ rows: Range<Int>, _ type: HDF5ScalarType, _ doing: String, _ body: (hid_t, hid_t, hid_t, hid_t) -> herr_t
    ) throws {
        try withLibrary {
            try place.require(H5Iis_valid(id) > 0, "belongs to a closed file")
            try place.using(lavise_h5_memory_type(type.native), H5Tclose, doing) { memoryType in
                try place.using(H5Dget_space(id), H5Sclose, doing) { space in
                    if !shape.isEmpty {
                        let start = shape.indices.map { $0 == 0 ? hsize_t(rows.lowerBound) : 0 }
                        let count = shape.indices.map { $0 == 0 ? hsize_t(rows.count) : hsize_t(shape[$0]) }
                        try place.check(H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nil, count, nil), doing)
                    }
                    let memoryShape = shape.isEmpty ? [] : [rows.count] + shape.dropFirst()
                    try place.using(makeSpace(memoryShape), H5Sclose, doing) { memory in
                        _ = try place.check(body(id, memoryType, memory, space), doing)
                    }
                }
            }
        }
    }
}

func makeSpace(_ shape: [Int]) -> hid_t {
    shape.isEmpty ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(shape.count), shape.map { hsize_t($0) }, nil)
}
