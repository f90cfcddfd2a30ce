import CZip
import Dispatch
import Glibc
import Synchronization

/// One file in a zip archive.
public struct ZipMember: Sendable, Equatable {
    /// The full path in the archive.
    public let name: String
    /// Unpacked size, as the archive declares it; what is read is checked against it.
    public let bytes: Int
    /// Size in the archive.
    public let compressedBytes: Int
    /// CRC-32 of the unpacked bytes, as the archive declares it; what is read is checked against it.
    public let crc32: UInt32
    /// The position in the archive's directory.
    let index: UInt64
}

/// How much an archive may demand.
public struct ZipLimits: Sendable {
    /// Members of an archive, folders too.
    public var members = 8_000_000
    /// Unpacked bytes for each packed byte of a member of over 1 MiB.
    public var ratio = 250
    /// Unpacked bytes of all members.
    public var bytes = 1 << 41

    /// Limits that no real dataset comes near.
    public init() {}
}

/// A zip archive (zip64 too) open for reading in place. Any number of threads may read at once: each takes a libzip
/// handle of its own from a pool of at most four: a handle costs about 300 bytes a member, and its first read a pass
/// over the archive's directory (118,000 members: 36 MB, 0.3 s of one core), while reading is quick beside whatever is
/// done with it.
///
/// Opening refuses an archive that names a path outside its folder, a link or another special file, a member twice, or
/// that would unpack to more than `ZipLimits` allow.
public final class ZipArchive: Sendable {
    /// As it was given.
    public let path: String
    /// Every file, sorted by the bytes of its name; folders are left out.
    public let members: [ZipMember]
    private let positions: [String: Int]
    private let identity: Identity
    private let idle: Mutex<[Handle]>
    /// As many as may have a handle at the same time.
    private let turns = DispatchSemaphore(value: 4)

    /// - Throws: `ZipError` when it is no usable archive.
    public init(_ path: String, limits: ZipLimits = ZipLimits()) throws(ZipError) {
        self.path = path
        identity = try Identity(path)
        let handle = try Handle(path)
        members = try ZipArchive.list(handle, path, limits, archiveBytes: identity.bytes)
        positions = Dictionary(zip(members.map(\.name), 0...), uniquingKeysWith: { first, _ in first })
        idle = Mutex([handle])
    }

    /// The same as `init`.
    /// - Throws: `ZipError` when it is no usable archive.
    public static func open(_ path: String, limits: ZipLimits = ZipLimits()) throws(ZipError) -> ZipArchive {
        try ZipArchive(path, limits: limits)
    }

    /// Whether a file of exactly that path is in the archive.
    public func contains(_ name: String) -> Bool { positions[name] != nil }

    /// - Throws: `ZipError` when there is no such member; it names the nearest one.
    public func member(_ name: String) throws(ZipError) -> ZipMember {
        if let position = positions[name] { return members[position] }
        let base = name.split(separator: "/").last.map(String.init) ?? name
        let alike = members.first { $0.name.hasSuffix("/" + base) || $0.name == base }?.name
        throw ZipError(
            archive: path, member: name,
            problem: "not in the archive" + (alike.map { "; did you mean \"\($0)\"?" } ?? ""))
    }

    /// The content of a member, its CRC checked.
    /// - Throws: `ZipError`, also when it has more than `limit` bytes.
    public func read(_ name: String, limit: Int = 1 << 30) throws -> [UInt8] {
        let member = try member(name)
        guard member.bytes <= limit else {
            throw error(member, "\(member.bytes) bytes, more than the \(limit) allowed here")
        }
        return try [UInt8](unsafeUninitializedCapacity: member.bytes) { buffer, count in
            try withContent(of: member) { content in
                while count < member.bytes {
                    let room = UnsafeMutableRawBufferPointer(buffer)[count...]
                    let read = try content.read(into: UnsafeMutableRawBufferPointer(rebasing: room))
                    guard read > 0 else { break }
                    count += read
                }
                // The end must be read too: only there libzip compares size and CRC.
                var extra: UInt8 = 0
                let isAtEnd = try withUnsafeMutableBytes(of: &extra) { try content.read(into: $0) } == 0
                guard count == member.bytes, isAtEnd else {
                    throw error(member, "not of the declared size \(member.bytes)")
                }
            }
        }
    }

