import CHDF5

extension HDF5File {
    /// Writes a new dataset of UTF-8 strings, one axis. The longest decides the room that each takes.
    /// - Throws: `HDF5Error` for a name that is taken or has no place, a string that ends in a zero, and a disk that
    ///   fails.
    public func write(_ name: String, strings: [String]) throws {
        let place = place.at(name)
        let width = max(1, strings.lazy.map(\.utf8.count).max() ?? 0)
        var bytes = [UInt8](repeating: 0, count: width * strings.count)
        for (row, string) in strings.enumerated() {
            try place.require(string.utf8.last != 0, "string \(row) ends in a zero, which cannot be kept")
            for (column, byte) in string.utf8.enumerated() { bytes[row * width + column] = byte }
        }
        try withLibrary {
            try makeRoom(for: name)
            try place.using(lavise_h5_dataset_creation(), H5Pclose, "create the dataset") { creation in
                try place.check(H5Pset_obj_track_times(creation, false), "create the dataset")
                try place.using(lavise_h5_text(width), H5Tclose, "create the dataset") { type in
                    try place.using(makeSpace([strings.count]), H5Sclose, "create the dataset") { space in
                        try place.using(
                            H5Dcreate2(id, name, type, space, 0, creation, 0), H5Dclose, "create the dataset"
                        ) { dataset in
                            if !strings.isEmpty {
                                try place.check(H5Dwrite(dataset, type, 0, 0, 0, bytes), "write the strings")
                            }
                        }
                    }
                }
            }
        }
    }

    /// Reads a dataset of strings, of fixed or variable length, row-major.
    /// - Throws: `HDF5Error` where there is no such dataset, it holds no text, more than the file has room for, or text
    ///   of variable length in a file that is not trusted.
    public func readStrings(_ name: String) throws -> [String] {
        let place = place.at(name)
        return try withDataset(name) { dataset in
            let count = try place.count(extents(of: dataset, place))
            return try place.using(H5Dget_type(dataset), H5Tclose, "read the type") { fileType in
                let (bytes, overflow) = count.multipliedReportingOverflow(by: H5Tget_size(fileType))
                try place.require(!overflow, "is too large")
                let limit = try DatasetStorage(dataset, bytes: bytes, elementSize: H5Tget_size(fileType), place)
                    .backedBytes
                return try texts(fileType, count: count, limit: limit, place) { H5Dread(dataset, $0, 0, 0, 0, $1) }
            }
        }
    }

    /// Strings of a dataset or attribute, read by `read` (memory type, buffer).
    func texts(
        _ fileType: hid_t, count: Int, limit: Int, _ place: Place, _ read: (hid_t, UnsafeMutableRawPointer) -> herr_t
    ) throws -> [String] {
        try place.require(H5Tget_class(fileType) == H5T_STRING, "does not hold text")
        let variable = try place.check(H5Tis_variable_str(fileType), "read the type") > 0
        try place.require(!variable || isTrusted, "has text of variable length, which is read only from a trusted file")
        let width = variable ? MemoryLayout<UnsafeMutablePointer<CChar>?>.stride : H5Tget_size(fileType)
        try place.require(
            width > 0 && count <= limit / width,
            "claims \(count) strings of \(width) bytes, more than the file can hold")
        guard count > 0 else { return [] }
        return try place.using(lavise_h5_text(variable ? 0 : width), H5Tclose, "read the text") { type in
            try place.check(H5Tset_cset(type, H5Tget_cset(fileType)), "read the text")
            let buffer = UnsafeMutableRawPointer.allocate(byteCount: count * width, alignment: 16)
            defer { buffer.deallocate() }
            buffer.initializeMemory(as: UInt8.self, repeating: 0, count: count * width)
            if variable {
                let pointers = buffer.bindMemory(to: UnsafeMutablePointer<CChar>?.self, capacity: count)
                defer { for row in 0..<count { H5free_memory(pointers[row]) } }
                try place.check(read(type, buffer), "read the text")
                return (0..<count).map { row in pointers[row].map { String(cString: $0) } ?? "" }
            }
            try place.check(read(type, buffer), "read the text")
            return (0..<count).map { row in
                let bytes = UnsafeRawBufferPointer(start: buffer + row * width, count: width)
                let used = bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
                return String(decoding: bytes.prefix(used), as: UTF8.self)
            }
        }
    }
}
