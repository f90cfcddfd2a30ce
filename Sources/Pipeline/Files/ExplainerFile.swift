import HDF5
import Networks

/// `explainer.h5`: the trained explainer (`Explainer`), `/history` (`TrainingHistory`), `/concepts/seen` [C] uint8 (what
/// it was trained on) and `/samples` [3] int64: those that trained, those that validated, those left out.
package struct ExplainerFile: Sendable {
    static let name = "explainer.h5"

    let history: TrainingHistory
    let seen: [Bool]
    let samples: Samples

    struct Samples: Sendable {
        let trained: Int, validated: Int, left: Int
    }

    /// - Throws: `HDF5Error`; `ExperimentError` for a file of another shape.
    init(_ path: String) throws {
        let file = try HDF5File.open(path)
        history = try TrainingHistory(from: file)
        seen = try file.read("concepts/seen", as: UInt8.self).map { $0 != 0 }
        let counts = try file.read("samples", as: Int64.self).map { Int($0) }
        guard counts.count == 3 else {
            throw ExperimentError("\(path): /samples has \(counts.count) numbers, expected 3")
        }
        samples = Samples(trained: counts[0], validated: counts[1], left: counts[2])
    }

    /// The explainer alone.
    /// - Throws: `HDF5Error`.
    static func explainer(_ path: String) throws -> Explainer { try Explainer(from: HDF5File.open(path)) }

    static func write(
        _ explainer: Explainer, _ history: TrainingHistory, seen: [Bool], _ samples: Samples, to path: String
    ) throws {
        let file = try HDF5File.create(path)
        try explainer.write(to: file)
        try history.write(to: file)
        try file.write("concepts/seen", seen.map { $0 ? 1 : 0 } as [UInt8])
        try file.write("samples", [samples.trained, samples.validated, samples.left].map { Int64($0) })
        try file.close()
    }
}