    /// Hands the content of a member to `body` in blocks. CRC and size are checked at the end, so what `body` has done
    /// counts only once this returns.
    /// - Throws: `ZipError` when the content does not have the declared size and CRC, and what `body` throws.
    public func stream(_ member: ZipMember, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(max(member.bytes, 1), 1 << 20), alignment: 64)
        defer { buffer.deallocate() }
        try withContent(of: member) { content in
            var done = 0
            while case let count = try content.read(into: buffer), count > 0 {
                done += count
                guard done <= member.bytes else { throw error(member, "more than the declared \(member.bytes) bytes") }
                try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
            guard done == member.bytes else {
                throw error(member, "\(done) bytes in place of the declared \(member.bytes)")
            }
        }
    }

    /// Fills `destination` with a member's bytes from `offset` on; read to its end, the member's checksum is compared.
    /// - Throws: `ZipError`, also where the member ends before.
    public func read(_ member: ZipMember, from offset: Int, into destination: UnsafeMutableRawBufferPointer) throws {
        guard offset >= 0, destination.count <= member.bytes - offset else {
            let range = "\(offset)..<\(offset + destination.count)"
            throw error(member, "\(member.bytes) bytes, but bytes \(range) are needed")
        }
        try withContent(of: member) { content in
            func next(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
                let count = try content.read(into: buffer)
                guard count > 0 else { throw error(member, "cut off") }
                return count
            }
            try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { scratch in
                var skip = offset
                while skip > 0 {
                    skip -= try next(UnsafeMutableRawBufferPointer(rebasing: scratch[..<min(skip, scratch.count)]))
                }
                var done = 0
                while done < destination.count {
                    done += try next(UnsafeMutableRawBufferPointer(rebasing: destination[done...]))
                }
                // Only at the end does libzip compare the checksum.
                if offset + done == member.bytes {
                    _ = try content.read(into: UnsafeMutableRawBufferPointer(rebasing: scratch[..<1]))
                }
            }
        }
    }

    /// What is wrong with a member.
    public func error(_ member: ZipMember, _ problem: String) -> ZipError {
        ZipError(archive: path, member: member.name, problem: problem)
    }

    private func withContent<R>(of member: ZipMember, _ body: (ZipContent) throws -> R) throws -> R {
        turns.wait()
        defer { turns.signal() }
        let handle = try idle.withLock { $0.popLast() } ?? another()
        defer { idle.withLock { $0.append(handle) } }
        let content = try ZipContent(member, handle, path)
        // Before the handle goes back to the pool, where another thread may take it.
        defer { content.close() }
        return try body(content)
    }

    /// One more handle on the same file.
    private func another() throws(ZipError) -> Handle {
        let handle = try Handle(path)
        guard try Identity(path) == identity else {
            throw ZipError(archive: path, member: nil, problem: "was replaced or changed while it was being read")
        }
        return handle
    }

    /// Which file it is that was opened first.
    private struct Identity: Equatable {
        let bytes: Int, device: UInt, node: UInt, seconds: Int, nanoseconds: Int

        init(_ path: String) throws(ZipError) {
            var status = stat()
            guard stat(path, &status) == 0 else {
                throw ZipError(
                    archive: path, member: nil, problem: "cannot be opened: \(String(cString: strerror(errno)))")
            }
            bytes = Int(status.st_size)
            device = status.st_dev
            node = status.st_ino
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
        }
    }

    // Sendable although libzip's handle is not: the pool gives it to one thread at a time.
    fileprivate final class Handle: @unchecked Sendable {
        let pointer: OpaquePointer

        init(_ path: String) throws(ZipError) {
            var code: Int32 = 0
            guard let pointer = zip_open(path, ZIP_RDONLY, &code) else {
                throw ZipError(archive: path, member: nil, problem: ZipArchive.problem(opening: path, code: code))
            }
            self.pointer = pointer
        }

        deinit { zip_discard(pointer) }
    }
}

