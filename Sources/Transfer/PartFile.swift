import Fingerprints
import Glibc

/// A file that is still being fetched: `<target>.part` with the bytes and `<target>.part.journal` with what is in it.
///
/// The file is cut into pieces of a fixed size, each filled from its start on, so that several connections can work at
/// once. The journal is one JSON line (`PartFile.Header`), then a line `<piece> <bytes written>` for each 256 KiB or
/// so, and `durable` after everything before it has reached the disk. After a kill all lines count; after a crash of
/// the machine (another boot id) only those before the last `durable`.
final class PartFile {
    struct Header: Equatable {
        /// Where the bytes come from, as `Origin.shown`.
        var url: String
        var validator: Validator
        /// nil: unknown until the end.
        var total: Int?
        /// `Int.max` when the size is unknown: one piece.
        var pieceBytes: Int
        /// Bytes of several states or origins may have met: a wrong hash says nothing about the present origin.
        var isMixed = false
    }

    private(set) var header: Header
    /// Bytes present in each piece, from its start.
    private(set) var written: [Int]
    /// Whether an earlier process began it.
    let wasResumed: Bool
    /// Bytes before which there is no gap.
    var contiguous: Int {
        firstOpenPiece == written.count ? total(or: 0) : firstOpenPiece * header.pieceBytes + written[firstOpenPiece]
    }
    private(set) var bytesPresent: Int
    var isComplete: Bool { header.total == bytesPresent }
    var path: String { data.path }

    private let data: OpenFile
    private var journal: OpenFile
    private let journalPath: String
    private var journaled: [Int]
    private var firstOpenPiece = 0
    private var sinceDurable = 0
    private static let journalStep = 256 << 10
    private static let durableStep = 256 << 20

    static func path(of target: String) -> String { target + ".part" }
    static func journalPath(of target: String) -> String { target + ".part.journal" }

    /// Begins an empty part.
    static func create(_ target: String, header: Header) throws(TransferError) -> PartFile {
        let data = try openLocked(target)
        guard ftruncate(data.descriptor, 0) == 0 else { throw systemError("empty", data.path) }
        return try PartFile(target, data: data, header: header, written: nil)
    }

    /// Takes up the part of an earlier process; nil when there is none to use, and then nothing of it is left.
    static func resume(_ target: String) throws(TransferError) -> PartFile? {
        guard let size = fileSize(path(of: target)) else {
            try removeFile(journalPath(of: target))
            return nil
        }
        let data = try openLocked(target)
        guard fileSize(journalPath(of: target)) != nil,
            case let text = try readWholeFile(journalPath(of: target), limit: 1 << 30),
            let (header, written) = PartJournal.parse(text, bootID: PartJournal.bootID()), header.total ?? size <= size,
            zip(0..., written).allSatisfy({ $1 == 0 || $0 * header.pieceBytes + $1 <= size })
        else {
            try removeFile(data.path)
            try removeFile(journalPath(of: target))
            return nil
        }
        return try PartFile(target, data: data, header: header, written: written)
    }

    /// Bytes that a download of `target` has left, without touching them.
    static func bytesPresent(of target: String) throws(TransferError) -> Int {
        guard fileSize(path(of: target)) != nil, fileSize(journalPath(of: target)) != nil else { return 0 }
        let text = try readWholeFile(journalPath(of: target), limit: 1 << 30)
        return PartJournal.parse(text, bootID: PartJournal.bootID())?.1.reduce(0, +) ?? 0
    }

    private init(_ target: String, data: OpenFile, header: Header, written: [Int]?) throws(TransferError) {
        self.data = data
        journalPath = PartFile.journalPath(of: target)
        self.header = header
        wasResumed = written != nil
        self.written = written ?? PartFile.emptyPieces(header)
        journaled = self.written
        bytesPresent = self.written.reduce(0, +)
        try data.synchronise()
        journal = try PartJournal.write(header, self.written, to: journalPath)
        skipFullPieces()
        if let total = header.total, ftruncate(data.descriptor, off_t(total)) != 0 {
            throw systemError("set the size of", data.path)
        }
    }

    /// The part opened and locked against other processes.
    private static func openLocked(_ target: String) throws(TransferError) -> OpenFile {
        while true {
            let file = try OpenFile(path(of: target), O_RDWR | O_CREAT)
            guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else {
                throw errno == EWOULDBLOCK ? .inUse(path: file.path) : systemError("lock", file.path)
            }
            // A process that ended in between may have published the very file that was opened.
            var now = stat()
            if stat(file.path, &now) == 0, now.st_ino == (try file.status()).st_ino { return file }
        }
    }

