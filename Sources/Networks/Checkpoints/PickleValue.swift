/// A value of a pickle. Containers are indices into a `PickleHeap`, so that no nesting, however deep, can exhaust the stack.
enum PickleValue: Sendable {
    case none
    case bool(Bool)
    case int(Int)
    case real(Double)
    case text(String)
    /// Bytes, and integers beyond 64 bits.
    case data([UInt8])
    case callable(PickleCallable)
    case tuple(Int), list(Int), dictionary(Int)
    case storage(StoredStorage)
    case tensor(Int)
}

/// The functions and classes a pickle may name: those that PyTorch builds tensors with. None of them is run: each has its own
/// reading in `Unpickler`.
enum PickleCallable: Sendable, Equatable {
    case orderedDictionary
    case rebuildTensor, rebuildTensorV2
    case rebuildParameter
    case parameter
    case size
    /// A storage's or tensor's class.
    case elements(ElementType)

    init?(module: String, name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDictionary
        case ("torch._utils", "_rebuild_tensor"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensorV2
        case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
        case ("torch.nn.parameter", "Parameter"): self = .parameter
        case ("torch", "Size"): self = .size
        case ("torch", _):
            guard let type = ElementType(className: name[...]) else { return nil }
            self = .elements(type)
        default: return nil
        }
    }
}

/// Where a tensor's numbers are: named in the pickle, found in the container.
struct StoredStorage: Sendable, Equatable {
    let key: String
    let type: ElementType
    /// Number of elements.
    let count: Int
}

/// A view of a storage: what PyTorch calls a tensor.
struct StoredTensor: Sendable, Equatable {
    let storage: StoredStorage
    /// In elements, as are the strides.
    let offset: Int
    let shape: [Int]
    let strides: [Int]
}

/// The containers and tensors that a file's pickles have made.
struct PickleHeap: Sendable {
    var tuples: [[PickleValue]] = []
    var lists: [[PickleValue]] = []
    var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    var tensors: [StoredTensor] = []

    mutating func tuple(_ items: [PickleValue]) -> PickleValue {
        tuples.append(items)
        return .tuple(tuples.count - 1)
    }

    /// The items of a tuple or list.
    func items(_ value: PickleValue) -> [PickleValue]? {
        switch value {
        case .tuple(let index): tuples[index]
        case .list(let index): lists[index]
        default: nil
        }
    }

    /// The value of a text key; the last one where there are several.
    func value(_ key: String, in dictionary: Int) -> PickleValue? {
        dictionaries[dictionary].last { if case .text(key) = $0.key { true } else { false } }?.value
    }
}
