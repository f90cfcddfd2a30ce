import CZip

/// A zip archive, through libzip.
struct ZipArchive {
    private let path: String
    private let archive: OpaquePointer

    /// Opens the archive for the time of `body`.
    static func with<Result>(_ path: String, _ body: (ZipArchive) throws -> Result) throws -> Result {
        var code: Int32 = 0
        guard let archive = zip_open(path, ZIP_RDONLY, &code) else {
            var error = zip_error_t()
            zip_error_init_with_code(&error, code)
            defer { zip_error_fini(&error) }
            throw CheckpointError(
                path: path, reason: "is no whole zip archive: \(String(cString: zip_error_strerror(&error)))")
        }
        defer { zip_discard(archive) }
        return try body(ZipArchive(path: path, archive: archive))
    }

    /// Names of the members, in the archive's order.
    var members: [String] {
        (0..<max(0, zip_get_num_entries(archive, 0))).compactMap { index in
            zip_get_name(archive, zip_uint64_t(index), zip_flags_t(ZIP_FL_ENC_RAW)).map { String(cString: $0) }
        }
    }

    /// All bytes of a member that has at most `limit`.
    func read(_ name: String, limit: Int) throws -> [UInt8] {
        let size = try size(of: name)
        guard size <= limit else {
            throw CheckpointError(
                path: path, reason: "'\(name)' has \(size) bytes, more than the \(limit) that are read")
        }
        return try [UInt8](unsafeUninitializedCapacity: size) { buffer, done in
            try read(name, from: 0, into: UnsafeMutableRawBufferPointer(buffer))
            done = size
        }
    }

    /// Fills `destination` with the member's bytes from `offset` on; read to its end, the member's checksum is compared.
    func read(_ name: String, from offset: Int, into destination: UnsafeMutableRawBufferPointer) throws {
        let size = try size(of: name)
        guard offset >= 0, destination.count <= size - offset else {
            throw CheckpointError(
                path: path,
                reason: "'\(name)' has \(size) bytes, but bytes \(offset)..<\(offset + destination.count) are needed")
        }
        guard let file = zip_fopen(archive, name, zip_flags_t(ZIP_FL_ENC_RAW)) else { throw failure(name) }
        defer { zip_fclose(file) }
        try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { scratch in
            var skip = offset
            while skip > 0 { skip -= try read(file, name, scratch.baseAddress!, min(skip, scratch.count)) }
            var done = 0
            while done < destination.count {
                done += try read(file, name, destination.baseAddress! + done, destination.count - done)
            }
            if offset + destination.count == size, zip_fread(file, scratch.baseAddress!, 1) < 0 {
                throw failure(name, file)
            }
        }
    }

    private func read(_ file: OpaquePointer, _ name: String, _ destination: UnsafeMutableRawPointer, _ count: Int)
        throws -> Int
    {
        let got = zip_fread(file, destination, zip_uint64_t(count))
        guard got >= 0 else { throw failure(name, file) }
        guard got > 0 else { throw CheckpointError(path: path, reason: "'\(name)' is cut off") }
        return Int(got)
    }

    private func size(of name: String) throws -> Int {
        var information = zip_stat_t()
        guard zip_stat(archive, name, zip_flags_t(ZIP_FL_ENC_RAW), &information) == 0 else { throw failure(name) }
        guard information.valid & zip_uint64_t(ZIP_STAT_SIZE) != 0, let size = Int(exactly: information.size) else {
            throw CheckpointError(path: path, reason: "'\(name)' does not tell its size")
        }
        return size
    }

    private func failure(_ name: String, _ file: OpaquePointer? = nil) -> CheckpointError {
        let words = file.map { String(cString: zip_file_strerror($0)) } ?? String(cString: zip_strerror(archive))
        return CheckpointError(path: path, reason: "cannot read '\(name)': \(words)")
    }
}

extension CheckpointContent {
    /// The container since PyTorch 1.6: a zip archive with `PREFIX/data.pkl` and the storages as members `PREFIX/data/KEY`.
    init(zip path: String) throws {
        try self.init(
            zip: path,
            in: ZipArchive.with(path) { archive in
                let members = archive.members
                guard
                    let name = members.first(where: { $0.hasSuffix("/data.pkl") && $0.split(separator: "/").count == 2 }
                    )
                else {
                    throw CheckpointError(path: path, reason: CheckpointContent.otherArchive(members))
                }
                let prefix = String(name.dropLast("/data.pkl".count))
                if members.contains(prefix + "/constants.pkl")
                    || members.contains(where: { $0.hasPrefix(prefix + "/code/") })
                {
                    throw CheckpointError(
                        path: path,
                        reason: "is a TorchScript program (torch.jit.save), which is code and is not run; "
                            + "load it in Python and save its state_dict(): torch.save(torch.jit.load(…).state_dict(), …)"
                    )
                }
                if members.contains(prefix + "/byteorder"),
                    try archive.read(prefix + "/byteorder", limit: 16) != Array("little".utf8)
                {
                    throw CheckpointError(path: path, reason: "was written on a big-endian machine, which is not read")
                }
                return (prefix, try archive.read(name, limit: Unpickler.largest))
            })
    }

    private init(zip path: String, in content: (prefix: String, pickle: [UInt8])) throws {
        var unpickler = Unpickler(), position = 0
        do {
            root = try content.pickle.withUnsafeBytes { try unpickler.read($0, at: &position) }
        } catch let failure as Unpickler.Failure {
            throw CheckpointError(
                path: path, reason: "\(failure.reason) (byte \(failure.offset) of '\(content.prefix)/data.pkl')")
        }
        heap = unpickler.heap
        storages = .members(prefix: content.prefix)
    }
}
