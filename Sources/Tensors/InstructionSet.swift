import CKernels

/// The instruction sets that the convolution kernels are compiled for. Each gives the same bits.
public enum InstructionSet: String, Sendable, CaseIterable {
    case portable, avx2, avx512

    /// Whether this machine runs it.
    public var isSupported: Bool { ck_supported(kernels) != 0 }

    /// The fastest one that this machine runs.
    public static let best = allCases.last(where: \.isSupported) ?? .portable

    package var kernels: ck_instructions {
        switch self {
        case .portable: ck_portable
        case .avx2: ck_avx2
        case .avx512: ck_avx512
        }
    }
}
