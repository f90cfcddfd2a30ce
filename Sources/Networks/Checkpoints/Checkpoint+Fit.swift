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
}
