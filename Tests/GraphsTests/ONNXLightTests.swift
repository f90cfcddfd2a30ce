import Foundation
import Graphs
import Tensors
import Testing

/// The reference folder's models; nil where it is not there.
let referenceModels: String? = {
    let folder = (ProcessInfo.processInfo.environment["LAVISE_REFERENCE"] ?? "../shared") + "/data/models"
    return FileManager.default.fileExists(atPath: folder) ? folder : nil
}()

/// Nine published topologies with small constant weights, against the outputs that ONNX's backend tests expect for the
/// input `arange(n) / n` (`Fixtures/make_onnx_light.py`).
@Suite(.enabled(if: referenceModels != nil, "LAVISE_REFERENCE has no data/models"))
struct ONNXLightTests {
    @Test(arguments: [
        "bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet", "vgg19",
        "zfnet512",
    ])
    func outputsAgree(name: String) throws {
        let graph = try Graph(onnx: "\(#require(referenceModels))/onnx-light/light_\(name).onnx")
        let shape = graph.values[graph.input].shape, count = shape.reduce(1, *)
        let image = Tensor(shape: shape, data: (0..<count).map { Float($0) / Float(count) })
        let output = try GraphProgram(graph, target: #require(graph.outputs.first)).run(image)
        let expected = try Self.expected("light_\(name)")
        #expect(output.count == 1000 && expected.count == 1000)
        let worst = zip(output.data, expected).map { abs($0 - $1) / max(abs($1), 1e-7) }.max() ?? .infinity
        #expect(worst <= 1e-4, "off by \(worst)")
    }

    static func expected(_ name: String) throws -> [Float] {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/onnx-light", withExtension: "json"))
        let all = try JSONDecoder().decode([String: Data].self, from: Data(contentsOf: url))
        return try #require(all[name]).withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 4).map {
                Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self)))
            }
        }
    }
}
