/// Reads pickles (Python's protocols 2 to 5) without running anything: an interpreter of the stack operations, for
/// which the
/// names of `PickleCallable` have a meaning, and every other name makes an object that nobody looks into
/// (`PickleObject`).
/// Time and memory are bounded by the length of the pickle, and that by `largest`.
struct Unpickler {
    /// The longest pickle read, in bytes; those of the published checkpoints have under 100 kB.
    static let largest = 16 << 20
    /// Operations in a pickle, with the items they go through; those of the published checkpoints take under 50,000.
    private static let mostWork = 1_000_000
    /// Axes of a tensor (PyTorch's own limit is 64).
    private static let mostAxes = 64

    /// How a pickle refers to what is kept outside of it.
    enum PersistentIDs {
        /// `("storage", class, key, location, count[, view])`
        case storages
        /// The oldest container: a key into a table.
        case table([String: PickleValue])
    }

    struct Failure: Error {
        let offset: Int
        let reason: String
    }

    var heap = PickleHeap()
    var persistentIDs = PersistentIDs.storages

    private var bytes: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    private var position = 0
    private var start = 0
    private var work = 0
    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]

    /// Reads one pickle that begins at `position`, which moves behind it.
    /// - Throws: `Failure` with the offset of the operation in `bytes`.
    mutating func read(_ bytes: UnsafeRawBufferPointer, at position: inout Int) throws -> PickleValue {
        self.bytes = bytes
        self.position = position
        work = 0
        defer {
            self.bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            (stack, marks, memo) = ([], [], [:])
        }
        while true {
            start = self.position
            try spend(1)
            let operation = try byte()
            if operation == UInt8(ascii: ".") {
                let result = try pop()
                position = self.position
                return result
            }
            try perform(operation)
        }
    }

    private mutating func spend(_ count: Int) throws {
        work += count
        guard work <= Unpickler.mostWork else {
            throw failure("the pickle takes more than \(Unpickler.mostWork) operations")
        }
    }

    // MARK: Operations

    private mutating func perform(_ operation: UInt8) throws {
        switch operation {
        case 0x80:  // PROTO
            let version = try byte()
            guard version <= 5 else { throw failure("pickle protocol \(version) is not known") }
        case 0x95: _ = try take(8)  // FRAME
        case UInt8(ascii: "("): marks.append(stack.count)
        case UInt8(ascii: "0"): _ = try pop()
        case UInt8(ascii: "1"): _ = try popMark()
        case UInt8(ascii: "2"): stack.append(try top())
        case UInt8(ascii: "q"): memo[Int(try byte())] = try top()
        case UInt8(ascii: "r"): memo[try length(4)] = try top()
        case 0x94: memo[memo.count] = try top()  // MEMOIZE
        case UInt8(ascii: "h"): stack.append(try recall(Int(byte())))
        case UInt8(ascii: "j"): stack.append(try recall(length(4)))
        default:
            guard try performScalar(operation) || performContainer(operation) || performCall(operation) else {
                throw failure("the operation 0x\(String(operation, radix: 16)) has no place in a checkpoint")
            }
        }
    }

    private mutating func performScalar(_ operation: UInt8) throws -> Bool {
        switch operation {
        case UInt8(ascii: "N"): stack.append(.none)
        case 0x88: stack.append(.bool(true))
        case 0x89: stack.append(.bool(false))
        case UInt8(ascii: "K"): stack.append(.int(Int(try byte())))
        case UInt8(ascii: "M"): stack.append(.int(try length(2)))
        case UInt8(ascii: "J"): stack.append(.int(Int(Int32(truncatingIfNeeded: try length(4)))))
        case 0x8a: stack.append(long(try take(Int(byte()))))
        case 0x8b: stack.append(long(try take(length(4))))
        case UInt8(ascii: "G"): stack.append(.real(Double(bitPattern: try take(8).reduce(0) { $0 << 8 | UInt64($1) })))
        case UInt8(ascii: "X"): stack.append(try text(length(4)))
        case 0x8c: stack.append(try text(Int(byte())))
        case 0x8d: stack.append(try text(length(8)))
        case UInt8(ascii: "U"): stack.append(try text(Int(byte())))
        case UInt8(ascii: "T"): stack.append(try text(length(4)))
        case UInt8(ascii: "C"): stack.append(.data(Array(try take(Int(byte())))))
        case UInt8(ascii: "B"): stack.append(.data(Array(try take(length(4)))))
        case 0x8e, 0x96: stack.append(.data(Array(try take(length(8)))))
        default: return false
        }
        return true
    }

    private mutating func performContainer(_ operation: UInt8) throws -> Bool {
        switch operation {
        case UInt8(ascii: ")"): stack.append(heap.tuple([]))
        case UInt8(ascii: "t"), 0x91: stack.append(heap.tuple(try popMark()))  // tuples, and frozen sets as such
        case 0x85...0x87:
            let items = try (0..<Int(operation) - 0x84).map { _ in try pop() }
            stack.append(heap.tuple(items.reversed()))
        case UInt8(ascii: "]"), 0x8f:  // lists, and sets as such
            heap.lists.append([])
            stack.append(.list(heap.lists.count - 1))
        case UInt8(ascii: "}"): stack.append(newDictionary([]))
        case UInt8(ascii: "a"): try append([pop()])
        case UInt8(ascii: "e"), 0x90: try append(popMark())
        case UInt8(ascii: "s"):
            let value = try pop(), key = try pop()
            try setItems([key, value])
        case UInt8(ascii: "u"): try setItems(popMark())
        default: return false
        }
        return true
    }

    private mutating func performCall(_ operation: UInt8) throws -> Bool {
        switch operation {
        case UInt8(ascii: "c"): stack.append(try callable(module: line(), name: line()))
        case 0x93:  // STACK_GLOBAL
            guard case .text(let name) = try pop(), case .text(let module) = try pop() else {
                throw failure("a global without a name")
            }
            stack.append(try callable(module: module, name: name))
        case UInt8(ascii: "R"), 0x81: stack.append(try reduce(arguments: pop()))  // REDUCE, NEWOBJ
        case 0x92:  // NEWOBJ_EX: its keywords say nothing about tensors
            _ = try pop()
            stack.append(try reduce(arguments: pop()))
        case UInt8(ascii: "b"):
            let state = try pop()
            stack.append(try build(try pop(), state))
        case UInt8(ascii: "Q"): stack.append(try persistent(try pop()))
        default: return false
        }
        return true
    }

    // MARK: What the names stand for

    private func callable(module: String, name: String) throws -> PickleValue {
        guard !PickleCallable.isHarmful(module: module, name: name) else {
            throw failure(
                "the file wants to use '\(quoted(module)).\(quoted(name))', which has no place beside weights: do not "
                    + "load it with Python, which would run that; nothing of it was run here")
        }
        return .callable(PickleCallable(module: module, name: name))
    }

    private mutating func reduce(arguments: PickleValue) throws -> PickleValue {
        let called = try pop()
        guard let arguments = heap.items(arguments) else { throw failure("something is called that is no function") }
        switch called {
        case .callable(let callable): return try call(callable, arguments)
        case .object(let index): return heap.object(of: heap.objects[index].className)
        default: throw failure("something is called that is no function")
        }
    }

    private mutating func call(_ callable: PickleCallable, _ arguments: [PickleValue]) throws -> PickleValue {
        switch callable {
        case .orderedDictionary:
            guard let first = arguments.first else { return newDictionary([]) }
            guard let pairs = heap.items(first) else { throw failure("an OrderedDict of something else than pairs") }
            try spend(pairs.count)
            return newDictionary(
                try pairs.map { pair in
                    guard let pair = heap.items(pair), pair.count == 2 else {
                        throw failure("an OrderedDict of something else than pairs")
                    }
                    return (pair[0], pair[1])
                })
        case .rebuildTensor, .rebuildTensorV2:
            guard arguments.count >= 4, case .storage(let storage) = arguments[0], case .int(let offset) = arguments[1],
                let shape = integers(arguments[2]), let strides = integers(arguments[3])
            else {
                throw failure("a tensor is not made of storage, offset, shape and strides")
            }
            return tensor(
                StoredTensor(
                    storage: storage, offset: offset, shape: shape, strides: strides,
                    isNegated: arguments.count > 6 && isNegated(arguments[6])))
        case .rebuildFromType:
            guard arguments.count >= 3, case .callable(let callable) = arguments[0], callable != .rebuildFromType,
                let arguments = heap.items(arguments[2])
            else { throw failure("a tensor's subclass is not made of a tensor") }
            return try call(callable, arguments)
        case .other(let name): return heap.object(of: name)
        case .rebuildParameter, .parameter:
            guard let first = arguments.first else { return .callable(.parameter) }  // filled by the following BUILD
            guard case .tensor = first else { throw failure("a parameter that is no tensor") }
            return first
        case .size:
            guard arguments.count == 1, integers(arguments[0]) != nil else {
                throw failure("a size that is not made of a few integers")
            }
            return arguments[0]
        case .elements: throw failure("a storage or tensor class is called")
        }
    }

    /// The negative-view bit of a tensor's metadata (`torch._utils.get_tensor_metadata`): its storage holds the
    /// negated numbers.
    private func isNegated(_ metadata: PickleValue) -> Bool {
        if case .dictionary(let index) = metadata, case .bool(true) = heap.value("neg", in: index) {
            true
        } else {
            false
        }
    }

    /// What `__setstate__` does: nothing that matters here, but to a parameter of PyTorch before 0.2, whose tensor
    /// comes first in it.
    private mutating func build(_ object: PickleValue, _ state: PickleValue) throws -> PickleValue {
        switch object {
        case .dictionary, .tensor, .callable(.other): return object
        case .object(let index):
            heap.objects[index].state = state
            return object
        case .callable(.parameter):
            guard let tensor = heap.items(state)?.first, case .tensor = tensor else {
                throw failure("a parameter without a tensor")
            }
            return tensor
        default: throw failure("a state is set on something that has none")
        }
    }

    private mutating func persistent(_ id: PickleValue) throws -> PickleValue {
        switch persistentIDs {
        case .storages:
            // A class with its source, which a whole model brings.
            if let parts = heap.items(id), parts.count > 1, case .text("module") = parts[0], case .callable = parts[1] {
                return parts[1]
            }
            guard let parts = heap.items(id), parts.count >= 5, case .text("storage") = parts[0],
                case .callable(.elements(let type)) = parts[1],
                case .text(let key) = parts[2], case .int(let count) = parts[4], (0...1 << 48).contains(count)
            else {
                throw failure("a reference to something that is no storage")
            }
            if parts.count > 5, case .tuple = parts[5] {
                throw failure("a view of a storage (PyTorch before 0.2) is not read")
            }
            heap.storageTypes[key] = type
            return .storage(StoredStorage(key: key, type: type, count: count))
        case .table(let table):
            let key: String
            switch id {
            case .text(let text): key = text
            case .int(let number): key = String(number)
            default: throw failure("a reference to something that is no tensor; save model.state_dict() instead")
            }
            guard let value = table[key] else { throw failure("a reference to a tensor that is not in the file") }
            return value
        }
    }

    // MARK: Stack and heap

    private mutating func pop() throws -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.popLast() else { throw failure("the stack is empty") }
        return value
    }

    private func top() throws -> PickleValue {
        guard let value = stack.last else { throw failure("the stack is empty") }
        return value
    }

    private mutating func popMark() throws -> [PickleValue] {
        guard let mark = marks.popLast() else { throw failure("there is no mark") }
        let items = Array(stack[mark...])
        stack.removeSubrange(mark...)
        return items
    }

    private func recall(_ index: Int) throws -> PickleValue {
        guard let value = memo[index] else { throw failure("nothing was kept under \(index)") }
        return value
    }

    private mutating func newDictionary(_ items: [(PickleValue, PickleValue)]) -> PickleValue {
        heap.dictionaries.append(items)
        return .dictionary(heap.dictionaries.count - 1)
    }

    private mutating func tensor(_ tensor: StoredTensor) -> PickleValue {
        heap.tensors.append(tensor)
        return .tensor(heap.tensors.count - 1)
    }

    private mutating func append(_ items: [PickleValue]) throws {
        if case .object = try top() { return }
        guard case .list(let index) = try top() else { throw failure("items are added to something that is no list") }
        heap.lists[index] += items
    }

    private mutating func setItems(_ items: [PickleValue]) throws {
        guard items.count % 2 == 0 else { throw failure("a key without a value, as no dictionary has one") }
        let pairs = stride(from: 0, to: items.count, by: 2).map { (items[$0], items[$0 + 1]) }
        switch try top() {
        case .dictionary(let index): heap.dictionaries[index] += pairs
        case .object(let index):
            // A subclass of a dictionary; its items are as good as a dictionary's.
            let dictionary = heap.objects[index].items ?? heap.dictionaries.count
            if heap.objects[index].items == nil {
                heap.dictionaries.append([])
                heap.objects[index].items = dictionary
            }
            heap.dictionaries[dictionary] += pairs
        default: throw failure("items are set on something that is no dictionary")
        }
    }

    private func integers(_ value: PickleValue) -> [Int]? {
        guard let items = heap.items(value), items.count <= Unpickler.mostAxes else { return nil }
        let numbers = items.compactMap { if case .int(let number) = $0 { number } else { nil } }
        return numbers.count == items.count ? numbers : nil
    }

    // MARK: Bytes

    private func failure(_ reason: String) -> Failure { Failure(offset: start, reason: reason) }

    private mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count >= 0, count <= bytes.count - position else {
            throw failure("the pickle is cut off; fetch the file again")
        }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    private mutating func byte() throws -> UInt8 { try take(1)[0] }

    /// A little-endian unsigned number of some bytes.
    private mutating func length(_ size: Int) throws -> Int {
        let number = try take(size).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let length = Int(exactly: number) else { throw failure("the length \(number) is too large") }
        return length
    }

    /// A little-endian two's complement number.
    private func long(_ digits: UnsafeRawBufferPointer) -> PickleValue {
        guard digits.count <= 8 else { return .data(Array(digits)) }
        let negative = digits.last.map { $0 >= 0x80 } ?? false
        return .int(digits.reversed().reduce(negative ? -1 : 0) { $0 << 8 | Int($1) })
    }

    private mutating func text(_ count: Int) throws -> PickleValue {
        .text(String(decoding: try take(count), as: UTF8.self))
    }

    private mutating func line() throws -> String {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
        guard let end = rest.prefix(256).firstIndex(of: UInt8(ascii: "\n")) else {
            throw failure("a name is cut off or too long")
        }
        defer { position += end + 1 }
        return String(decoding: rest[..<end], as: UTF8.self)
    }
}
