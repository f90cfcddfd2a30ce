import Foundation
import Tensors

/// The version of this program and of the libraries that its numbers depend on.
public enum PipelineVersion {
    public static let text = "0.1.0"

    /// Written into traces and printed by `version`.
    public static var libraries: [String: String] {
        ["lavise-pipeline": text, "openblas": blasKernelName()]
    }
}

/// The OpenBLAS kernel that every machine with AVX2 and FMA has; nil on other machines, which keep their own.
public func portableBLASCore() -> String? {
    #if arch(x86_64)
    guard let info = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8),
          let flags = info.split(separator: "\n").first(where: { $0.hasPrefix("flags") })?.split(separator: " ") else { return nil }
    return flags.contains("avx2") && flags.contains("fma") ? "Haswell" : nil
    #else
    return nil
    #endif
}
