import Fingerprints

/// A checkpoint as `torch.save(model.state_dict(), …)` writes it since PyTorch 1.6: a zip with a pickle that names the
/// tensors, and their numbers beside it.
public struct TorchFile {
    private var tensors: [(name: String, shape: [Int], data: [Float])] = []

    /// torchvision's ResNet-18 with 1,000 classes, untrained: convolutions `N(0, 2 / fan_out)`, batch norms that change
    /// nothing.
    public static func resNet18(seed: UInt64) -> TorchFile {
        var file = TorchFile()
        var random = RandomSource(seed: seed, stream: "ResNet-18")
        func convolution(_ name: String, _ norm: String, _ inputs: Int, _ outputs: Int, kernel: Int) {
            let deviation = (2 / Double(outputs * kernel * kernel)).squareRoot()
            let shape = [outputs, inputs, kernel, kernel]
            file.tensors.append(
                ("\(name).weight", shape, (0..<shape.reduce(1, *)).map { _ in Float(random.normal() * deviation) }))
            for (field, value) in [("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)]
                as [(String, Float)]
            {
                file.tensors.append(("\(norm).\(field)", [outputs], [Float](repeating: value, count: outputs)))
            }
        }
        convolution("conv1", "bn1", 3, 64, kernel: 7)
        for stage in 0..<4 {
            let width = 64 << stage
            for index in 0..<2 {
                let inputs = index == 0 ? max(64, width / 2) : width, block = "layer\(stage + 1).\(index)"
                convolution("\(block).conv1", "\(block).bn1", inputs, width, kernel: 3)
                convolution("\(block).conv2", "\(block).bn2", width, width, kernel: 3)
                if inputs != width {
                    convolution("\(block).downsample.0", "\(block).downsample.1", inputs, width, kernel: 1)
                }
            }
        }
        file.tensors.append(("fc.weight", [1000, 512], [Float](repeating: 0, count: 512_000)))
        file.tensors.append(("fc.bias", [1000], [Float](repeating: 0, count: 1000)))
        return file
    }

    /// Writes the checkpoint: the same tensors give the same bytes.
    /// - Throws: `SupportError` where libzip fails.
    public func write(to path: String) throws {
        let zip = try ZipWriter(path)
        try zip.add("archive/data.pkl", pickle(), stored: true)
        for (key, tensor) in tensors.enumerated() {
            try zip.add("archive/data/\(key)", tensor.data.withUnsafeBytes(Array.init), stored: true)
        }
        try zip.add("archive/version", Array("3\n".utf8), stored: true)
        try zip.close()
    }

    /// The dictionary of tensors in pickle's protocol 2.
    private func pickle() -> [UInt8] {
        var bytes: [UInt8] = [0x80, 2] + Array("}(".utf8)
        func text(_ text: String) { bytes += Array("X".utf8) + int32(text.utf8.count) + Array(text.utf8) }
        func tuple(_ numbers: [Int]) {
            bytes += Array("(".utf8) + numbers.flatMap { Array("J".utf8) + int32($0) } + Array("t".utf8)
        }
        for (key, tensor) in tensors.enumerated() {
            text(tensor.name)
            bytes += Array("ctorch._utils\n_rebuild_tensor_v2\n((".utf8)
            text("storage")
            bytes += Array("ctorch\nFloatStorage\n".utf8)
            text("\(key)")
            text("cpu")
            bytes += Array("J".utf8) + int32(tensor.data.count) + Array("tQK".utf8) + [0]
            tuple(tensor.shape)
            tuple(tensor.shape.indices.map { tensor.shape[($0 + 1)...].reduce(1, *) })
            bytes += [0x89] + Array("ccollections\nOrderedDict\n)RtR".utf8)
        }
        return bytes + Array("u.".utf8)
    }

    private func int32(_ value: Int) -> [UInt8] { withUnsafeBytes(of: Int32(value).littleEndian, Array.init) }
}
