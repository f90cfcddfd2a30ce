import Fingerprints

extension Matrix.Row {
    /// The row as the matrix has it, or where `backbone.layers` names several layers of one pass, a row for each of
    /// them.
    /// - Throws: `TextError` where `backbone.layer` stands beside it.
    func byLayer() throws(TextError) -> [Matrix.Row] {
        guard let backbone = experiment.member("backbone"), let layers = backbone.member("layers"), !layers.isNull,
            case .array(let items) = layers.content, !items.isEmpty
        else { return [self] }
        if let layer = backbone.member("layer"), !layer.isNull {
            throw TextError(
                layer.place,
                "\"backbone.layer\" must be absent where \"backbone.layers\" names them; on the command line: --set backbone.layer=null"
            )
        }
        var rows: [Matrix.Row] = []
        for item in items {
            guard let name = item.value.stringValue else { return [self] }
            let own = try experiment.setting(["backbone", "layer"], to: item, at: item.place) {
                TextError(item.place, "\"backbone.layer\" cannot be set: \($0)")
            }
            rows.append(Matrix.Row(labels: labels + [name], experiment: own))
        }
        return rows
    }
}

extension JSONNode {
    /// The value under a key of an object.
    fileprivate func member(_ key: String) -> JSONNode? {
        guard case .object(let members) = content else { return nil }
        return members.first { $0.key == key }?.value
    }
}
