/// A dictionary of a checkpoint that has tensors in it: a `state_dict`.
struct TensorDictionary: Sendable {
    /// The keys that lead to it from the root, joined by dots; empty for the root.
    let key: String
    /// In the file's order.
    let names: [String]
    let tensors: [String: StoredTensor]
    /// What stands under the other text keys: classes of objects that are read as nothing.
    let others: [String: String]

    /// - Returns: nil for a dictionary without tensors.
    private init?(_ dictionary: Int, key: String, in content: CheckpointContent, path: String) throws {
        var names: [String] = [], tensors: [String: StoredTensor] = [:], others: [String: String] = [:]
        for entry in content.heap.dictionaries[dictionary] {
            guard case .text(let written) = entry.key else { continue }
            let name = OldNames.current(written)
            switch entry.value {
            case .tensor(let index):
                guard tensors.updateValue(content.heap.tensors[index], forKey: name) == nil else {
                    throw CheckpointError(path: path, reason: "has two tensors of the name '\(quoted(name))'")
                }
                names.append(name)
            case .object(let index): others[name] = content.heap.objects[index].className
            default: break
            }
        }
        guard !names.isEmpty else { return nil }
        (self.key, self.names, self.tensors, self.others) = (key, names, tensors, others)
    }

    /// The dictionaries with tensors that text keys lead to from the root, four deep, in the file's order, the root
    /// first.
    /// - Throws: `CheckpointError` when there is none.
    static func all(in content: CheckpointContent, path: String) throws -> [TensorDictionary] {
        func fault(_ reason: String) -> CheckpointError { CheckpointError(path: path, reason: reason) }
        func wholeModel(_ name: String, _ place: String) -> CheckpointError {
            fault(
                "holds \(place)a whole model with its Python class '\(quoted(name))', which is code and is not run; "
                    + "load it in Python and save its state_dict(): torch.save(model.state_dict(), …)")
        }
        if let name = content.heap.moduleClass(content.root) { throw wholeModel(name, "") }
        guard let root = content.heap.dictionary(content.root) else {
            throw fault("holds no dictionary of tensors; save model.state_dict()")
        }
        var found: [TensorDictionary] = [], visited: Set<Int> = []
        func visit(_ dictionary: Int, _ key: String, depth: Int) throws {
            guard visited.count < 10_000, visited.insert(dictionary).inserted else { return }
            if let one = try TensorDictionary(dictionary, key: key, in: content, path: path) { found.append(one) }
            guard depth < 4 else { return }
            for entry in content.heap.dictionaries[dictionary] {
                guard case .text(let name) = entry.key, let inner = content.heap.dictionary(entry.value) else {
                    continue
                }
                try visit(inner, key.isEmpty ? name : key + "." + name, depth: depth + 1)
            }
        }
        try visit(root, "", depth: 0)
        if found.isEmpty {
            var keys: [String] = []
            for entry in content.heap.dictionaries[root] {
                guard case .text(let key) = entry.key else { continue }
                if let name = content.heap.moduleClass(entry.value) {
                    throw wholeModel(name, "under '\(quoted(key))' ")
                }
                keys.append("'\(quoted(key))'")
            }
            throw fault("holds no tensors" + (keys.isEmpty ? "" : ", only " + keys.prefix(8).joined(separator: ", ")))
        }
        return found
    }

    /// What to say of a tensor that is wanted and not there.
    func lacks(_ name: String) -> String {
        if let other = others[name] {
            return
                "what stands under '\(quoted(name))' is made by '\(quoted(other))', which is not read: expected a plain tensor of floating numbers"
        }
        let place = key.isEmpty ? "" : " under the key '\(quoted(key))'"
        return
            "has no tensor '\(quoted(name))'\(place); it has \(names.count), from '\(quoted(names.first ?? ""))' to '\(quoted(names.last ?? ""))'"
    }
}
