import Fingerprints
import Foundation
import Reporting

/// The files that runs leave in their results folder, of this version or an earlier one.
enum ResultsNames {
    /// Tables by their files' names without the ending, and the endings that they have.
    static let tables: [(name: String, endings: [String])] =
        ConceptShare.allCases.map { (RecallTable.fileName($0), ["csv", "json", "md", "tex"]) }
        + [
            ("deviations", ["csv", "json", "md", "tex"]), ("seeds", ["csv", "md"]), ("filters", ["csv", "md"]),
            ("training", ["csv"]), ("faithfulness", ["csv", "json", "md", "tex"]),
            ("planted", ["csv", "json", "md", "tex"]), ("agreement", ["csv", "json", "md", "tex"]),
        ]

    static let all = Set(
        tables.flatMap { table in table.endings.map { "\(table.name).\($0)" } }
            + ["training-loss.svg", "training-hits.svg", ProvenanceCrate.workflow, ProvenanceCrate.name])
}

extension ExperimentFile {
    /// The most bytes of what `--set` and `--seeds` add to a folder's name.
    private static let mostBytesOfChanges = 100

    /// The name of the results folder: the experiment's, and behind an `@` what `--set` and `--seeds` say, by key:
    /// `demo@train.epochs=3`.
    ///
    /// Two runs of one file have the same name just where what they set has the same values in the end. Bytes that a
    /// path or a shell could take for something else are written as `%2F`; what is longer than 100 bytes ends in `~`
    /// and a digest of the whole. A run that sets `name` is named so.
    public var resultsName: String {
        let keys = Set(settings.map { String($0.prefix { $0 != "=" }) })
        guard !keys.contains("name") else { return name }
        var changes = keys.sorted().map { "\(Self.escaped($0))=\(Self.escaped(text(of: $0)))" }
        if let seeds { changes.append("seeds=" + Self.text(of: seeds)) }
        guard !changes.isEmpty else { return name }
        let all = changes.joined(separator: ",")
        guard all.utf8.count > Self.mostBytesOfChanges else { return "\(name)@\(all)" }
        let digest = Digest(hashing: Array(all.utf8)).hex.prefix(16)
        return "\(name)@\(all.prefix(Self.mostBytesOfChanges - 17))~\(digest)"
    }

    /// The value that a key has after all settings: a string as it is, if it could be nothing else, or else JSON.
    private func text(of key: String) -> String {
        var found: Value? = value
        let parts = key.split(separator: ".").map(String.init)
        // A matrix's keys have dots of their own.
        for part in parts.first == "matrix" && parts.count > 1
            ? ["matrix", parts[1...].joined(separator: ".")] : parts
        {
            found =
                found?[part]
                ?? Int(part).flatMap { index in
                    found?.arrayValue.flatMap { $0.indices.contains(index) ? $0[index] : Value?.none }
                }
        }
        guard let found else {
            return settings.last { $0.hasPrefix(key + "=") }.map { String($0.dropFirst(key.count + 1)) } ?? ""
        }
        guard case .string(let text) = found, (try? Value(json: text)) == nil else {
            return found.json(pretty: false)
        }
        return text
    }

    /// `0..4`, or `0+2+5`.
    static func text(of seeds: [Int]) -> String {
        guard let first = seeds.first, let last = seeds.last, seeds.count > 1,
            seeds == Array(first...max(first, last))
        else {
            return seeds.map(String.init).joined(separator: "+")
        }
        return "\(first)..\(last)"
    }

    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let plain =
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
                || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || "_-.".utf8.contains(byte)
            return plain
                ? String(UnicodeScalar(byte))
                : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}

extension Value {
    /// The keys whose values differ from another's, `a.b` with both values: what a person would have set.
    func differences(from old: Value, at path: String = "") -> [(key: String, old: Value?, new: Value?)] {
        guard case .object(let new) = self, case .object(let before) = old else {
            return self == old ? [] : [(path, old, self)]
        }
        return Set(new.keys).union(before.keys).sorted().flatMap { key -> [(key: String, old: Value?, new: Value?)] in
            let path = path.isEmpty ? key : "\(path).\(key)"
            guard let a = before[key], let b = new[key] else { return [(path, before[key], new[key])] }
            return b.differences(from: a, at: path)
        }
    }
}
