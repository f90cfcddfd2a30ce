import Fingerprints
import Foundation

/// The text of an experiment file, kept to name lines in errors.
struct ExperimentText: Sendable {
    let file: String
    let text: String

    /// `file:line` of the key at a dotted path, found by looking for each component after the one before it.
    func place(of path: [String]) -> String {
        var at = text.startIndex
        for key in path where Int(key) == nil {
            guard let found = text.range(of: "\"\(key)\"", range: at..<text.endIndex) else { break }
            at = found.lowerBound
        }
        return "\(file):\(text[..<at].count(where: { $0.isNewline }) + 1)"
    }
}

/// One JSON object of an experiment file, read key by key; a key it does not know is an error.
struct Fields {
    private let source: ExperimentText
    private let path: [String]
    private let values: [String: Value]

    /// - Throws: `ExperimentError` when `value` is no object or has a key outside `known`.
    init(_ value: Value, at path: [String] = [], known: [String], in source: ExperimentText) throws {
        self.source = source
        self.path = path
        guard case .object(let object) = value else {
            throw ExperimentError("\(source.place(of: path)): \(Self.name(path)) must be an object {…}")
        }
        values = object
        for key in object.keys.sorted() where !known.contains(key) && !key.hasPrefix("$") {
            let hint = nearest(to: key, among: known).map { "did you mean \"\($0)\"?" }
                ?? "known keys are \(known.sorted().joined(separator: ", "))"
            throw ExperimentError("\(source.place(of: path + [key])): unknown key \"\((path + [key]).joined(separator: "."))\"; \(hint)")
        }
    }

    private static func name(_ path: [String]) -> String {
        path.isEmpty ? "the experiment" : "\"\(path.joined(separator: "."))\""
    }

    func has(_ key: String) -> Bool { values[key] != nil && values[key] != .null }

    func value(_ key: String) -> Value? { has(key) ? values[key] : Optional.none }

    func error(_ key: String, _ expected: String) -> ExperimentError {
        let found = value(key).map { "; it is \($0.json(pretty: false))" } ?? ""
        return ExperimentError("\(source.place(of: path + [key])): \"\((path + [key]).joined(separator: "."))\" must be \(expected)\(found)")
    }

    func required<T>(_ key: String, _ expected: String, _ read: (String) throws -> T?) throws -> T {
        guard let value = try read(key) else {
            throw ExperimentError("\(source.place(of: path)): \(Self.name(path)) lacks \"\(key)\", which must be \(expected)")
        }
        return value
    }

    func string(_ key: String) throws -> String? {
        guard let value = value(key) else { return nil }
        guard case .string(let text) = value, !text.isEmpty else { throw error(key, "a string that is not empty") }
        return text
    }

    func bool(_ key: String) throws -> Bool? {
        guard let value = value(key) else { return nil }
        guard case .bool(let flag) = value else { throw error(key, "true or false") }
        return flag
    }

    func int(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let value = value(key) else { return nil }
        guard case .int(let number) = value, range.contains(number) else {
            throw error(key, range.upperBound == .max ? "a whole number of at least \(range.lowerBound)"
                : "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func double(_ key: String, in range: ClosedRange<Double>) throws -> Double? {
        guard let value = value(key) else { return nil }
        let number: Double
        switch value {
        case .int(let n): number = Double(n)
        case .double(let x): number = x
        default: throw error(key, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        guard range.contains(number) else { throw error(key, "a number from \(range.lowerBound) to \(range.upperBound)") }
        return number
    }

    func choice<T: RawRepresentable & CaseIterable>(_ key: String, _ type: T.Type) throws -> T? where T.RawValue == String {
        guard let text = try string(key) else { return nil }
        if let found = T(rawValue: text) { return found }
        throw choiceError(key, text, T.allCases.map(\.rawValue))
    }

    func choiceError(_ key: String, _ text: String, _ names: [String]) -> ExperimentError {
        let hint = nearest(to: text, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
        return ExperimentError("\(source.place(of: path + [key])): \"\((path + [key]).joined(separator: "."))\" is \"\(text)\", not one of \(names.joined(separator: ", "))\(hint)")
    }

    func strings(_ key: String) throws -> [String]? {
        try array(key, "a list of strings") { if case .string(let text) = $0 { text } else { nil } }
    }

    func ints(_ key: String) throws -> [Int]? {
        try array(key, "a list of whole numbers") { if case .int(let number) = $0 { number } else { nil } }
    }

    func doubles(_ key: String) throws -> [Double]? {
        try array(key, "a list of numbers") {
            switch $0 {
            case .int(let n): Double(n)
            case .double(let x): x
            default: nil
            }
        }
    }

    private func array<T>(_ key: String, _ expected: String, _ read: (Value) -> T?) throws -> [T]? {
        guard let value = value(key) else { return nil }
        guard case .array(let items) = value else { throw error(key, expected) }
        return try items.map {
            guard let item = read($0) else { throw error(key, expected) }
            return item
        }
    }

    /// The object under `key`, or an empty one.
    func object(_ key: String, known: [String]) throws -> Fields {
        try Fields(value(key) ?? .object([:]), at: path + [key], known: known, in: source)
    }

    /// The objects of the list under `key`, or none.
    func objects(_ key: String, known: [String]) throws -> [Fields] {
        guard let value = value(key) else { return [] }
        guard case .array(let items) = value else { throw error(key, "a list of objects") }
        return try items.enumerated().map { try Fields($1, at: path + [key, String($0)], known: known, in: source) }
    }
}
