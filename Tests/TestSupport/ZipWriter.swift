import CZip

/// Writes zip archives whose bytes depend on their members alone.
public final class ZipWriter {
    private let archive: OpaquePointer
    private let path: String
    /// libzip reads them only in `close`.
    private var contents: [UnsafeMutableRawBufferPointer] = []

    /// A new archive in place of any old one; nothing is written before `close`.
    /// - Throws: `SupportError` where libzip fails.
    public init(_ path: String) throws {
        var code: Int32 = 0
        guard let archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code) else {
            throw SupportError(words: "\(path): libzip error \(code)")
        }
        self.archive = archive
        self.path = path
    }

    deinit { for content in contents { content.deallocate() } }

    /// Adds a member.
    /// - Parameter stored: not compressed.
    /// - Throws: `SupportError` where libzip fails, as for a name that is there already.
    public func add(_ name: String, _ bytes: [UInt8], stored: Bool = false) throws {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
        copy.copyBytes(from: bytes)
        contents.append(copy)
        try add(name, zip_source_buffer(archive, copy.baseAddress, UInt64(bytes.count), 0), stored)
    }

    /// Adds a member with the bytes of a file, which must stay until `close`.
    /// - Parameter stored: not compressed.
    /// - Throws: `SupportError` where libzip fails, as for a name that is there already.
    public func add(_ name: String, file: String, stored: Bool = false) throws {
        try add(name, zip_source_file(archive, file, 0, 0), stored)
    }

    private func add(_ name: String, _ source: OpaquePointer?, _ stored: Bool) throws {
        let index = zip_file_add(archive, name, source, zip_flags_t(ZIP_FL_ENC_UTF_8))
        guard index >= 0 else {
            throw SupportError(words: "\(path): \(name): \(String(cString: zip_strerror(archive)))")
        }
        zip_set_file_compression(archive, UInt64(index), stored ? Int32(ZIP_CM_STORE) : Int32(ZIP_CM_DEFLATE), 0)
        // The zip format counts from 1980 in local time; noon keeps the day in every zone.
        zip_file_set_mtime(archive, UInt64(index), 315_576_000 + 43200, 0)
    }

    /// Adds an entry for a folder.
    /// - Throws: `SupportError` where libzip fails.
    public func addFolder(_ name: String) throws {
        let index = zip_dir_add(archive, name, zip_flags_t(ZIP_FL_ENC_UTF_8))
        guard index >= 0 else {
            throw SupportError(words: "\(path): \(name): \(String(cString: zip_strerror(archive)))")
        }
        zip_file_set_mtime(archive, UInt64(index), 315_576_000 + 43200, 0)
    }

    /// Marks the member added last as a symbolic link.
    public func makeLastALink() {
        let index = UInt64(zip_get_num_entries(archive, 0) - 1)
        zip_file_set_external_attributes(archive, index, 0, UInt8(ZIP_OPSYS_UNIX), 0o120777 << 16)
    }

    /// Writes the archive.
    /// - Throws: `SupportError` where libzip fails, as for a file that is gone.
    public func close() throws {
        guard zip_close(archive) == 0 else {
            let words = String(cString: zip_strerror(archive))
            zip_discard(archive)
            throw SupportError(words: "\(path): \(words)")
        }
    }
}
