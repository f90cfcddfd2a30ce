import CZip
import Foundation

extension Graph {
    /// torchvision's models whose graphs this program knows; their weights come from a checkpoint.
    public static let torchvisionModels: [String] = torchvisionData.map(\.name)

    /// torchvision's model of that name, for a 224×224 image, its parameters named as in its `state_dict`; values are named as
    /// torchvision's feature extraction does (`layer1.0.relu_1`).
    /// - Throws: `UnknownModel`.
    public init(torchvision name: String) throws {
        guard let entry = torchvisionData.first(where: { $0.name == name }) else { throw UnknownModel(name: name) }
        let model = try inflated(entry.packed, bytes: entry.bytes, name: name)
        self = try model.withUnsafeBytes { bytes in
            do {
                let model = try ONNXParser(bytes).model()
                guard let inputs = model.graph?.inputs, let image = inputs.first else {
                    throw GraphError.malformed(file: name, "the program's own copy of this model is damaged; build it again")
                }
                func shape(_ input: ONNXValueInfo) -> [Int] { input.shape.map { $0 ?? 1 } }
                return try ONNXImporter(
                    model, bytes: bytes, image: (image.name, shape(image)), constants: [],
                    parameters: inputs.dropFirst().map { ($0.name, shape($0)) }
                ).graph
            } catch is WireReader.Malformed {
                throw GraphError.malformed(file: name, "the program's own copy of this model is damaged; build it again")
            }
        }
    }
}

/// A model that is none of torchvision's, or none that this program has the graph of.
public struct UnknownModel: Error, CustomStringConvertible, Sendable, Equatable {
    public let name: String

    public var description: String {
        "no model \"\(name)\"; known are \(Graph.torchvisionModels.joined(separator: ", ")), and any other as an ONNX file"
    }
}

private func inflated(_ text: String, bytes: Int, name: String) throws -> [UInt8] {
    guard let packed = Data(base64Encoded: text) else { throw GraphError.malformed(file: name, "is damaged in this program; build it again") }
    var count = uLongf(bytes)
    let result = [UInt8](unsafeUninitializedCapacity: bytes) { buffer, filled in
        let status = packed.withUnsafeBytes { source in
            uncompress(buffer.baseAddress, &count, source.bindMemory(to: UInt8.self).baseAddress, uLong(source.count))
        }
        filled = status == Z_OK ? Int(count) : 0
    }
    guard result.count == bytes else { throw GraphError.malformed(file: name, "is damaged in this program; build it again") }
    return result
}
