extension CheckpointContent {
    /// Recognises a checkpoint's container by the file's first bytes and reads it.
    /// - Throws: `CheckpointError`, for another kind of file one that says what it is and what to do.
    init(contentsOf path: String) throws {
        self = try {
            let file = try CheckpointFile(path)
            let head = try file.read(at: 0, upTo: 512)
            if head.starts(with: [0x50, 0x4b, 3, 4]) { return try CheckpointContent(zip: path) }
            if head.count >= 265, Array(head[257..<262]) == Array("ustar".utf8) {
                return try CheckpointContent(tar: file)
            }
            if head.first == 0x80,
                head.prefix(32).indices.contains(where: { head[$0...].starts(with: CheckpointContent.legacyMagic) })
            {
                return try CheckpointContent(legacy: file)
            }
            if CheckpointContent.isSafetensors(head, size: file.size) {
                return try CheckpointContent(safetensors: file)
            }
            throw CheckpointError(
                path: path,
                reason: CheckpointContent.otherKind(head)
                    ?? "is no PyTorch checkpoint (a file that torch.save has written) and no safetensors file")
        }()
    }

    /// What a file is that is no checkpoint, and what to do about it; nil where the first bytes do not tell.
    private static func otherKind(_ head: [UInt8]) -> String? {
        if head.isEmpty { return "is empty: the download or the disk failed; take another copy" }
        let text = String(decoding: head, as: UTF8.self).drop { $0.isWhitespace || $0 == "\u{FEFF}" },
            lower = text.lowercased()
        if lower.hasPrefix("version https://git-lfs") {
            return
                "is a Git LFS pointer, which stands for a file that was not fetched: run `git lfs pull` in its repository"
        }
        if lower.hasPrefix("<") {
            return
                "is a web page or XML, no checkpoint: the server answered with a page (a login, a quota, an error); download the file itself"
        }
        if lower.hasPrefix("{") || lower.hasPrefix("[") {
            return "is JSON text, no checkpoint: name the file that holds the weights"
        }
        for (magic, name, command) in compressed where head.starts(with: magic) {
            return "is compressed by \(name): unpack it with `\(command)` and name what comes out"
        }
        for (magic, offset, reason) in formats where head.dropFirst(offset).starts(with: magic) { return reason }
        if isONNX(head) {
            return "is an ONNX model, a graph and not a state_dict: take the .pth that it was exported from"
        }
        if head[0] == 0x80, head.count > 1, (2...5).contains(head[1]) {
            return "is a pickle that torch.save has not written: load it in Python and save the tensors with torch.save"
        }
        if head.allSatisfy({ $0 == 0 }) {
            return "begins with \(head.count) zeros: the download or the disk failed; take another copy"
        }
        if head.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || (9...13).contains($0) }) {
            return "is no PyTorch checkpoint but text: name the file that holds the weights"
        }
        return nil
    }

    private static let compressed: [(magic: [UInt8], name: String, command: String)] = [
        ([0x1f, 0x8b], "gzip", "gunzip"), (Array("BZh".utf8), "bzip2", "bunzip2"),
        ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "xz", "unxz"),
        ([0x28, 0xb5, 0x2f, 0xfd], "zstd", "unzstd"), ([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "7-Zip", "7z x"),
        (Array("Rar!".utf8), "RAR", "unrar x"), ([0x04, 0x22, 0x4d, 0x18], "lz4", "unlz4"),
    ]

    private static let formats: [(magic: [UInt8], offset: Int, reason: String)] = [
        (
            [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a], 0,
            "is an HDF5 file (Keras' .h5, perhaps), no PyTorch checkpoint: take the PyTorch weights of the model"
        ),
        (
            Array("TFL3".utf8), 4,
            "is a TensorFlow Lite model, no PyTorch checkpoint: take the PyTorch weights of the model"
        ),
        (
            [0x0a], 0,
            "looks like a TensorFlow graph (.pb), no PyTorch checkpoint: take the PyTorch weights of the model"
        ),
        (
            [0x93] + Array("NUMPY".utf8), 0,
            "is a NumPy array, no PyTorch checkpoint: save a dictionary of tensors with torch.save"
        ),
        (Array("GGUF".utf8), 0, "is a GGUF model, no PyTorch checkpoint: take the PyTorch weights of the model"),
        (Array("PK".utf8), 0, "is a zip archive that is empty, split or cut off: take another copy"),
        (Array("%PDF".utf8), 0, "is a PDF, no checkpoint"),
        ([0xff, 0xd8, 0xff], 0, "is a JPEG picture, no checkpoint"),
        ([0x89] + Array("PNG".utf8), 0, "is a PNG picture, no checkpoint"),
    ]

    /// A protocol buffer whose first fields are ONNX's: `ir_version`, then the producer, opsets or the graph.
    private static func isONNX(_ head: [UInt8]) -> Bool {
        head.count > 4 && head[0] == 0x08 && (1...20).contains(head[1])
            && [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42].contains(head[2])
    }

    /// What a zip archive is that has no `data.pkl`.
    static func otherArchive(_ members: [String]) -> String {
        func has(_ ending: String) -> Bool { members.contains { $0.hasSuffix(ending) } }
        let take = "take the PyTorch weights of the model"
        if has("model.weights.h5") { return "is a Keras model, no PyTorch checkpoint: \(take)" }
        if has("/archive_format") || has("serialized_exported_program.json") || has("models/model.json") {
            return "is a program that torch.export has written (.pt2), no state_dict: save model.state_dict()"
        }
        if has("saved_model.pb") { return "is a packed TensorFlow model, no PyTorch checkpoint: \(take)" }
        if !members.isEmpty, members.allSatisfy({ $0.hasSuffix(".npy") }) {
            return "is a NumPy archive (.npz), no PyTorch checkpoint: save a dictionary of tensors with torch.save"
        }
        if let inner = members.first(where: { name in
            [".pth", ".pt", ".bin", ".ckpt", ".tar", ".safetensors"].contains(where: name.hasSuffix)
        }) {
            return "is a zip archive around '\(quoted(inner))': unpack it and name that file"
        }
        return "is a zip archive without a data.pkl, no PyTorch checkpoint"
    }
}
