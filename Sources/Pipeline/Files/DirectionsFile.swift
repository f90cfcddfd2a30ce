import Files
import Foundation
import HDF5
import Networks

/// Directions `[U, d]` as people have them: HDF5 or a checkpoint (PyTorch, safetensors) with one matrix, or NumPy's
/// `.npy`.
enum DirectionsFile {
    /// - Throws: `ExperimentError` naming the file and what it has in place of one matrix of floating numbers;
    ///   `CheckpointError`.
    static func read(_ path: String) throws -> (weights: [Float], channels: Int) {
        let file = try PlainFile(path)
        let head = try file.bytes(at: 0, upTo: min(8, file.size))
        if head.starts(with: [0x93] + Array("NUMPY".utf8)) { return try NumPyArray(file).matrix() }
        if head.starts(with: [0x89] + Array("HDF".utf8)) { return try hdf5(path) }
        let checkpoint = try Checkpoint(contentsOf: path)
        let matrices = checkpoint.names.filter { checkpoint.shape(of: $0)?.count == 2 }
        guard matrices.count == 1, let shape = checkpoint.shape(of: matrices[0]) else { throw several(path, matrices) }
        return (Array(try checkpoint.tensor(matrices[0], shape: shape).data), shape[1])
    }

    private static func hdf5(_ path: String) throws -> (weights: [Float], channels: Int) {
        let file = try HDF5File.open(path)
        let matrices = try file.children().filter { (try? file.shape(of: $0))?.count == 2 }
        guard matrices.count == 1 else { throw several(path, matrices) }
        let shape = try file.shape(of: matrices[0])
        switch try file.scalarType(of: matrices[0]) {
        case .float32: return (try file.read(matrices[0]), shape[1])
        case .float64: return (try file.read(matrices[0], as: Double.self).map { Float($0) }, shape[1])
        default: throw ExperimentError("\(path): /\(matrices[0]) is not of float32 or float64")
        }
    }

    private static func several(_ path: String, _ names: [String]) -> ExperimentError {
        ExperimentError(
            "\(path): expected one matrix of directions, [units, channels], found "
                + (names.isEmpty ? "none" : "\(names.count): \(names.prefix(5).joined(separator: ", "))"))
    }
}
