import Foundation
import Networks
import Tensors
import Testing

/// Checkpoints as training programs leave them: `Fixtures/Checkpoints/make_foreign.py`, whose values come from
/// `torch.load`.
@Suite struct ForeignCheckpoints {
    private struct Numbers: Decodable {
        let shape: [Int]
        let data: [Double]
    }

    private static let names = [
        "conv1.weight", "conv1.bias", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var", "fc.weight",
        "fc.bias",
    ]

    private func path(_ name: String) -> String { checkpointPath("foreign/" + name) }

    private func expected(_ group: String) throws -> [String: Numbers] {
        let all = try JSONDecoder().decode(
            [String: [String: Numbers]].self, from: Data(contentsOf: URL(filePath: path("expected.json"))))
        return try #require(all[group])
    }

    private func expect(
        _ checkpoint: Checkpoint, holds group: String, names: [String] = names,
        at place: SourceLocation = #_sourceLocation
    ) throws {
        let expected = try expected(group)
        for name in names {
            let numbers = try #require(expected[name])
            let tensor = try checkpoint.tensor(name, shape: numbers.shape)
            #expect(
                tensor == Tensor(shape: numbers.shape, data: numbers.data.map { Float($0) }), "\(name)",
                sourceLocation: place)
        }
    }

    /// `Namespace`, NumPy's numbers, dates, paths, a program's own classes, an optimiser: nothing of it is run, and
    /// nothing in the way.
    @Test(arguments: ["beside2.pth", "beside4.pth", "beside_legacy.pth"]) func objectsBesideTheWeights(name: String)
        throws
    {
        let checkpoint = try Checkpoint(contentsOf: path(name), wanted: Self.names)
        #expect(checkpoint.key == "state_dict" && checkpoint.prefix == "module.")
        try expect(checkpoint, holds: "state")
    }

    @Test func theUsualKeyIsTakenUnlessAnotherIsAskedFor() throws {
        let usual = try Checkpoint(contentsOf: path("ema.pth"), wanted: Self.names)
        #expect(usual.key == "state_dict" && usual.prefix == "")
        try expect(usual, holds: "state")
        try expect(Checkpoint(contentsOf: path("ema.pth"), wanted: Self.names, key: "state_dict_ema"), holds: "ema")
        let nested = try Checkpoint(contentsOf: path("nested.pth"), wanted: Self.names)
        #expect(nested.key == "models.ema")
        try expect(nested, holds: "ema")
        let deep = try Checkpoint(contentsOf: path("deep.pth"), wanted: Self.names)
        #expect(deep.key == "run.last.models.ema")
        try expect(deep, holds: "ema")
        #expect(
            failure { _ = try Checkpoint(contentsOf: path("ema.pth"), wanted: Self.names, key: "ema") }
                .hasSuffix(
                    "has no tensors under weights.key 'ema'; there are some under 'state_dict', 'state_dict_ema'"))
    }

    @Test func severalThatFitAreAnError() throws {
        #expect(
            failure { _ = try Checkpoint(contentsOf: path("student.pth"), wanted: Self.names) }
                .hasSuffix("has such weights under several keys ('student', 'teacher'); say which with weights.key"))
        let teacher = try Checkpoint(contentsOf: path("student.pth"), wanted: Self.names, key: "teacher")
        #expect(teacher.prefix == "backbone.")
        try expect(teacher, holds: "ema")
        #expect(
            failure { _ = try Checkpoint(contentsOf: path("moco.pth"), wanted: Self.names) }
                .hasSuffix(
                    "has such weights under several prefixes ('module.encoder_q.', 'module.encoder_k.'); say which with weights.prefix"
                ))
        try expect(
            Checkpoint(contentsOf: path("moco.pth"), wanted: Self.names, prefix: "module.encoder_k."), holds: "ema")
        #expect(
            failure { _ = try Checkpoint(contentsOf: path("moco.pth"), wanted: Self.names, prefix: "module.") }
                .contains(
                    "has no tensor 'module.conv1.weight' under the key 'state_dict'; it has 18, from 'module.encoder_q.conv1.weight'"
                ))
    }

    @Test(arguments: [
        ("compiled.pth", "_orig_mod.module."), ("subclass_of_dict.pth", ""), ("plain.safetensors", "backbone."),
    ])
    func prefixesAreFound(name: String, prefix: String) throws {
        let checkpoint = try Checkpoint(contentsOf: path(name), wanted: Self.names)
        #expect(checkpoint.key == "" && checkpoint.prefix == prefix)
        try expect(checkpoint, holds: "state")
    }

    /// torch's negative bit, subclasses, parameters with attributes; and what is no plain tensor of floating numbers.
    @Test func viewsAndKinds() throws {
        let checkpoint = try Checkpoint(contentsOf: path("views.pth"))
        try expect(checkpoint, holds: "views", names: ["negative", "window", "plain", "subclass", "parameter"])
        #expect(
            failure { _ = try checkpoint.tensor("conjugate", shape: [2]) }.contains(
                "'conjugate' is of complex64, expected floating numbers"))
        for name in ["float8", "unsigned", "quantised", "sparse"] {
            let text = failure { _ = try checkpoint.tensor(name, shape: [2]) }
            #expect(text.contains("'\(name)' is made by 'torch._utils._rebuild_"), "\(text)")
        }
    }

    @Test func safetensorsOfEveryType() throws {
        let checkpoint = try Checkpoint(contentsOf: path("plain.safetensors"))
        try expect(checkpoint, holds: "types", names: ["f64", "f16", "bf16", "scalar", "empty"])
        #expect(failure { _ = try checkpoint.tensor("i64", shape: [3]) }.contains("is of int64"))
        #expect(
            failure { _ = try checkpoint.tensor("f8", shape: [2]) }.contains("'f8' is made by 'safetensors F8_E4M3'"))
    }

    /// A header that lies gives an error, whatever it claims.
    @Test(arguments: [
        (#"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}"#, "does not fill its 4 bytes"),
        (
            #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 80]}}"#,
            "but the tensor 'a' ends 80 bytes behind its header"
        ),
        (
            #"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}"#,
            "has 8 bytes of tensors, but its header tells of 4"
        ),
        (#"{"a": {"dtype": "F32", "shape": [4611686018427387904, 4], "data_offsets": [0, 8]}}"#, "does not fill"),
        (#"{"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}"#, "lacks dtype, shape or data_offsets"),
        (#"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}"#, "lacks dtype, shape or data_offsets"),
        (#"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "a": {}}"#, "its header cannot be read"),
        (#"{"a": 5}"#, "lacks dtype"), (#"{"__metadata__": {}}"#, "has 8 bytes of tensors, but its header tells of 0"),
    ])
    func hostileSafetensors(header: String, reason: String) throws {
        try withTemporaryFolder { folder in
            let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
            try (length + Data(header.utf8) + Data(count: 8)).write(to: URL(filePath: folder + "/a.safetensors"))
            let text = failure { _ = try Checkpoint(contentsOf: folder + "/a.safetensors") }
            #expect(text.contains(reason), "\(text)")
        }
    }

    @Test(arguments: [
        ("whole.pth", "a whole model with its Python class 'torch.nn.modules.container.Sequential'"),
        ("whole_legacy.pth", "a whole model with its Python class 'my_program.models.Net'"),
        ("whole_under_key.pth", "under 'model' a whole model with its Python class 'my_program.models.Net'"),
        ("script.pth", "is a TorchScript program"), ("arrays.pth", "is a NumPy archive (.npz)"),
    ])
    func filesOfPythonThatAreNoStateDict(name: String, reason: String) {
        let text = failure { _ = try Checkpoint(contentsOf: path(name)) }
        #expect(text.contains(reason) && text.contains("torch.save"), "\(text)")
    }

    @Test(arguments: [
        ("", "is empty"), ("\u{FEFF} <!DOCTYPE html><html>", "is a web page"),
        ("<?xml version", "is a web page or XML"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "is a Git LFS pointer"),
        ("{\"weight_map\": {}}", "is JSON text"), ("BZh91AY&SY", "is compressed by bzip2: unpack it with `bunzip2`"),
        ("PK\u{5}\u{6}", "is a zip archive that is empty"), ("    TFL3", "is a TensorFlow Lite model"),
        ("\u{8}\u{7}\u{12}\u{7}pytorch", "is an ONNX model"),
        ("\n\u{1F}\n\u{5}input", "looks like a TensorFlow graph"),
        ("conv1.weight 0.1 0.2", "is no PyTorch checkpoint but text"), ("%PDF-1.4", "is a PDF"),
    ])
    func filesOfOtherKinds(content: String, reason: String) throws {
        try expect(Data(content.utf8), isRefusedAs: reason)
    }

    @Test func packedFilesOfOtherKinds() throws {
        for (magic, reason) in [
            ([0x1f, 0x8b, 8, 0], "is compressed by gzip: unpack it with `gunzip`"),
            ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "compressed by xz"),
            ([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a], "is an HDF5 file (Keras"),
            ([0x80, 4, 0x95, 0], "is a pickle that torch.save has not written"),
            ([UInt8](repeating: 0, count: 600), "begins with 512 zeros"),
        ] as [([UInt8], String)] {
            try expect(Data(magic), isRefusedAs: reason)
        }
        var tar = [UInt8](repeating: 0, count: 1536)
        tar.replaceSubrange(0..<5, with: Array("a.pth".utf8))
        tar.replaceSubrange(124..<135, with: Array("00000000000".utf8))
        tar.replaceSubrange(257..<262, with: Array("ustar".utf8))
        try expect(Data(tar), isRefusedAs: "no PyTorch checkpoint: unpack it with `tar xf`")
    }

    /// Of every container, cut at many places: the error says so, how long the file is and what to do; never more.
    @Test(arguments: ["../zip.pth", "../legacy.pth", "../tar.pth", "plain.safetensors"])
    func filesThatAreCutOff(name: String) throws {
        let whole = try Data(contentsOf: URL(filePath: path(name)))
        try withTemporaryFolder { folder in
            for length in stride(from: 600, to: whole.count - 1, by: 97) {
                try whole.prefix(length).write(to: URL(filePath: folder + "/a.pth"))
                let text = failure { _ = try Checkpoint(contentsOf: folder + "/a.pth") }
                // Behind its last member a tar archive has nothing but zeros.
                if name == "../tar.pth", text == "no error" { continue }
                #expect(text.contains("cut off") && text.contains("fetch"), "\(length): \(text)")
            }
        }
    }

    private func expect(_ content: Data, isRefusedAs reason: String) throws {
        try withTemporaryFolder { folder in
            try content.write(to: URL(filePath: folder + "/a.pth"))
            let text = failure { _ = try Checkpoint(contentsOf: folder + "/a.pth") }
            #expect(text.contains(reason), "\(text)")
        }
    }

    /// As many numbers in another shape are other weights: a transposed matrix does not load.
    @Test func shapesAreComparedExactly() throws {
        let checkpoint = try Checkpoint(contentsOf: path("ema.pth"), wanted: Self.names)
        for shape in [[2, 3, 3, 3], [54], [3, 2, 9], [3, 2, 3, 3, 1], [3, 3, 3, 2]] {
            #expect(
                failure { _ = try checkpoint.tensor("conv1.weight", shape: shape) }.hasSuffix(
                    "has the shape [3, 2, 3, 3], expected \(shape)"))
        }
    }
}

/// A checkpoint of an architecture must be one of that architecture, up to the target layer.
@Suite struct ArchitectureCheckpoints {
    /// Writes a safetensors file of tensors without numbers of interest.
    private func write(_ shapes: [(String, [Int])], to path: String) throws {
        var place = 0
        let members = shapes.map { name, shape in
            let bytes = 4 * shape.reduce(1, *)
            defer { place += bytes }
            return
                "\"\(name)\": {\"dtype\": \"F32\", \"shape\": \(shape), \"data_offsets\": [\(place), \(place + bytes)]}"
        }
        let header = Data("{\(members.joined(separator: ", "))}".utf8)
        let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) }
        try (length + header + Data(count: place)).write(to: URL(filePath: path))
    }

    private func block(_ name: String, _ inputs: Int, _ width: Int) -> [(String, [Int])] {
        [("conv1", inputs), ("conv2", width)].flatMap { convolution, inputs in
            [("\(name).\(convolution).weight", [width, inputs, 3, 3])] + norm("\(name).bn\(convolution.last!)", width)
        }
    }

    private func norm(_ name: String, _ width: Int) -> [(String, [Int])] {
        ["weight", "bias", "running_mean", "running_var"].map { ("\(name).\($0)", [width]) }
    }

    private var resnet18: [(String, [Int])] {
        [("conv1.weight", [64, 3, 7, 7])] + norm("bn1", 64) + block("layer1.0", 64, 64) + block("layer1.1", 64, 64)
    }

    private func loading(_ shapes: [(String, [Int])], layer: String = "layer1") throws -> String {
        try withTemporaryFolder { folder in
            try write(shapes, to: folder + "/a.safetensors")
            return failure { _ = try Checkpoint(contentsOf: folder + "/a.safetensors", of: .resnet18, layer: layer) }
                .replacingOccurrences(of: folder, with: "")
        }
    }

    @Test func whatNothingReadsIsAnError() throws {
        #expect(try loading(resnet18) == "no error")
        #expect(
            try loading(
                resnet18 + [("fc.weight", [10, 512]), ("layer4.7.conv1.weight", [1]), ("bn1.num_batches_tracked", [])])
                == "no error",
            "what stands beyond the target layer does not matter")
        // ResNet-34 has a third block in its first stage.
        #expect(
            try loading(resnet18 + block("layer1.2", 64, 64))
                == "checkpoint '/a.safetensors': has 10 tensors up to layer1 that resnet18 does not have, "
                + "the first 'layer1.2.conv1.weight': it is of another architecture; name that one in backbone.architecture, or take other weights"
        )
        #expect(
            try loading((resnet18 + [("conv1.bias", [64])]).map { ("module." + $0, $1) }).contains(
                "the first 'module.conv1.bias'"))
        #expect(
            try loading(resnet18 + [("layer1.0.se.fc1.weight", [4, 64])]).contains("the first 'layer1.0.se.fc1.weight'")
        )
        #expect(try loading(Array(resnet18.dropLast())).contains("has no tensor 'layer1.1.bn2.running_var'"))
    }
}