/// A member while it is being read; its owner closes it.
private struct ZipContent {
    private let file: OpaquePointer
    private let member: ZipMember
    private let archive: String

    init(_ member: ZipMember, _ handle: ZipArchive.Handle, _ archive: String) throws(ZipError) {
        guard let file = zip_fopen_index(handle.pointer, member.index, 0) else {
            throw ZipError(
                archive: archive, member: member.name, problem: String(cString: zip_strerror(handle.pointer)))
        }
        self.file = file
        self.member = member
        self.archive = archive
    }

    func close() { zip_fclose(file) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ZipError) -> Int {
        guard let start = buffer.baseAddress, !buffer.isEmpty else { return 0 }
        let count = zip_fread(file, start, UInt64(buffer.count))
        guard count >= 0 else {
            throw ZipError(archive: archive, member: member.name, problem: String(cString: zip_file_strerror(file)))
        }
        return Int(count)
    }
}

extension ZipArchive {
    /// Reads the directory of the archive and refuses what is unsafe.
    private static func list(
        _ handle: Handle, _ path: String, _ limits: ZipLimits, archiveBytes: Int
    ) throws(ZipError) -> [ZipMember] {
        func refused(_ member: String?, _ problem: String) -> ZipError {
            ZipError(archive: path, member: member, problem: problem)
        }
        let count = zip_get_num_entries(handle.pointer, 0)
        guard count <= limits.members else {
            throw refused(nil, "\(count) members, more than the \(limits.members) allowed")
        }
        var members: [ZipMember] = []
        members.reserveCapacity(Int(count))
        var packed = 0
        var unpacked = 0
        for index in 0..<UInt64(max(0, count)) {
            var status = zip_stat_t()
            guard zip_stat_index(handle.pointer, index, 0, &status) == 0, let text = status.name else {
                throw refused(nil, "entry \(index): \(String(cString: zip_strerror(handle.pointer)))")
            }
            let name = String(cString: text)
            let isFolder = name.hasSuffix("/")
            guard isSafeRelativePath(isFolder ? String(name.dropLast()) : name) else {
                throw refused(name, "the path leaves the archive's folder or is malformed")
            }
            guard isPlain(handle, index) else { throw refused(name, "a link or special file") }
            if isFolder { continue }
            guard status.encryption_method == UInt16(ZIP_EM_NONE) else { throw refused(name, "encrypted") }
            guard let bytes = Int(exactly: status.size), let compressed = Int(exactly: status.comp_size),
                compressed <= archiveBytes,
                bytes <= limits.bytes - unpacked
            else { throw refused(name, "declares more bytes than allowed (\(status.size) from \(status.comp_size))") }
            if bytes > 1 << 20, bytes / limits.ratio > compressed {
                throw refused(name, "declares \(bytes) bytes from \(compressed): over \(limits.ratio) to 1")
            }
            packed += compressed
            unpacked += bytes
            // Members that share packed bytes are how a small archive unpacks to terabytes.
            guard packed <= archiveBytes else { throw refused(name, "members overlap in the archive") }
            members.append(
                ZipMember(name: name, bytes: bytes, compressedBytes: compressed, crc32: status.crc, index: index))
        }
        members.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        for (one, next) in zip(members, members.dropFirst()) where one.name == next.name {
            throw refused(one.name, "stands twice in the archive")
        }
        return members
    }

    /// Whether the entry is a regular file or a folder, as far as the system that made it says.
    private static func isPlain(_ handle: Handle, _ index: UInt64) -> Bool {
        var system: UInt8 = 0
        var attributes: UInt32 = 0
        guard zip_file_get_external_attributes(handle.pointer, index, 0, &system, &attributes) == 0 else {
            return false
        }
        guard system == UInt8(ZIP_OPSYS_UNIX) else { return true }
        let kind = attributes >> 16 & S_IFMT
        return kind == 0 || kind == S_IFREG || kind == S_IFDIR
    }
}
