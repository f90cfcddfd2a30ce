/// One JSON object that a user wrote, read key by key: experiments, manifests, lock files.
///
/// A key it does not know is an error that names the nearest known one, `null` stands for an absent key, and keys that
/// begin with `$` are comments. Every error names the place of what is wrong, and its key from the root on
/// (`claims.1.k`).
public struct Fields: Sendable {
    private let node: JSONNode
    private let path: [String]
    private let members: [JSONNode.Member]

    /// - Parameters:
    ///   - path: the keys that lead to the object; a list's elements count from 0.
    ///   - what: what the object is, for errors at the root.
    /// - Throws: `TextError` when `node` is no object or has a key outside `known`.
    public init(
        _ node: JSONNode, at path: [String] = [], known: [String], what: String = "the file"
    ) throws(TextError) {
        self.node = node
        self.path = path
        guard case .object(let members) = node.content else {
            let name = path.isEmpty ? what : "\"\(path.joined(separator: "."))\""
            throw TextError(node.place, "\(name) must be an object {…}; it is \(node.value.json(pretty: false))")
        }
        self.members = members
        for member in members where !known.contains(member.key) && !member.key.hasPrefix("$") {
            let hint =
                nearest(to: member.key, among: known).map { "did you mean \"\($0)\"?" }
                ?? "known keys are \(known.sorted().joined(separator: ", "))"
            throw TextError(member.place, "unknown key \(name(of: member.key)); \(hint)")
        }
    }

    /// What stands under a key; nil for `null`.
    public func node(_ key: String) -> JSONNode? {
        members.first { $0.key == key }.flatMap { $0.value.isNull ? nil : $0.value }
    }

    /// Whether something other than `null` stands under the key.
    public func has(_ key: String) -> Bool { node(key) != nil }

    private func name(of key: String) -> String { "\"\((path + [key]).joined(separator: "."))\"" }

    /// The error that `key` must be something else.
    public func error(_ key: String, _ expected: String) -> TextError {
        guard let found = node(key) else {
            return TextError(place(ofAbsent: key), "\(name(of: key)) must be \(expected)")
        }
        return TextError(found.place, "\(name(of: key)) must be \(expected); it is \(found.value.json(pretty: false))")
    }

    /// The error that an element of the list under `key` must be something else.
    public func error(_ key: String, index: Int, _ expected: String) -> TextError {
        let item = items(key)[index], found = item.value.json(pretty: false)
        return TextError(item.place, "\(name(of: "\(key).\(index)")) must be \(expected); it is \(found)")
    }

