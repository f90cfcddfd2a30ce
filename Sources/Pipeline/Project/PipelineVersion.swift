import Foundation
import Tensors

/// The version of this program and of the libraries that its numbers depend on.
public enum PipelineVersion {
    /// This program's, as semantic versioning has it.
    public static let text = "0.2.0"

    /// Written into traces: no other library's numbers reach an artifact unseen.
    public static var libraries: [String: String] { ["lavise-pipeline": text] }

    /// What `version` prints: OpenBLAS beside it, which the kernels are compared with.
    public static var all: [String: String] { libraries.merging(["openblas": blasKernelName()]) { $1 } }
}
