import Files
import Fingerprints
import Tensors

extension Graph {
    /// Reads what `torch.export.save` writes: a program with its weights, for one image.
    ///
    /// Values are named as the program names them, and know the module that they come from; batch norms stay what they
    /// are.
    /// - Parameters:
    ///   - path: of the `.pt2` file.
    ///   - size: height and width of the image where the program leaves them open.
    /// - Throws: `GraphError`, which names the file, and the node where there is one.
    public init(pt2 path: String, size: (height: Int, width: Int) = (224, 224)) throws {
        do { self = try PT2Importer(PT2File(path), size: size).graph } catch let error as ZipError {
            throw GraphError.malformed(
                file: path,
                (error.member.map { "the member \"\($0)\": " }
                    ?? "cannot be opened as a zip archive, as torch.export.save writes it: ") + error.problem)
        }
    }
}

/// The members of the archive that matter: the program, and where its tensors are.
struct PT2File {
    /// Versions of the program's description (torch/_export/serde/schema.py) that are read.
    private static let major = 8
    private static let largestProgram = 1 << 28, largestTensor = 1 << 31

    private let archive: ZipArchive
    private let folder: String
    /// What describes each tensor, by its name in the `state_dict`; and the folder that its numbers are in.
    private let tensors: [String: (folder: String, entry: Value)]
    /// `graph_module.graph`, and the list of what its inputs are.
    let graph: Value, inputs: [Value]

    var path: String { archive.path }

    /// - Throws: `GraphError`, `ZipError`.
    init(_ path: String) throws {
        let archive = try ZipArchive(path)
        self.archive = archive
        let members = archive.members.map(\.name)
        let programs = members.filter { $0.hasSuffix(".json") && $0.split(separator: "/").dropLast().last == "models" }
        guard let program = programs.count > 1 ? programs.first(where: { $0.hasSuffix("/model.json") }) : programs.first
        else {
            if !programs.isEmpty {
                throw Self.malformed(
                    path, "holds several programs, none of them called \"model\": \(programs.joined(separator: ", "))")
            }
            if members.contains("serialized_exported_program.json") {
                throw Self.malformed(
                    path,
                    "was saved by a PyTorch before 2.8; load it there and save it by a later one, or export it to ONNX")
            }
            throw Self.malformed(
                path,
                "holds no models/*.json: it was not written by torch.export.save (a checkpoint goes with a model's name)"
            )
        }
        let parts = program.split(separator: "/").map(String.init), name = String(parts[parts.count - 1].dropLast(5))
        let folder = parts.dropLast(2).map { $0 + "/" }.joined()
        self.folder = folder
        if members.contains(folder + "byteorder"),
            try archive.read(folder + "byteorder", limit: 64) != Array("little".utf8)
        {
            throw Self.malformed(path, "was written on a big-endian machine, which is not read")
        }
        func json(_ member: String) throws -> Value {
            do { return try Value(json: archive.read(member, limit: Self.largestProgram)) } catch let error as JSONError
            {
                throw Self.malformed(path, "\(member), \(error)")
            }
        }
        let document = try json(program), version = document["schema_version"]
        guard version?["major"]?.intValue == Self.major else {
            let text = ["major", "minor"].map { version?[$0]?.intValue.map(String.init) ?? "?" }.joined(separator: ".")
            throw Self.malformed(
                path,
                "is described by the schema \(text); this program reads \(Self.major).x (PyTorch 2.8 to 2.15): export again by one of these, or to ONNX"
            )
        }
        guard let graph = document["graph_module"]?["graph"],
            let inputs = document["graph_module"]?["signature"]?["input_specs"]?.arrayValue
        else {
            throw Self.malformed(path, "\(program) holds no graph_module with a graph and a signature")
        }
        (self.graph, self.inputs) = (graph, inputs)
        var tensors: [String: (String, Value)] = [:]
        for kind in ["constants", "weights"] {
            let member = folder + "data/\(kind)/\(name)_\(kind)_config.json"
            guard members.contains(member) else { continue }
            for (name, entry) in try json(member)["config"]?.objectValue ?? [:] {
                tensors[name] = (folder + "data/\(kind)/", entry)
            }
        }
        self.tensors = tensors
    }

