import CZip
import Files
import Glibc

/// The bytes of a word-vector file, unpacked where it is a `.gz`, or the one text (or the one named) in a `.zip`; read
/// once, from the start.
final class VectorSource {
    private enum Origin {
        /// zlib reads what is not packed as it is.
        case gzip(gzFile)
        case zip(OpaquePointer, OpaquePointer)
    }

    private let path: String
    private let origin: Origin

    /// - Parameter member: which text of a `.zip`; nil for the only one.
    /// - Throws: `GloveError` for what cannot be opened, a zip that does not hold one text or the one named, and a name
    ///   where there is no zip.
    init(_ path: String, member: String?) throws {
        self.path = path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw GloveError(path: path, line: nil, reason: "cannot be opened: \(String(cString: strerror(errno)))")
        }
        var magic = [UInt8](repeating: 0, count: 4)
        let count = pread(descriptor, &magic, 4, 0)
        if count == 4, magic == [0x50, 0x4B, 3, 4] {
            close(descriptor)
            origin = try Self.zip(path, member)
            return
        }
        guard member == nil else {
            close(descriptor)
            throw GloveError(
                path: path, line: nil, reason: "no zip archive, so that no member of it can be named (embedding.member)"
            )
        }
        guard let file = gzdopen(descriptor, "rb") else {
            close(descriptor)
            throw GloveError(path: path, line: nil, reason: "cannot be opened: no memory")
        }
        gzbuffer(file, 1 << 17)
        origin = .gzip(file)
    }

    deinit {
        switch origin {
        case .gzip(let file): gzclose(file)
        case .zip(let archive, let member):
            zip_fclose(member)
            zip_discard(archive)
        }
    }

    private static func zip(_ path: String, _ member: String?) throws -> Origin {
        func failure(_ reason: String) -> GloveError { GloveError(path: path, line: nil, reason: reason) }
        var code: Int32 = 0
        guard let archive = zip_open(path, ZIP_RDONLY, &code) else {
            throw failure("a zip that cannot be opened: \(ZipArchive.problem(opening: path, code: code))")
        }
        var texts: [(name: String, index: UInt64)] = []
        for index in 0..<UInt64(max(0, zip_get_num_entries(archive, 0))) {
            guard let name = zip_get_name(archive, index, 0).map({ String(cString: $0) }), !name.hasSuffix("/") else {
                continue
            }
            let hidden = name.split(separator: "/").last?.hasPrefix(".") ?? true
            if !hidden, !name.hasPrefix("__MACOSX/") { texts.append((name, index)) }
        }
        let names = texts.prefix(8).map(\.name).joined(separator: ", ")
        if let member { texts.removeAll { $0.name != member } }
        guard texts.count == 1 else {
            zip_discard(archive)
            throw failure(
                member.map { "a zip without '\($0)'; it has \(names)" }
                    ?? "a zip with \(texts.count) files (\(names)), where one text of word vectors was expected; name one in embedding.member"
            )
        }
        guard let member = zip_fopen_index(archive, texts[0].index, 0) else {
            let reason = String(cString: zip_strerror(archive))
            zip_discard(archive)
            throw failure("\(texts[0].name) in it cannot be read: \(reason)")
        }
        return .zip(archive, member)
    }

    /// Up to `count` bytes; 0 only at the end.
    /// - Throws: `GloveError` for a disk that fails, or packed data that is damaged or cut short.
    func read(into target: UnsafeMutablePointer<UInt8>, count: Int) throws -> Int {
        let got: Int
        switch origin {
        case .gzip(let file):
            got = Int(gzread(file, target, UInt32(min(count, 1 << 30))))
            var code: Int32 = Z_OK
            let message = gzerror(file, &code).map { String(cString: $0) } ?? ""
            if got < 0 || got == 0 && code != Z_OK && code != Z_STREAM_END {
                let reason =
                    code == Z_ERRNO
                    ? String(cString: strerror(errno))
                    : "\(code == Z_BUF_ERROR ? "it is cut short" : message); take another copy"
                throw GloveError(path: path, line: nil, reason: "cannot be read: \(reason)")
            }
        case .zip(_, let member):
            got = Int(zip_fread(member, target, UInt64(count)))
            guard got >= 0 else {
                throw GloveError(
                    path: path, line: nil,
                    reason: "cannot be unpacked: \(String(cString: zip_file_strerror(member))); take another copy")
            }
        }
        return got
    }
}
