import CHDF5
import Glibc

/// What a dataset claims about its bytes in the file, looked at before HDF5 reads them.
struct DatasetStorage {
    static let largestChunk = 256 << 20

    /// One block of bytes.
    let isContiguous: Bool
    /// The most bytes that the file can really give, whatever the shape claims.
    let backedBytes: Int

    /// - Throws: `HDF5Error` for data outside the file, chunks that would take all memory, and blocks that are cut off.
    init(_ dataset: hid_t, bytes: Int, elementSize: Int, _ place: Place) throws {
        let layout = try place.using(H5Dget_create_plist(dataset), H5Pclose, "read the layout") { creation in
            try place.require(H5Pget_external_count(creation) == 0, "keeps its data in another file, which is not read")
            let layout = H5Pget_layout(creation)
            if layout == H5D_CHUNKED { try DatasetStorage.checkChunk(creation, elementSize, place) }
            return layout
        }
        try place.require(
            layout == H5D_CONTIGUOUS || layout == H5D_COMPACT || layout == H5D_CHUNKED,
            "is a virtual dataset, which is not read")
        isContiguous = layout == H5D_CONTIGUOUS
        let fileSize = try sizeOfFile(of: dataset, place),
            stored = Int(clamping: min(H5Dget_storage_size(dataset), fileSize))
        let offset = H5Dget_offset(dataset),
            isWritten = layout == H5D_COMPACT || isContiguous && lavise_h5_is_undefined(offset) == 0
        if isWritten {
            try place.require(bytes <= stored, "is cut off: \(bytes) bytes by its shape, \(stored) in the file")
        }
        if isWritten && isContiguous {
            try place.require(
                offset <= fileSize - hsize_t(bytes), "is cut off: its data would end behind the end of the file")
        }
        // Deflate packs at most 1,032 to 1; chunks never written take no room, and those of a small dataset cost
        // little.
        let (unpacked, overflow) = stored.multipliedReportingOverflow(by: isContiguous ? 1 : 1032)
        backedBytes = max(64 << 20, overflow ? .max : unpacked)
    }

    private static func checkChunk(_ creation: hid_t, _ elementSize: Int, _ place: Place) throws {
        var chunk = [hsize_t](repeating: 0, count: 32)
        let rank = Int(try place.check(H5Pget_chunk(creation, 32, &chunk), "read the chunk"))
        let extents = chunk.prefix(rank).map { Int(clamping: $0) }
        try place.require(
            (try place.count(extents)) <= largestChunk / max(1, elementSize),
            "the chunk \(extents) is larger than \(largestChunk >> 20) MiB")
    }
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
        guard bytes > 0, lavise_h5_is_undefined(offset) == 0, let start = Int(exactly: offset) else { return nil }
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
                throw place.error(
                    got == 0
                        ? "the file ends in the middle of the data" : "cannot read: \(String(cString: strerror(errno)))"
                )
            }
            done += got
        }
    }

    /// Reads what the system has in memory; false where that is not all of it.
    func readAtHand(at offset: Int, count: Int, into destination: UnsafeMutableRawPointer) -> Bool {
        lavise_read_at_hand(descriptor, destination, count, off_t(start + offset)) == count
    }

    /// Has the disk bring what will be read, without waiting for it.
    func expect(at offset: Int, count: Int) {
        posix_fadvise(descriptor, off_t(start + offset), off_t(count), POSIX_FADV_WILLNEED)
    }
}
