extension Checkpoint {
    /// The parameters of a model up to its target layers.
    /// - Parameters:
    ///   - wanted: names of the parameters that are going to be read.
    ///   - known: names of all parameters of the model.
    ///   - model: its name, and `layer` its last target layer's, for errors.
    /// - Throws: `CheckpointError`, also when the file has a tensor under one of the modules up to the target layer
    ///   that the model does not read: then it is of another one, and what would be computed is not what it was trained
    ///   for.
    public init(
        contentsOf path: String, wanted: [String], known: Set<String>, of model: String, layer: String,
        key: String? = nil,
        prefix: String? = nil
    ) throws {
        try self.init(contentsOf: path, wanted: wanted, key: key, prefix: prefix)
        let modules = Set(wanted.map { $0.prefix { $0 != "." } })
        // Counts batches; takes no part in what is computed.
        let unread = names.filter {
            modules.contains($0.prefix { $0 != "." }) && !known.contains($0) && !$0.hasSuffix(".num_batches_tracked")
        }
        if let first = unread.first {
            throw error(
                "has \(unread.count) tensors up to \(layer) that \(model) does not have, the first '\(quoted(self.prefix + first))': "
                    + "it is of another architecture; name that one in backbone.architecture, or take other weights")
        }
    }

    /// The parameters of a hand-written architecture up to its target layer.
    /// - Throws: `CheckpointError`, `UnknownLayer`.
    public init(
        contentsOf path: String, of architecture: Architecture, layer: String, key: String? = nil, prefix: String? = nil
    ) throws {
        try self.init(
            contentsOf: path, wanted: architecture.parameterNames(upTo: layer),
            known: Set(architecture.parameterNames(upTo: architecture.layers.last ?? layer)), of: architecture.name,
            layer: layer,
            key: key, prefix: prefix)
    }
}

extension Architecture {
    /// The names of the parameters up to the target layer's output, in the order of computation.
    /// - Throws: `UnknownLayer`.
    func parameterNames(upTo layer: String) throws -> [String] {
        try blocks(upTo: layer).flatMap(\.convolutions).flatMap { convolution -> [String] in
            guard let batchNorm = convolution.batchNorm else {
                return ["\(convolution.name).weight", "\(convolution.name).bias"]
            }
            return ["\(convolution.name).weight"]
                + ["weight", "bias", "running_mean", "running_var"].map { "\(batchNorm).\($0)" }
        }
    }
}
