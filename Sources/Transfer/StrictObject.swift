import Fingerprints

/// A JSON object read with a fixed set of keys: an unknown key is an error that names the nearest known one.
struct StrictObject {
    let source: String
    let place: String
    private let members: [String: Value]

    init(_ value: Value, source: String, place: String, keys: [String]) throws(ManifestError) {
        self.source = source
        self.place = place
        guard let members = value.objectValue else {
            throw ManifestError(source: source, place: place, problem: "expected an object, found \(value.kind)")
        }
        self.members = members
        if let unknown = members.keys.filter({ !keys.contains($0) }).min() {
            let guess = nearest(to: unknown, among: keys)
            let hint = guess.map { "; did you mean \"\($0)\"?" } ?? "; known keys: \(keys.joined(separator: ", "))"
            throw ManifestError(source: source, place: place, problem: "unknown key \"\(unknown)\"\(hint)")
        }
    }

    func error(_ key: String, _ problem: String) -> ManifestError {
        ManifestError(source: source, place: place(of: key), problem: problem)
    }

    func place(of key: String) -> String { place.isEmpty ? key : "\(place).\(key)" }

    func contains(_ key: String) -> Bool { members[key] != nil }

    func string(_ key: String) throws(ManifestError) -> String {
        guard let value = members[key] else { throw error(key, "missing") }
        guard let text = value.stringValue else { throw error(key, "expected a string, found \(value.kind)") }
        return text
    }

    func bool(_ key: String, default fallback: Bool) throws(ManifestError) -> Bool {
        guard let value = members[key] else { return fallback }
        guard let flag = value.boolValue else { throw error(key, "expected true or false, found \(value.kind)") }
        return flag
    }

    /// A size in bytes; nil when the key is absent.
    func size(_ key: String) throws(ManifestError) -> Int? {
        guard let value = members[key] else { return nil }
        guard let size = value.intValue, size >= 0 else { throw error(key, "expected a whole number of bytes, found \(value.kind)") }
        return size
    }

    /// A SHA-256; nil when the key is absent.
    func sha256(_ key: String) throws(ManifestError) -> Digest? {
        guard contains(key) else { return nil }
        guard let digest = Digest(hex: try string(key)) else { throw error(key, "expected 64 hex digits") }
        return digest
    }

    /// The elements of an array with their places; none when the key is absent.
    func array(_ key: String) throws(ManifestError) -> [(place: String, value: Value)] {
        guard let value = members[key] else { return [] }
        guard let values = value.arrayValue else { throw error(key, "expected an array, found \(value.kind)") }
        return values.enumerated().map { ("\(place(of: key))[\($0.offset)]", $0.element) }
    }

    /// The members of an object, sorted by key.
    func object(_ key: String) throws(ManifestError) -> [(key: String, value: Value)] {
        guard let value = members[key] else { throw error(key, "missing") }
        guard let members = value.objectValue else { throw error(key, "expected an object, found \(value.kind)") }
        return members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

extension Value {
    /// The JSON type, for error messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .int(let value): String(value)
        case .double(let value): String(value)
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// The candidate with the fewest single-letter edits from `word`, the first of equals; nil when none is within half its length.
func nearest(to word: String, among candidates: [String]) -> String? {
    let scored = candidates.map { (candidate: $0, distance: editDistance(Array(word.utf8), Array($0.utf8))) }
    guard let best = scored.min(by: { $0.distance < $1.distance }), best.distance <= max(2, word.utf8.count / 2) else { return nil }
    return best.candidate
}

/// Levenshtein's distance.
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, other) in b.enumerated() {
            let substituted = diagonal + (letter == other ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substituted, diagonal + 1, row[j] + 1)
        }
    }
    return row[b.count]
}
