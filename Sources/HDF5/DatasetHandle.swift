import CHDF5
import Glibc

/// An open dataset: the owner of its HDF5 handle, and what is needed to read it safely.
final class DatasetHandle: Sendable {
    static let largestChunk = 256 << 20

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

    deinit { withLibrary { if H5Iis_valid(id) > 0 { H5Dclose(id) } } }

    /// One chunk cache for all, so that the order of chunks in a file does not depend on defaults.
    static func withAccess<Result>(_ place: Place, _ body: (hid_t) throws -> Result) throws -> Result {
        try place.using(lavise_h5_dataset_access(), H5Pclose, "prepare the dataset") { access in
            try place.check(H5Pset_chunk_cache(access, 1009, 16 << 20, 1), "prepare the dataset")
            return try body(access)
        }
    }

    /// Takes over an HDF5 handle after a look at what it claims to be.
    static func adopt(_ id: hid_t, _ place: Place, expecting type: HDF5ScalarType, direct: Bool) throws -> DatasetHandle {
        do {
            return try examined(id, place, expecting: type, direct: direct)
        } catch {
            H5Dclose(id)
            throw error
        }
    }

    private static func examined(_ id: hid_t, _ place: Place, expecting type: HDF5ScalarType, direct: Bool) throws -> DatasetHandle {
        let sameBytes = try place.using(H5Dget_type(id), H5Tclose, "read the type") { fileType in
            let found = HDF5ScalarType(fileType: fileType)
            try place.require(found == type, "holds \(found?.rawValue ?? "something else than our numbers"), expected \(type.rawValue)")
            return try place.using(lavise_h5_memory_type(type.native), H5Tclose, "read the type") { H5Tequal(fileType, $0) > 0 }
        }
        let shape = try extents(of: id, place)
        let count = try place.count(shape)
        try place.require(!count.multipliedReportingOverflow(by: type.size).overflow, "the shape \(shape) is too large")
        let bytes = count * type.size
        let contiguous = try place.using(H5Dget_create_plist(id), H5Pclose, "read the layout") { try checkLayout($0, place, type) }
        let direct = direct && contiguous && sameBytes ? try DirectBytes(dataset: id, bytes: bytes, place) : nil
        let backed = try bytesBacking(id, contiguous: contiguous, place)
        return DatasetHandle(place: place, id: id, shape: shape, direct: direct, backedBytes: backed)
    }

    /// Refuses data outside the file and chunks that would take all memory. True when the data is one block.
    private static func checkLayout(_ creation: hid_t, _ place: Place, _ type: HDF5ScalarType) throws -> Bool {
        let layout = H5Pget_layout(creation)
        try place.require(layout == H5D_CONTIGUOUS || layout == H5D_COMPACT || layout == H5D_CHUNKED, "is a virtual dataset, which is not read")
        try place.require(H5Pget_external_count(creation) == 0, "keeps its data in another file, which is not read")
        if layout == H5D_CHUNKED {
            var chunk = [hsize_t](repeating: 0, count: 32)
            let rank = Int(try place.check(H5Pget_chunk(creation, 32, &chunk), "read the chunk"))
            let extents = chunk.prefix(rank).map { Int(clamping: $0) }
            try place.require((try place.count(extents)) <= largestChunk / type.size, "the chunk \(extents) is larger than \(largestChunk >> 20) MiB")
        }
        return layout == H5D_CONTIGUOUS
    }

    func requireRows(_ rows: Range<Int>) throws {
        try place.require(rows.lowerBound >= 0 && rows.upperBound <= shape.first ?? 1, "has no rows \(rows): its shape is \(shape)")
    }

    func requireBacked(_ rows: Int, ofRowBytes size: Int) throws {
        let bytes = rows * size
        try place.require(bytes <= backedBytes, "claims \(bytes) bytes, but the file holds only \(backedBytes) at most; read it by rows if that is right")
    }

    /// One HDF5 read or write of whole rows: `body` gets the dataset, the memory's type and space, and the file's space.
    func transfer(_ rows: Range<Int>, _ type: HDF5ScalarType, _ doing: String, _ body: (hid_t, hid_t, hid_t, hid_t) -> herr_t) throws {
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

/// The most bytes that the file can really give for a dataset, whatever its shape claims. Deflate packs at most 1,032 to 1, and
/// chunks never written take no room: those of a small dataset are zeros that cost little.
func bytesBacking(_ dataset: hid_t, contiguous: Bool, _ place: Place) throws -> Int {
    let stored = Int(clamping: min(H5Dget_storage_size(dataset), try sizeOfFile(of: dataset, place)))
    let (packed, overflow) = stored.multipliedReportingOverflow(by: contiguous ? 1 : 1032)
    return max(64 << 20, overflow ? .max : packed)
}

private func sizeOfFile(of dataset: hid_t, _ place: Place) throws -> hsize_t {
    try place.using(H5Iget_file_id(dataset), H5Fclose, "read the file's size") { file in
        var size: hsize_t = 0
        try place.check(H5Fget_filesize(file, &size), "read the file's size")
        return size
    }
}

/// The bytes of a contiguous dataset, read without HDF5 and its lock.
final class DirectBytes: Sendable {
    private let descriptor: Int32
    private let start: Int

    /// nil where nothing was written yet. Keeps a descriptor of its own: HDF5 closes the file's.
    init?(dataset: hid_t, bytes: Int, _ place: Place) throws {
        let offset = H5Dget_offset(dataset)
        guard bytes > 0, lavise_h5_is_undefined(offset) == 0 else { return nil }
        guard let start = Int(exactly: offset), start <= Int(clamping: try sizeOfFile(of: dataset, place)) - bytes else {
            throw place.error("is cut off: its data would end behind the end of the file")
        }
        let descriptor: Int32 = try place.using(H5Iget_file_id(dataset), H5Fclose, "read the file") { file in
            var pointer: UnsafeMutableRawPointer?
            try place.check(H5Fget_vfd_handle(file, 0, &pointer), "read the file")
            guard let pointer else { throw place.error("cannot read the file: HDF5 gave no descriptor") }
            return fcntl(pointer.load(as: Int32.self), F_DUPFD_CLOEXEC, 0)
        }
        guard descriptor >= 0 else { throw place.error("cannot read the file: \(String(cString: strerror(errno)))") }
        self.descriptor = descriptor
        self.start = start
    }

    deinit { close(descriptor) }

    func read(at offset: Int, count: Int, into destination: UnsafeMutableRawPointer, _ place: Place) throws {
        var done = 0
        while done < count {
            let got = pread(descriptor, destination + done, count - done, off_t(start + offset + done))
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else {
                throw place.error(got == 0 ? "the file ends in the middle of the data" : "cannot read: \(String(cString: strerror(errno)))")
            }
            done += got
        }
    }
}
