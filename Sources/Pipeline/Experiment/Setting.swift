import Fingerprints

/// One `--set KEY=VALUE`: a dotted key, and a value that is JSON or else a text.
struct Setting {
    /// Keys of `matrix` have dots of their own: `matrix.protocol.deviations` is the member `protocol.deviations` of
    /// `matrix`.
    let path: [String]
    let value: JSONNode
    /// The argument, by which errors name the setting.
    private let place: TextPlace

    /// - Throws: `TextError`.
    init(_ argument: String) throws(TextError) {
        let shown = argument.count > 80 ? argument.prefix(79) + "…" : argument
        place = TextPlace(whole: "--set \(shown)")
        guard let equals = argument.firstIndex(of: "=") else {
            throw TextError(place, "expected KEY=VALUE, e.g. --set evaluate.topImages=10")
        }
        let keys = argument[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard !keys.contains("") else {
            throw TextError(place, "a part of the key is empty; expected KEY=VALUE, e.g. --set evaluate.topImages=10")
        }
        path = keys[0] == "matrix" && keys.count > 1 ? ["matrix", keys[1...].joined(separator: ".")] : keys
        value = try Self.value(String(argument[argument.index(after: equals)...]), place)
    }

    /// The seeds that `--seeds` asks for, as an axis of the matrix.
    init(seeds: [Int]) {
        place = TextPlace(whole: "--seeds")
        path = ["matrix", "seed"]
        value = JSONNode(value: .array(seeds.map { .int($0) }), at: place)
    }

    /// What begins as JSON's lists, objects and strings do is JSON; of the rest, what is no JSON is a text.
    private static func value(_ text: String, _ place: TextPlace) throws(TextError) -> JSONNode {
        do {
            return try JSONNode(json: text, argument: place.source)
        } catch {
            if let first = text.first(where: { !$0.isWhitespace }), "[{\"".contains(first) { throw error }
            return JSONNode(.string(text), at: place)
        }
    }

    /// `root` with the value set.
    func applied(to root: JSONNode) throws(TextError) -> JSONNode {
        try root.setting(path[...], to: value, at: place) { TextError(place, $0) }
    }

    /// - Throws: `TextError` when an axis of the matrix writes over what is set.
    func check(against axes: [[String]]) throws(TextError) {
        guard path[0] != "matrix", let axis = axes.first(where: { path.starts(with: $0) }) else { return }
        let key = axis.joined(separator: ".")
        throw TextError(
            place,
            "it would have no effect, as every row of the matrix sets \"\(key)\"; "
                + "use --set 'matrix.\(key)=[…]', or --set matrix=null")
    }
}

extension JSONNode {
    /// The node with what stands at a path replaced; objects on the way are made where there is nothing.
    /// - Parameters:
    ///   - place: of what is made.
    ///   - done: the keys that led here.
    ///   - error: what to throw where the path leads through something else than an object or list.
    func setting(
        _ path: ArraySlice<String>, to value: JSONNode, at place: TextPlace, done: [String] = [],
        error: (String) -> TextError
    ) throws(TextError) -> JSONNode {
        guard let key = path.first else { return value }
        let rest = path.dropFirst()
        func child(_ node: JSONNode) throws(TextError) -> JSONNode {
            try node.setting(rest, to: value, at: place, done: done + [key], error: error)
        }
        switch content {
        case .object(var members):
            if let index = members.firstIndex(where: { $0.key == key }) {
                let keyPlace = rest.isEmpty ? place : members[index].place
                members[index] = Member(key: key, place: keyPlace, value: try child(members[index].value))
            } else {
                let nothing = JSONNode(.null, at: place)
                members.append(Member(key: key, place: place, value: try child(nothing)))
            }
            return JSONNode(.object(members), at: self.place)
        case .null:
            let made = Member(key: key, place: place, value: try child(self))
            return JSONNode(.object([made]), at: place)
        case .string where done == ["protocol"]:
            // `protocol` may stand as a bare name where its deviations are set.
            let base = JSONNode(.object([Member(key: "base", place: self.place, value: self)]), at: self.place)
            return try base.setting(path, to: value, at: place, done: done, error: error)
        case .array(var items):
            guard let index = items.indices.first(where: { String($0) == key }) else {
                throw error("\"\(done.joined(separator: "."))\" is a list of \(items.count); its elements count from 0")
            }
            items[index] = try child(items[index])
            return JSONNode(.array(items), at: self.place)
        default:
            throw error("\"\(done.joined(separator: "."))\" is \(self.value.json(pretty: false)) and has no \"\(key)\"")
        }
    }
}
