import CZip
import Files
import Fingerprints
import Glibc

/// What an extraction has left in its folder.
public struct ExtractionSummary: Sendable, Equatable {
    /// Files that the rules name, those that were already there and right included.
    public var files = 0
    /// Their unpacked bytes.
    public var bytes = 0

    /// Nothing yet, or what is there.
    public init(files: Int = 0, bytes: Int = 0) {
        self.files = files
        self.bytes = bytes
    }
}

extension ZipArchive {
    /// Streams the members that `rules` select into `folder`, one after the other, checked by size, CRC and, where a
    /// rule has it, SHA-256. A file that is already there with the right content is kept, so an interrupted extraction
    /// goes on.
    /// - Parameter progress: called about ten times a second; what it throws ends the call.
    /// - Throws: `ZipError` for what the archive lacks or has wrong, `TransferError` for the disk.
    public func extract(
        _ rules: [Extraction], into folder: String, progress: (TransferProgress) throws -> Void = { _ in }
    ) throws -> ExtractionSummary {
        let items = try items(rules)
        try createFolder(folder)
        let total = items.reduce(0) { $0 + $1.member.bytes }
        var done = 0
        let needed = items.reduce(0) {
            fileSize(joined(folder, $1.target)) == $1.member.bytes ? $0 : $0 + $1.member.bytes
        }
        let free = try freeSpace(folder)
        guard needed <= free else { throw TransferError.noSpace(folder: folder, needed: needed, free: free) }
        var meter = TransferMeter(.extracting)
        var madeFolder = folder
        for item in items {
            let target = joined(folder, item.target)
            let parent = parentFolder(target)
            if parent != madeFolder {
                try createFolder(parent)
                madeFolder = parent
            }
            var inMember = 0
            func report(_ count: Int) throws {
                inMember += count
                guard meter.isDue else { return }
                try progress(
                    meter.progress(
                        file: item.member.name, fileBytes: inMember, fileTotal: item.member.bytes,
                        bytes: done + inMember, total: total))
            }
            if try !isPresent(item, at: target, report) {
                inMember = 0
                try write(item, to: target, report)
            }
            done += item.member.bytes
        }
        return ExtractionSummary(files: items.count, bytes: done)
    }

    private struct Item {
        let member: ZipMember
        let target: String
        let sha256: Digest?
    }

    /// The members that the rules select, in the order of the rules and of the listing.
    private func items(_ rules: [Extraction]) throws(ZipError) -> [Item] {
        var items: [Item] = []
        for rule in rules {
            switch rule.selection {
            case .member(let name):
                let member = try member(name)
                if let bytes = rule.bytes, bytes != member.bytes {
                    throw error(member, "size expected \(bytes), got \(member.bytes)")
                }
                items.append(Item(member: member, target: rule.to, sha256: rule.sha256))
            case .folder(let name):
                let prefix = name.isEmpty ? "" : name + "/"
                let inside = members.filter { $0.name.hasPrefix(prefix) }
                guard !inside.isEmpty else {
                    throw ZipError(archive: path, member: name, problem: "no such folder in the archive")
                }
                items += inside.map {
                    Item(member: $0, target: joined(rule.to, String($0.name.dropFirst(prefix.count))), sha256: nil)
                }
            }
        }
        var targets: Set<String> = []
        for item in items {
            guard isSafeRelativePath(item.target) else {
                throw error(item.member, "would be written to \"\(item.target)\", outside the folder")
            }
            guard targets.insert(item.target).inserted else {
                throw error(item.member, "a second file for \"\(item.target)\"")
            }
        }
        return items
    }

    private func isPresent(_ item: Item, at target: String, _ report: (Int) throws -> Void) throws -> Bool {
        guard fileSize(target) == item.member.bytes else { return false }
        let file = try OpenFile(target, O_RDONLY | O_NOFOLLOW)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(max(item.member.bytes, 1), 1 << 20), alignment: 64)
        defer { buffer.deallocate() }
        var check = MemberCheck()
        var done = 0
        while case let count = try file.read(into: buffer, at: done), count > 0 {
            check.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]), item.sha256 != nil)
            done += count
            try report(count)
        }
        return check.crc32 == item.member.crc32 && item.sha256.map { $0 == check.sha256.finish() } ?? true
    }

    /// Writes under another name first: what has its final name is whole.
    private func write(_ item: Item, to target: String, _ report: (Int) throws -> Void) throws {
        let partial = target + ".part"
        try removeFile(partial)
        do {
            let file = try OpenFile(partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
            var check = MemberCheck()
            var at = 0
            try stream(item.member) { bytes in
                try file.write(bytes, at: at)
                at += bytes.count
                check.update(bytes, item.sha256 != nil)
                try report(bytes.count)
            }
            if let expected = item.sha256, case let got = check.sha256.finish(), got != expected {
                throw error(item.member, "sha256 expected \(expected), got \(got)")
            }
            guard rename(partial, target) == 0 else { throw systemError("rename to \(target)", partial) }
        } catch {
            try? removeFile(partial)
            throw error
        }
    }
}

/// The sums over a member's bytes.
private struct MemberCheck {
    var crc32: UInt32 = 0
    var sha256 = DigestStream()

    mutating func update(_ bytes: UnsafeRawBufferPointer, _ withSHA256: Bool) {
        crc32 = UInt32(crc32_z(UInt(crc32), bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
        if withSHA256 { sha256.update(bytes) }
    }
}
