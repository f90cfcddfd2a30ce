/// Kernels whose bits may differ between machines, in the families that stages use whole.
public enum KernelFamily: String, CaseIterable, Sendable {
    /// A backbone's: convolutions by each algorithm, max pooling.
    case convolutions
    /// Matrix products: plain, packed and sparse.
    case products
    /// Steps of the explainer's training by each optimiser.
    case training
    /// The enlargement of maps.
    case maps
    /// A graph's operations.
    case graphs
    /// The plain convolutions in double that `probedBatchNorm` passes a black image through.
    case plainConvolutions
}
