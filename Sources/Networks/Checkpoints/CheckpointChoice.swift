/// Which dictionary of a checkpoint is read, and what stands before the names in it.
struct CheckpointChoice {
    let dictionary: TensorDictionary
    let prefix: String

    /// Keys under which training programs keep the weights themselves; of several dictionaries that fit, the first of
    /// these is taken.
    private static let usualKeys = ["", "state_dict", "model_state_dict", "model", "net"]

    /// - Throws: `CheckpointError` when nothing fits, or several do and none is the usual one.
    init(_ found: [TensorDictionary], wanted: [String], key: String?, prefix: String?, path: String) throws {
        var candidates = found.sorted { Self.rank($0) < Self.rank($1) }
        if let key {
            candidates = candidates.filter { $0.key == key }
            guard !candidates.isEmpty else {
                let keys = found.map { $0.key.isEmpty ? "the file itself" : "'\(quoted($0.key))'" }.joined(
                    separator: ", ")
                throw CheckpointError(
                    path: path,
                    reason: "has no tensors under weights.key '\(quoted(key))'; there are some under \(keys)")
            }
        }
        let fitting = candidates.map { (dictionary: $0, prefixes: $0.prefixes(wanted, given: prefix)) }.filter {
            !$0.prefixes.isEmpty
        }
        guard let first = fitting.first else { throw Self.nothingFits(candidates, wanted, prefix, path) }
        if fitting.count > 1, Self.rank(first.dictionary) == Self.usualKeys.count {
            let keys = fitting.map { "'\(quoted($0.dictionary.key))'" }.joined(separator: ", ")
            throw CheckpointError(
                path: path, reason: "has such weights under several keys (\(keys)); say which with weights.key")
        }
        guard first.prefixes.count == 1 || first.prefixes.contains("") else {
            let prefixes = first.prefixes.map { "'\(quoted($0))'" }.joined(separator: ", ")
            throw CheckpointError(
                path: path,
                reason: "has such weights under several prefixes (\(prefixes)); say which with weights.prefix")
        }
        dictionary = first.dictionary
        self.prefix = first.prefixes.contains("") ? "" : first.prefixes[0]
    }

    private static func rank(_ dictionary: TensorDictionary) -> Int {
        usualKeys.firstIndex(of: dictionary.key) ?? usualKeys.count
    }

    /// Names the first and the last tensor that are missing where most of what is wanted was found.
    private static func nothingFits(
        _ candidates: [TensorDictionary], _ wanted: [String], _ prefix: String?, _ path: String
    ) -> CheckpointError {
        var best: (count: Int, reason: String)?
        for dictionary in candidates {
            for prefix in prefix.map({ [$0] }) ?? dictionary.possiblePrefixes(wanted) + [""] {
                let missing = wanted.filter { dictionary.tensors[prefix + $0] == nil },
                    count = wanted.count - missing.count
                guard count > best?.count ?? -1, let first = missing.first, let last = missing.last else { continue }
                let more = missing.count > 1 ? ", nor \(missing.count - 1) more, up to '\(quoted(prefix + last))'" : ""
                best = (count, dictionary.lacks(prefix + first) + more)
            }
        }
        return CheckpointError(
            path: path, reason: (best?.reason ?? "holds no tensors") + "; are these weights of another architecture?")
    }
}

extension TensorDictionary {
    /// The prefixes under which all of `wanted` are found; only the given one, where one is given.
    fileprivate func prefixes(_ wanted: [String], given: String?) -> [String] {
        if wanted.isEmpty { return [given ?? ""] }
        return (given.map { [$0] } ?? possiblePrefixes(wanted)).filter { prefix in
            wanted.allSatisfy { tensors[prefix + $0] != nil || others[prefix + $0] != nil }
        }
    }

    /// What stands before the first name that is wanted, wherever it ends a name of the file.
    fileprivate func possiblePrefixes(_ wanted: [String]) -> [String] {
        guard let first = wanted.first else { return [""] }
        return (names + others.keys.sorted()).filter { $0.hasSuffix(first) }.map { String($0.dropLast(first.count)) }
    }
}
