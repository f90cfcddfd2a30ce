/// A value of a pickle. Containers are indices into a `PickleHeap`, so that no nesting, however deep, can exhaust the
/// stack.
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
    case object(Int)
}

/// What stands for an object of a class that is not known here: settings, dates, numbers of other libraries, whole
/// models.
struct PickleObject: Sendable {
    /// As the file names it, with its module.
    let className: String
    /// A dictionary of the heap: the items of an object that is one.
    var items: Int?
    /// What Python would give to `__setstate__`.
    var state = PickleValue.none
}

/// The functions and classes a pickle may name. None of them is run: each that PyTorch builds tensors with has its own
/// reading in
/// `Unpickler`, and all others make a `PickleObject`.
enum PickleCallable: Sendable, Equatable {
    case orderedDictionary
    case rebuildTensor, rebuildTensorV2
    /// Of a tensor's subclass: a function, the class and the function's arguments.
    case rebuildFromType
    case rebuildParameter
    case parameter
    case size
    /// A storage's or tensor's class.
    case elements(ElementType)
    case other(String)

    init(module: String, name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDictionary
        case ("torch._utils", "_rebuild_tensor"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensorV2
        case ("torch._tensor", "_rebuild_from_type_v2"): self = .rebuildFromType
        case ("torch._utils", "_rebuild_parameter"), ("torch._utils", "_rebuild_parameter_with_state"):
            self = .rebuildParameter
        case ("torch.nn.parameter", "Parameter"): self = .parameter
        case ("torch", "Size"): self = .size
        case ("torch.storage", "UntypedStorage"): self = .elements(.uint8)
        case ("torch", _): self = ElementType(className: name[...]).map { .elements($0) } ?? .other("torch.\(name)")
        default: self = .other("\(module).\(name)")
        }
    }

    /// Packages that have no business beside weights: what they have starts programs, or reaches into files, the
    /// network and Python
    /// itself.
    private static let harmfulPackages: Set<Substring> = [
        "os", "posix", "nt", "posixpath", "ntpath", "subprocess", "_posixsubprocess", "popen2", "pty", "sys", "shutil",
        "socket", "_socket",
        "ssl", "http", "httplib", "urllib", "urllib2", "requests", "aiohttp", "ftplib", "smtplib", "webbrowser",
        "runpy", "importlib", "imp",
        "zipimport", "pkgutil", "pip", "ensurepip", "codeop", "pdb", "bdb", "timeit", "cProfile", "doctest", "pydoc",
        "idlelib", "asyncio",
        "multiprocessing", "_thread", "ctypes", "_ctypes", "cffi", "pickle", "_pickle", "cPickle", "marshal", "shelve",
        "dill",
        "cloudpickle", "tempfile", "fileinput", "linecache", "distutils", "venv",
    ]
    /// The same, where only the module itself is Python's: a package of that name may be a user's.
    private static let harmfulModules: Set<String> = [
        "code", "commands", "trace", "profile", "site", "signal", "gc", "inspect",
    ]
    private static let harmfulBuiltins: Set<String> = [
        "eval", "exec", "execfile", "compile", "open", "file", "input", "raw_input", "apply", "__import__", "reload",
        "globals", "locals",
        "vars", "setattr", "delattr", "breakpoint", "exit", "quit",
    ]

    /// Whether a name is of those that only a file made to do harm has. Nothing would be run, but its weights deserve
    /// no trust either.
    static func isHarmful(module: String, name: String) -> Bool {
        if ["builtins", "__builtin__", "__builtins__"].contains(module) { return harmfulBuiltins.contains(name) }
        return harmfulModules.contains(module) || harmfulPackages.contains(module.prefix { $0 != "." })
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
    /// Whether the numbers are the storage's negated.
    var isNegated = false
}

/// The containers and tensors that a file's pickles have made.
struct PickleHeap: Sendable {
    var tuples: [[PickleValue]] = []
    var lists: [[PickleValue]] = []
    var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    var tensors: [StoredTensor] = []
    var objects: [PickleObject] = []
    /// Of every storage that was named, by its key.
    var storageTypes: [String: ElementType] = [:]

    mutating func tuple(_ items: [PickleValue]) -> PickleValue {
        tuples.append(items)
        return .tuple(tuples.count - 1)
    }

    mutating func object(of className: String) -> PickleValue {
        objects.append(PickleObject(className: className))
        return .object(objects.count - 1)
    }

    /// The dictionary that a value is, also an object that is one.
    func dictionary(_ value: PickleValue) -> Int? {
        switch value {
        case .dictionary(let index): index
        case .object(let index): objects[index].items
        default: nil
        }
    }

    /// The class of a value that is a whole module, with code and not only tensors.
    func moduleClass(_ value: PickleValue) -> String? {
        guard case .object(let index) = value, case .dictionary(let state) = objects[index].state,
            self.value("_modules", in: state) != nil,
            self.value("_parameters", in: state) != nil
        else { return nil }
        return objects[index].className
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
