extension ExperimentFile {
    /// The variant of a matrix row, of a layer, or both; the first where several are, or nothing is said.
    /// - Throws: `ExperimentError` naming the rows or layers there are.
    func variant(row: String?, layer: String? = nil) throws -> Int {
        let ofLayer = variants.indices.filter { layer == nil || variants[$0].experiment.backbone.layer == layer }
        if let layer, ofLayer.isEmpty {
            let known = variants.map(\.experiment.backbone.layer).reduce(into: [String]()) {
                if !$0.contains($1) { $0.append($1) }
            }
            throw ExperimentError("--layer \(layer): \(name) explains \(known.joined(separator: ", "))")
        }
        guard let row else { return ofLayer.first ?? 0 }
        guard let index = ofLayer.first(where: { label($0) == row }) else {
            let rows = ofLayer.compactMap(label).map { "\"\($0)\"" }
            throw ExperimentError(
                "--row \(row): "
                    + (rows.isEmpty
                        ? "\(name) has no matrix; leave --row out"
                        : "rows of \(name) are \(rows.joined(separator: ", "))"))
        }
        return index
    }
}
