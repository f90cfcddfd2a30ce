import Files

extension CheckpointContent {
    /// The container since PyTorch 1.6: a zip archive with `PREFIX/data.pkl` and the storages as members
    /// `PREFIX/data/KEY`.
    init(zip path: String) throws {
        try self.init(
            zip: path,
            in: Self.reading(path) { archive in
                let members = archive.members.map(\.name)
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

    /// What `body` reads of a zip archive.
    /// - Throws: `CheckpointError` for what is no whole archive; what `body` throws.
    private static func reading<T>(_ path: String, _ body: (ZipArchive) throws -> T) throws -> T {
        let archive: ZipArchive
        do { archive = try ZipArchive(path) } catch {
            throw CheckpointError(path: path, reason: "is no whole zip archive: \(error.problem)")
        }
        do { return try body(archive) } catch let error as ZipError {
            throw CheckpointError(path: path, reason: "'\(error.member ?? "")': \(error.problem)")
        }
    }

    /// Fills `destination` with a member's bytes from `offset` on.
    /// - Throws: `CheckpointError`.
    static func read(
        _ name: String, of path: String, from offset: Int, into destination: UnsafeMutableRawBufferPointer
    ) throws {
        try reading(path) { try $0.read($0.member(name), from: offset, into: destination) }
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
