import Foundation
import Graphs
import Testing

/// ONNX's own backend tests as Debian has them (libonnx-testdata, which `make test` installs).
let onnxTestData: String? = {
    let folder = "/usr/share/libonnx-testdata/data/node"
    return FileManager.default.fileExists(atPath: folder) ? folder : nil
}()

/// Every test of an operator that is read agrees with ONNX's published expectation, or is refused for a reason that
/// stands below.
@Suite(.enabled(if: onnxTestData != nil, "libonnx-testdata is not installed"))
struct ONNXOperatorTests {
    /// What is refused on purpose: other kinds of numbers, other dimensions than h×w, training, and conditions on the
    /// image.
    static let refusals = [
        "is not supported;", "only over height and width", "not in training mode", "only without indices",
        "do not depend on the image", "of whole numbers by one",
        "ONNX's type 13", "names no operator set", "is no tensor's", "0 numbers for the shape", "no input",
        "of one image are computed",
        "of one image is computed",
    ]

    @Test func everyOperatorAgrees() throws {
        let folder = try #require(onnxTestData)
        var compared: [String] = []
        // Halves are computed as floats here, and so keep what those tests round away.
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where !name.contains("FLOAT16")
        {
            let set = "\(folder)/\(name)/test_data_set_0",
                files = try FileManager.default.contentsOfDirectory(atPath: set)
            func tensors(_ kind: String) throws -> [[UInt8]] {
                try (0..<files.count { $0.hasPrefix(kind) }).map { try Self.bytes("\(set)/\(kind)_\($0).pb") }
            }
            do {
                let outputs = try Graph.outputs(
                    ofModel: Self.bytes("\(folder)/\(name)/model.onnx"), inputs: tensors("input"))
                for case (let output?, let expected) in zip(outputs, try tensors("output").map(Graph.floats)) {
                    let errors = zip(output, expected).map {
                        $0 == $1 || $0.isNaN && $1.isNaN ? 0 : abs($0 - $1) / max(abs($1), 1e-2)
                    }
                    #expect(
                        output.count == expected.count && errors.allSatisfy { $0 <= 1e-5 },
                        "\(name): off by \(errors.max() ?? 0)")
                    compared.append(name)
                }
            } catch let error as GraphError {
                #expect(Self.refusals.contains { "\(error)".contains($0) }, "\(name): \(error)")
            }
        }
        // Of the 934 tests of ONNX 1.12; fewer would mean that operators are refused which were read before.
        #expect(compared.count >= 412, "\(compared.count) outputs compared")
    }

    static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }
}
