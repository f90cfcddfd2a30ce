import Files
import Foundation

/// An array in NumPy's `.npy` (format versions 1 to 3; numpy.lib.format).
struct NumPyArray {
    private let file: PlainFile
    private let header: String
    private let start: Int

    /// - Throws: `ExperimentError` for a file that is cut off.
    init(_ file: PlainFile) throws {
        self.file = file
        let head = try file.bytes(at: 0, upTo: min(12, file.size))
        guard head.count == 12, (1...3).contains(head[6]) else {
            throw ExperimentError("\(file.path): not NumPy's format, version 1 to 3")
        }
        let isShort = head[6] == 1, from = isShort ? 10 : 12
        let length = Int(head[8]) | Int(head[9]) << 8 | (isShort ? 0 : Int(head[10]) << 16 | Int(head[11]) << 24)
        guard from + length <= file.size else { throw ExperimentError("\(file.path): cut off in its header") }
        start = from + length
        header = String(decoding: try file.bytes(at: from, upTo: length), as: UTF8.self)
    }

    /// - Throws: `ExperimentError` for what is no matrix of float32 or float64 in C order.
    func matrix() throws -> (weights: [Float], channels: Int) {
        let expected =
            "expected float32 or float64, [units, channels], in C order (numpy.save(path, numpy.ascontiguousarray(a)))"
        guard let shape = header.firstMatch(of: /'shape': \((\d+), (\d+)\)/), let rows = Int(shape.output.1),
            let columns = Int(shape.output.2), header.contains("'fortran_order': False"),
            let kind = header.firstMatch(of: /'descr': '<f([48])'/)
        else {
            throw ExperimentError(
                "\(file.path): \(header.trimmingCharacters(in: .whitespacesAndNewlines)); \(expected)")
        }
        let size = kind.output.1 == "4" ? 4 : 8
        let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
        guard !overflow, count > 0, count <= (file.size - start) / size else {
            throw ExperimentError(
                "\(file.path): cut off: \(file.size - start) bytes are fewer than \(rows) × \(columns) numbers; \(expected)"
            )
        }
        let bytes = try file.bytes(at: start, upTo: count * size)
        return bytes.withUnsafeBytes { raw in
            let weights = (0..<count).map { index -> Float in
                size == 4
                    ? Float(
                        bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)))
                    : Float(
                        Double(
                            bitPattern: UInt64(
                                littleEndian: raw.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))))
            }
            return (weights, columns)
        }
    }
}