    private static func emptyPieces(_ header: Header) -> [Int] {
        guard let total = header.total, total > 0 else { return [0] }
        return [Int](repeating: 0, count: (total - 1) / header.pieceBytes + 1)
    }

    func range(of piece: Int) -> Range<Int> {
        let start = piece * header.pieceBytes
        let end = start.addingReportingOverflow(header.pieceBytes)
        return start..<min(end.overflow ? Int.max : end.partialValue, total(or: Int.max))
    }

    private func total(or unknown: Int) -> Int { header.total ?? unknown }

    /// The next bytes to ask for: the rest of the first unfinished piece that no range of `busy` touches, together with
    /// the untouched pieces behind it when `isOpenEnded`.
    func nextClaim(busy: [Range<Int>], isOpenEnded: Bool) -> Range<Int>? {
        for piece in firstOpenPiece..<written.count {
            let range = range(of: piece)
            let start = range.lowerBound + written[piece]
            guard start < range.upperBound, !busy.contains(where: { $0.overlaps(range) }) else { continue }
            var last = piece
            while isOpenEnded, last + 1 < written.count, written[last + 1] == 0 { last += 1 }
            return start..<self.range(of: last).upperBound
        }
        return nil
    }

    /// Stores bytes at their place in the file. Bytes that are already present are skipped.
    /// - Returns: the range that was really written.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(TransferError) -> Range<Int> {
        var written: Range<Int>?
        var at = 0
        while at < bytes.count {
            let piece = (offset + at) / header.pieceBytes
            let range = range(of: piece)
            let end = min(bytes.count, range.upperBound - offset)
            guard end > at else { break }
            let start = max(at, range.lowerBound + self.written[piece] - offset)
            if start < end {
                assert(offset + start == range.lowerBound + self.written[piece], "a gap in a piece")
                try data.write(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), at: offset + start)
                try count(end - start, in: piece)
                written = (written?.lowerBound ?? offset + start)..<(offset + end)
            }
            at = end
        }
        return written ?? offset..<offset
    }

    private func count(_ bytes: Int, in piece: Int) throws(TransferError) {
        written[piece] += bytes
        bytesPresent += bytes
        sinceDurable += bytes
        skipFullPieces()
        if written[piece] - journaled[piece] >= PartFile.journalStep || written[piece] == range(of: piece).count {
            try note(piece)
        }
        if sinceDurable >= PartFile.durableStep {
            try data.synchronise()
            try flush()
            try journal.append(PartJournal.durableLine)
            try journal.synchronise()
            sinceDurable = 0
        }
    }

    private func note(_ piece: Int) throws(TransferError) {
        try journal.append(PartJournal.line(piece, written[piece]))
        journaled[piece] = written[piece]
    }

    private func skipFullPieces() {
        while firstOpenPiece < written.count, case let range = range(of: firstOpenPiece),
            written[firstOpenPiece] == range.count,
            header.total != nil
        { firstOpenPiece += 1 }
    }

    /// Brings the journal up to date.
    func flush() throws(TransferError) {
        for piece in written.indices where written[piece] != journaled[piece] { try note(piece) }
    }

    /// Goes on from another origin or with a size that was unknown so far; the bytes stay.
    func update(_ header: Header) throws(TransferError) {
        guard header != self.header else { return }
        self.header = header
        try rewriteJournal()
        skipFullPieces()
    }

    /// Forgets every byte.
    func restart(_ header: Header) throws(TransferError) {
        self.header = header
        written = PartFile.emptyPieces(header)
        bytesPresent = 0
        firstOpenPiece = 0
        try rewriteJournal()
        for size in [0, header.total ?? 0] where ftruncate(data.descriptor, off_t(size)) != 0 {
            throw systemError("set the size of", path)
        }
    }

    private func rewriteJournal() throws(TransferError) {
        try data.synchronise()
        journal = try PartJournal.write(header, written, to: journalPath)
        journaled = written
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(TransferError) -> Int {
        try data.read(into: buffer, at: offset)
    }

    /// Gives the file its final name, once it is complete and verified.
    func publish(as target: String) throws(TransferError) {
        try data.synchronise()
        try Transfer.publish(path, as: target)
        try removeFile(journalPath)
    }

    /// Sets the file aside under another name, in place of an earlier one.
    func setAside(as other: String) throws(TransferError) {
        guard rename(path, other) == 0 else { throw systemError("rename to \(other)", path) }
        try removeFile(journalPath)
    }

    func remove() throws(TransferError) {
        try removeFile(path)
        try removeFile(journalPath)
    }
}
