extension Checkpoint {
    /// What keeps the checkpoint from giving an architecture its weights up to a layer: a line for every convolution
    /// whose tensors are missing, of another shape or type, or cut off; none when all are there. Reads them.
    /// - Throws: `UnknownLayer`.
    public func problems(for architecture: Architecture, layer: String) throws -> [String] {
        try architecture.blocks(upTo: layer).flatMap(\.convolutions).compactMap { convolution in
            do {
                _ = try FoldedConvolution.load(convolution, from: self)
                return nil
            } catch let error as CheckpointError {
                return error.reason
            }
        }
    }

    /// The same for a model of other operations: a line for every parameter that cannot be read. Reads them.
    /// - Throws: what is no `CheckpointError`.
    public func problems(reading parameters: [(name: String, shape: [Int])]) throws -> [String] {
        try parameters.compactMap { parameter in
            do {
                _ = try tensor(parameter.name, shape: parameter.shape)
                return nil
            } catch let error as CheckpointError {
                return error.reason
            }
        }
    }
}