    /// The error that the text under `key` is none of `names`.
    public func choiceError(_ key: String, _ text: String, _ names: [String], at place: TextPlace? = nil) -> TextError {
        let hint = nearest(to: text, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
        return TextError(
            place ?? node(key)?.place ?? node.place,
            "\(name(of: key)) is \"\(text)\", not one of \(names.joined(separator: ", "))\(hint)")
    }

    /// Of the `null` that says that the key is absent, or else of the object.
    private func place(ofAbsent key: String) -> TextPlace { members.first { $0.key == key }?.value.place ?? node.place }

    /// What `read` finds under `key`, which may not be absent.
    /// - Throws: `TextError` naming what lacks the key, and what `read` throws.
    public func required<T>(_ key: String, _ expected: String, _ read: (String) throws -> T?) throws -> T {
        guard let value = try read(key) else { throw lacks(key, expected) }
        return value
    }

    /// The error that a needed key is absent.
    public func lacks(_ key: String, _ expected: String) -> TextError {
        let owner = path.isEmpty ? "the file" : "\"\(path.joined(separator: "."))\""
        return TextError(place(ofAbsent: key), "\(owner) lacks \"\(key)\", which must be \(expected)")
    }

    /// The text under the key, never empty; nil where the key is absent.
    /// - Throws: `TextError` for anything but a string of at least one character.
    public func string(_ key: String) throws(TextError) -> String? {
        guard let node = node(key) else { return nil }
        guard case .string(let text) = node.content, !text.isEmpty else {
            throw error(key, "a string that is not empty")
        }
        return text
    }

    /// The truth value under the key; nil where the key is absent.
    /// - Throws: `TextError` for anything but `true` and `false`.
    public func bool(_ key: String) throws(TextError) -> Bool? {
        guard let node = node(key) else { return nil }
        guard case .bool(let flag) = node.content else { throw error(key, "true or false") }
        return flag
    }

    /// A whole number, also one written as `1.0`.
    /// - Throws: `TextError` for anything but a whole number in `range`; the message gives the range.
    public func int(_ key: String, in range: ClosedRange<Int>) throws(TextError) -> Int? {
        guard let node = node(key) else { return nil }
        guard let number = node.value.intValue, range.contains(number) else {
            throw error(
                key,
                range.upperBound == .max
                    ? "a whole number of at least \(range.lowerBound)"
                    : "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A number within `range`, whole or not; nil where the key is absent.
    /// - Throws: `TextError` for anything but a number in `range`; the message gives the range.
    public func double(_ key: String, in range: ClosedRange<Double>) throws(TextError) -> Double? {
        guard let node = node(key) else { return nil }
        guard let number = node.value.doubleValue, range.contains(number) else {
            throw error(key, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The case of `type` whose raw value stands under the key; nil where the key is absent.
    /// - Throws: `TextError` for anything but a string, an empty one, and one that names no case: it suggests the
    ///   nearest.
    public func choice<T: RawRepresentable & CaseIterable>(_ key: String, _ type: T.Type) throws(TextError) -> T?
    where T.RawValue == String {
        guard let text = try string(key) else { return nil }
        if let found = T(rawValue: text) { return found }
        throw choiceError(key, text, T.allCases.map(\.rawValue))
    }

    /// The texts of the list under the key, empty ones too; nil where the key is absent.
    /// - Throws: `TextError` for anything but a list of strings, at the first element that is none.
    public func strings(_ key: String) throws(TextError) -> [String]? { try list(key, "a string", \.stringValue) }

    /// Strings of which each is one of `names`.
    /// - Throws: `TextError` as `strings`, and at the first string that is none of `names`: it suggests the nearest.
    public func strings(_ key: String, among names: [String]) throws(TextError) -> [String]? {
        guard let texts = try strings(key) else { return nil }
        for (text, node) in zip(texts, items(key)) where !names.contains(text) {
            throw choiceError(key, text, names, at: node.place)
        }
        return texts
    }

    /// The whole numbers of the list under the key; nil where the key is absent.
    /// - Throws: `TextError` for anything but a list of whole numbers, at the first element that is none.
    public func ints(_ key: String) throws(TextError) -> [Int]? { try list(key, "a whole number", \.intValue) }

    /// The numbers of the list under the key, whole or not; nil where the key is absent.
    /// - Throws: `TextError` for anything but a list of numbers, at the first element that is none.
    public func doubles(_ key: String) throws(TextError) -> [Double]? { try list(key, "a number", \.doubleValue) }

    private func list<T>(_ key: String, _ one: String, _ read: (Value) -> T?) throws(TextError) -> [T]? {
        guard let node = node(key) else { return nil }
        guard case .array(let items) = node.content else { throw error(key, "a list: \(one) each") }
        var list: [T] = []
        for (index, item) in items.enumerated() {
            guard let value = read(item.value) else { throw error(key, index: index, one) }
            list.append(value)
        }
        return list
    }

    /// The elements of a list, none for anything else.
    private func items(_ key: String) -> [JSONNode] {
        if case .array(let items)? = node(key)?.content { items } else { [] }
    }

    /// The object under `key`, or an empty one.
    /// - Throws: `TextError` for anything but an object, and for a key in it that is not `known`.
    public func object(_ key: String, known: [String]) throws(TextError) -> Fields {
        try Fields(node(key) ?? JSONNode(.object([]), at: place(ofAbsent: key)), at: path + [key], known: known)
    }

    /// The objects of the list under `key`, or none.
    /// - Throws: `TextError` for anything but a list of objects, and for a key in one that is not `known`.
    public func objects(_ key: String, known: [String]) throws(TextError) -> [Fields] {
        guard has(key) else { return [] }
        guard case .array(let items)? = node(key)?.content else { throw error(key, "a list of objects") }
        var objects: [Fields] = []
        for (index, item) in items.enumerated() {
            objects.append(try Fields(item, at: path + [key, String(index)], known: known))
        }
        return objects
    }

    /// The objects under `key` by their names, in the order of the text.
    /// - Throws: `TextError` for anything but an object of objects, and for a key in one that is not `known`.
    public func namedObjects(_ key: String, known: [String]) throws(TextError) -> [(name: String, fields: Fields)] {
        guard has(key) else { return [] }
        guard case .object(let members)? = node(key)?.content else { throw error(key, "an object of objects") }
        var objects: [(String, Fields)] = []
        for member in members {
            objects.append((member.key, try Fields(member.value, at: path + [key, member.key], known: known)))
        }
        return objects
    }
}
