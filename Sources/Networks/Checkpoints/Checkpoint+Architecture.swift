extension Checkpoint {
    /// The parameters of an architecture up to its target layer.
    /// - Throws: `CheckpointError`, also when the file has a tensor under one of the modules up to the target layer
    ///   that the architecture does
    ///   not read: then it is of another one, and what would be computed is not what it was trained for.
    ///   `UnknownLayer`.
    public init(
        contentsOf path: String, of architecture: Architecture, layer: String, key: String? = nil, prefix: String? = nil
    ) throws {
        let wanted = try architecture.parameterNames(upTo: layer)
        try self.init(contentsOf: path, wanted: wanted, key: key, prefix: prefix)
        let known = try Set(architecture.parameterNames(upTo: architecture.layers.last ?? layer))
        let modules = Set(wanted.map { $0.prefix { $0 != "." } })
        // Counts batches; takes no part in what is computed.
        let unread = names.filter {
            modules.contains($0.prefix { $0 != "." }) && !known.contains($0) && !$0.hasSuffix(".num_batches_tracked")
        }
        if let first = unread.first {
            throw error(
                "has \(unread.count) tensors up to \(layer) that \(architecture) does not have, the first '\(quoted(self.prefix + first))': "
                    + "it is of another architecture; name that one in backbone.architecture, or take other weights")
        }
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
