import Glibc

/// Lists a folder tree and looks at every file in it, the second on several threads.
enum LocalScan {
    /// Deeper than any data set, shallower than a loop of links.
    private static let maximumDepth = 64

    static func run(_ folder: String, threads: Int, asInput: Bool) throws -> FolderScan {
        let root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { throw FileSystemError("list", folder, code: errno) }
        defer { close(root) }
        var listing = Listing(root: root, folder: folder, asInput: asInput)
        try listing.list([], depth: 0)
        return try listing.finish(threads: threads)
    }

    private struct Listing {
        let root: Int32
        let folder: String
        /// Leaves out what systems and editors drop, and what is not there for who opens it: a link that leads nowhere.
        let asInput: Bool
        /// Paths relative to the root, each ended by a zero byte.
        var paths: [UInt8] = []
        var starts: [Int] = []
        var isLink: [Bool] = []

        init(root: Int32, folder: String, asInput: Bool) {
            self.root = root
            self.folder = folder
            self.asInput = asInput
        }

        mutating func list(_ relative: [UInt8], depth: Int, throughLink: Bool = false) throws {
            guard depth < maximumDepth else { throw error("list", String(decoding: relative, as: UTF8.self), ELOOP) }
            let descriptor = (relative.isEmpty ? [UInt8(ascii: ".")] : relative).withCString {
                openat(root, $0, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            }
            guard descriptor >= 0, let stream = fdopendir(descriptor) else {
                let code = errno
                if descriptor >= 0 { close(descriptor) }
                throw error("list", String(decoding: relative, as: UTF8.self), code)
            }
            var folders: [(path: [UInt8], throughLink: Bool)] = []
            defer { closedir(stream) }
            while true {
                errno = 0
                guard let pointer = readdir(stream) else { break }
                let entry = DirectoryEntry(pointer)
                if entry.isDots || asInput && isDropping(Array(entry.bytes)[...]) { continue }
                let start = paths.count
                if !relative.isEmpty {
                    paths.append(contentsOf: relative)
                    paths.append(UInt8(ascii: "/"))
                }
                paths.append(contentsOf: entry.bytes)
                let end = paths.count
                paths.append(0)
                guard let isFolder = try isFolder(entry, paths[start..<end]) else {
                    paths.removeSubrange(start...)
                    continue
                }
                if isFolder {
                    folders.append((Array(paths[start..<end]), throughLink || entry.type == DT_LNK))
                    paths.removeSubrange(start...)
                } else {
                    starts.append(start)
                    isLink.append(throughLink || entry.type == DT_LNK)
                }
            }
            if errno != 0 { throw error("list", String(decoding: relative, as: UTF8.self), errno) }
            for folder in folders { try list(folder.path, depth: depth + 1, throughLink: folder.throughLink) }
        }

        /// nil: to be left out.
        private func isFolder(_ entry: DirectoryEntry, _ path: ArraySlice<UInt8>) throws -> Bool? {
            if entry.type == DT_DIR { return true }
            if entry.type == DT_REG { return false }
            var info = stat()
            guard Array(path).withCString({ fstatat(root, $0, &info, 0) }) == 0 else {
                if asInput, [ENOENT, ENOTDIR, ELOOP].contains(errno) { return nil }
                throw error("look at", String(decoding: path, as: UTF8.self), errno)
            }
            return info.st_mode & S_IFMT == S_IFDIR
        }

        func finish(threads: Int) throws -> FolderScan {
            let block = 1024
            let parts = try inParallel((starts.count + block - 1) / block, threads: threads) { part in
                try paths.withUnsafeBytes { bytes in
                    try (part * block..<min(starts.count, (part + 1) * block)).map { index in
                        let path = bytes.baseAddress!.advanced(by: starts[index]).assumingMemoryBound(to: CChar.self)
                        var info = stat()
                        guard fstatat(root, path, &info, 0) == 0 else {
                            throw error("look at", String(cString: path), errno)
                        }
                        let status = FileStatus(info, isLink: isLink[index])
                        guard status.kind == .file else {
                            throw error("read the special file", String(cString: path), EINVAL)
                        }
                        return status
                    }
                }
            }
            return FolderScan(names: paths, starts: starts, statuses: Array(parts.joined()))
        }

        func error(_ operation: String, _ relative: String, _ code: Int32) -> FileSystemError {
            FileSystemError(operation, relative.isEmpty ? folder : "\(folder)/\(relative)", code: code)
        }
    }
}

extension [UInt8] {
    fileprivate func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (self + [0]).withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
    }
}

/// The name in a `dirent`, in place.
struct DirectoryEntry {
    let bytes: UnsafeRawBufferPointer
    let type: UInt8

    init(_ entry: UnsafeMutablePointer<dirent>) {
        let start = UnsafeRawPointer(entry) + (MemoryLayout<dirent>.offset(of: \.d_name) ?? 0)
        bytes = UnsafeRawBufferPointer(start: start, count: strlen(start.assumingMemoryBound(to: CChar.self)))
        type = entry.pointee.d_type
    }

    var isDots: Bool {
        bytes[0] == UInt8(ascii: ".") && (bytes.count == 1 || bytes.count == 2 && bytes[1] == UInt8(ascii: "."))
    }
}