    /// The tensor of a name of the `state_dict`.
    /// - Throws: `GraphError.malformed`.
    func tensor(_ name: String) throws -> Constant {
        guard let (folder, entry) = tensors[name] else { throw malformed(name, "is not in the file") }
        guard let member = entry["path_name"]?.stringValue, let meta = entry["tensor_meta"] else {
            throw malformed(name, "has no description")
        }
        guard entry["use_pickle"]?.boolValue != true else {
            throw malformed(name, "is a pickled object, which is not read; export the model with plain tensors")
        }
        do {
            let shape = try PT2File.sizes(meta, "sizes"), strides = try PT2File.sizes(meta, "strides")
            let offset = meta["storage_offset"]?["as_int"]?.intValue ?? 0
            guard strides.count == shape.count, offset >= 0 else {
                throw ShapeMismatch("strides \(strides) of the shape \(shape)")
            }
            let bytes = try archive.read(folder + member, limit: Self.largestTensor)
            return try bytes.withUnsafeBytes {
                try PT2Numbers(type: meta["dtype"]?.intValue ?? 0, bytes: $0).constant(shape, strides, offset)
            }
        } catch let mismatch as ShapeMismatch {
            throw malformed(name, mismatch.problem)
        }
    }

    /// Lengths that are known.
    /// - Throws: `ShapeMismatch` for lengths that depend on something.
    static func sizes(_ meta: Value, _ key: String) throws -> [Int] {
        try (meta[key]?.arrayValue ?? []).map { length in
            guard let number = length["as_int"]?.intValue, number >= 0 else {
                throw ShapeMismatch("\(key) that are not known")
            }
            return number
        }
    }

    private static func malformed(_ path: String, _ problem: String) -> GraphError { .malformed(file: path, problem) }
    private func malformed(_ name: String, _ problem: String) -> GraphError {
        Self.malformed(path, "the tensor \"\(name)\": \(problem)")
    }
}

/// Numbers of one of the schema's `ScalarType`s as they lie in a file, little-endian.
private struct PT2Numbers {
    let type: Int
    let bytes: UnsafeRawBufferPointer

    /// - Throws: `ShapeMismatch` for what reaches outside the bytes, and for types that are not read.
    func constant(_ shape: [Int], _ strides: [Int], _ offset: Int) throws -> Constant {
        let count = try elements(shape), (size, isFloat) = try kind()
        let room = bytes.count / size
        guard offset <= room else { throw ShapeMismatch("numbers from \(offset) on in a file of \(room)") }
        var last = offset
        for (length, stride) in zip(shape, strides) where length > 1 {
            let (step, tooFar) = (length - 1).multipliedReportingOverflow(by: stride)
            guard !tooFar, step <= room else {
                throw ShapeMismatch("strides \(strides) of the shape \(shape) in \(room) numbers")
            }
            last += step
        }
        // A stride of 0 says one number many times: of a few, as of masks, no more than that.
        guard count == 0 || last < room && count <= max(room, 1 << 24) else {
            throw ShapeMismatch("the shape \(shape) from number \(offset) on in a file of \(room) numbers")
        }
        let places = count == 0 ? [] : self.places(shape, strides, offset)
        return try Constant(shape: shape, isFloat ? .floats(places.map(float)) : .integers(places.map(integer)))
    }

    private func kind() throws -> (size: Int, isFloat: Bool) {
        switch type {
        case 1, 2, 12: (1, false)
        case 3: (2, false)
        case 4: (4, false)
        case 5: (8, false)
        case 6, 13: (2, true)
        case 7: (4, true)
        case 8: (8, true)
        default: throw ShapeMismatch("numbers of the type \(type), which is not read; floating and whole numbers are")
        }
    }

    /// The places of all elements in turn.
    private func places(_ shape: [Int], _ strides: [Int], _ offset: Int) -> [Int] {
        var places = [offset]
        for (length, stride) in zip(shape, strides) {
            places = places.flatMap { start in (0..<length).map { start + $0 * stride } }
        }
        return places
    }

    private func load<T: FixedWidthInteger>(_ place: Int, _ type: T.Type) -> T {
        T(littleEndian: bytes.loadUnaligned(fromByteOffset: place * MemoryLayout<T>.size, as: type))
    }

    private func float(_ place: Int) -> Float {
        switch type {
        case 6: Float(Float16(bitPattern: load(place, UInt16.self)))
        case 13: Float(bitPattern: UInt32(load(place, UInt16.self)) << 16)
        case 8: Float(Double(bitPattern: load(place, UInt64.self)))
        default: Float(bitPattern: load(place, UInt32.self))
        }
    }

    private func integer(_ place: Int) -> Int {
        switch type {
        case 2: Int(load(place, Int8.self))
        case 3: Int(load(place, Int16.self))
        case 4: Int(load(place, Int32.self))
        case 5: Int(load(place, Int64.self))
        default: Int(bytes[place])
        }
    }
}
