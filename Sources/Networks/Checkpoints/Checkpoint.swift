import Tensors

/// The tensors of a checkpoint file, read without running what is in it: PyTorch's `.pth`, or safetensors.
///
/// Reads the three containers that `torch.save` has written (zip since 1.6; the stream before; tar in the beginning).
/// Of the dictionaries of
/// tensors in a file (the root, and what stands under its keys), and of the prefixes of their names, those are taken
/// under which every
/// name that is wanted is found. Only names and places are kept; a tensor's numbers are read from the file when it is
/// asked for.
public struct Checkpoint: ParameterSource {
    /// The file as it was given.
    public let path: String
    /// The keys that lead from the file's root to the dictionary, joined by dots; empty for the root itself.
    public let key: String
    /// What stands before the names in the file; empty where nothing does.
    public let prefix: String
    /// Names of the tensors that begin with `prefix`, in the file's order, without it.
    public let names: [String]
    private let dictionary: TensorDictionary
    private let storages: StorageBytes

    /// - Parameters:
    ///   - wanted: names of tensors that are going to be asked for; they decide between several dictionaries and
    ///     prefixes.
    ///   - key: the dictionary, where the names alone shall not decide: a key of the root, or keys joined by dots.
    ///   - prefix: what stands before every name, where the names alone shall not decide.
    /// - Throws: `CheckpointError`: not a checkpoint, cut off, without tensors; or no dictionary, or several, with all
    ///   that is wanted.
    public init(contentsOf path: String, wanted: [String] = [], key: String? = nil, prefix: String? = nil) throws {
        let content = try CheckpointContent(contentsOf: path)
        let found = try TensorDictionary.all(in: content, path: path)
        let choice = try CheckpointChoice(found, wanted: wanted, key: key, prefix: prefix, path: path)
        self.path = path
        self.key = choice.dictionary.key
        self.prefix = choice.prefix
        dictionary = choice.dictionary
        storages = content.storages
        names = dictionary.names.filter { $0.hasPrefix(choice.prefix) }.map {
            String($0.dropFirst(choice.prefix.count))
        }
    }

    /// The shape of a tensor; nil where there is none of that name.
    public func shape(of name: String) -> [Int]? { dictionary.tensors[prefix + name]?.shape }

    /// The tensor of that name, which has exactly that shape, in single precision.
    /// - Throws: `CheckpointError` naming the tensor: missing, of another shape, not of floating numbers, outside its
    ///   storage, cut off.
    public func tensor(_ name: String, shape: [Int]) throws -> Tensor {
        let name = prefix + name
        guard let tensor = dictionary.tensors[name] else { throw error(dictionary.lacks(name)) }
        guard tensor.shape == shape else {
            throw error("the tensor '\(name)' has the shape \(tensor.shape), expected \(shape)")
        }
        guard let read = tensor.storage.type.floatReader else {
            throw error("the tensor '\(name)' is of \(tensor.storage.type.rawValue), expected floating numbers")
        }
        guard let span = tensor.span else {
            throw error("the tensor '\(name)' reaches outside its storage of \(tensor.storage.count) numbers")
        }
        let size = tensor.storage.type.size
        // Strides of 0 let a few numbers stand for any number of them.
        let most = max(tensor.storage.count, 1 << 24)
        guard let count = Self.count(shape, most: most) else {
            throw error("the tensor '\(quoted(name))' of the shape \(shape) has more than \(most) numbers")
        }
        guard count > 0 else { return Tensor(zeros: shape) }
        guard span <= 16 * count + 1024 else {
            throw error("the tensor '\(name)' is scattered over \(span) numbers; save a contiguous copy of it")
        }
        try storages.require(span * size, of: tensor.storage, from: tensor.offset * size, in: path)
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: span * size, alignment: 16)
        defer { bytes.deallocate() }
        try storages.read(tensor.storage, of: path, from: tensor.offset * size, into: bytes)
        var result = Tensor(zeros: shape)
        let plain = UnsafeRawBufferPointer(bytes)
        result.data.withUnsafeMutableBufferPointer { numbers in
            if tensor.isContiguous {
                for index in 0..<count { numbers[index] = read(plain, index) }
            } else {
                tensor.forEachPlace { place, index in numbers[index] = read(plain, place) }
            }
            if tensor.isNegated { for index in 0..<count { numbers[index] = -numbers[index] } }
        }
        return result
    }

    /// The product of the extents; nil where it is over `most`.
    private static func count(_ shape: [Int], most: Int) -> Int? {
        if shape.contains(0) { return 0 }
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow, product <= most else { return nil }
            count = product
        }
        return count
    }

    func error(_ reason: String) -> CheckpointError { CheckpointError(path: path, reason: reason) }
}
