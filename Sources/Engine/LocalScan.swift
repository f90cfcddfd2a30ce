import Glibc

/// Lists a folder tree and looks at every file in it, the second on several threads.
enum LocalScan {
    /// Deeper than any data set, shallower than a loop of links.
    private static let maximumDepth = 64

    static func run(_ folder: String, threads: Int) throws -> FolderScan {
        let root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { throw FileSystemError("list", folder, code: errno) }
        defer { close(root) }
        var listing = Listing(root: root, folder: folder)
        try listing.list([], depth: 0)
        return try listing.finish(threads: threads)
    }

    private struct Listing {
        let root: Int32
        let folder: String
        /// Paths relative to the root, each ended by a zero byte.
        var paths: [UInt8] = []
        var starts: [Int] = []
        var isLink: [Bool] = []

        init(root: Int32, folder: String) {
            self.root = root
            self.folder = folder
        }

        mutating func list(_ relative: [UInt8], depth: Int, throughLink: Bool = false) throws {
            guard depth < maximumDepth else { throw error("list", relative, ELOOP) }
            let descriptor = (relative.isEmpty ? [UInt8(ascii: ".")] : relative).withCString { openat(root, $0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
            guard descriptor >= 0, let stream = fdopendir(descriptor) else {
                let code = errno
                if descriptor >= 0 { close(descriptor) }
                throw error("list", relative, code)
            }
            var folders: [(path: [UInt8], throughLink: Bool)] = []
            defer { closedir(stream) }
            while true {
                errno = 0
                guard let pointer = readdir(stream) else { break }
                let entry = DirectoryEntry(pointer)
                if entry.isDots { continue }
                let start = paths.count
                if !relative.isEmpty {
                    paths.append(contentsOf: relative)
                    paths.append(UInt8(ascii: "/"))
                }
                paths.append(contentsOf: entry.bytes)
                let end = paths.count
                paths.append(0)
                if try isFolder(entry, paths[start..<end]) {
                    folders.append((Array(paths[start..<end]), throughLink || entry.type == DT_LNK))
                    paths.removeSubrange(start...)
                } else {
                    starts.append(start)
                    isLink.append(throughLink || entry.type == DT_LNK)
                }
            }
            if errno != 0 { throw error("list", relative, errno) }
            for folder in folders { try list(folder.path, depth: depth + 1, throughLink: folder.throughLink) }
        }

        private func isFolder(_ entry: DirectoryEntry, _ path: ArraySlice<UInt8>) throws -> Bool {
            if entry.type == DT_DIR { return true }
            if entry.type == DT_REG { return false }
            var info = stat()
            guard Array(path).withCString({ fstatat(root, $0, &info, 0) }) == 0 else { throw error("look at", Array(path), errno) }
            return info.st_mode & S_IFMT == S_IFDIR
        }

        func finish(threads: Int) throws -> FolderScan {
            var scan = FolderScan()
            let count = starts.count
            let ends = starts.dropFirst() + [paths.count]
            paths.withUnsafeBytes { bytes in
                for (start, end) in zip(starts, ends) { scan.appendName(UnsafeRawBufferPointer(rebasing: bytes[start..<end - 1])) }
            }
            let block = 1024
            let parts = try inParallel((count + block - 1) / block, threads: threads) { [scan] part in
                try paths.withUnsafeBufferPointer { bytes in
                    try (part * block..<min(count, (part + 1) * block)).map { index in
                        let path = UnsafeRawPointer(bytes.baseAddress! + starts[index]).assumingMemoryBound(to: CChar.self)
                        var info = stat()
                        guard fstatat(root, path, &info, 0) == 0 else { throw error("look at", Array(scan.nameBytes(index)), errno) }
                        let status = FileStatus(info, isLink: isLink[index])
                        guard status.kind == .file else { throw error("read the special file", Array(scan.nameBytes(index)), EINVAL) }
                        return status
                    }
                }
            }
            scan.setStatuses(parts.flatMap { $0 })
            return scan
        }

        func error(_ operation: String, _ relative: [UInt8], _ code: Int32) -> FileSystemError {
            FileSystemError(operation, relative.isEmpty ? folder : "\(folder)/\(String(decoding: relative, as: UTF8.self))", code: code)
        }
    }
}

extension [UInt8] {
    fileprivate func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (self + [0]).withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
    }
}
