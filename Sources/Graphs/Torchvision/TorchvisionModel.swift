import CZip
import Foundation

extension Graph {
    /// torchvision's models whose graphs this program knows; their weights come from a checkpoint.
    public static let torchvisionModels: [String] = torchvisionData.map(\.name)

    /// torchvision's model of that name, its parameters named as in its `state_dict`; values are named as
    /// torchvision's feature extraction does (`layer1.0.relu_1`).
    ///
    /// What of a model does not fit an image of another side than its own (a classifier that looks at every position, a
    /// table of positions) ends the graph: `cut` says what and why.
    /// - Parameters:
    ///   - side: pixels a side of the image; nil for the model's own.
    ///   - shapes: of parameters that are not of torchvision's shapes, by their name: a classifier of other classes.
    /// - Throws: `UnknownModel`.
    public init(torchvision name: String, side: Int? = nil, shapes: [String: [Int]] = [:]) throws {
        let side = side ?? TorchvisionPicture.of(name).crop
        guard let entry = torchvisionData.first(where: { $0.name == name }) else { throw UnknownModel(name: name) }
        let model = try inflated(entry.packed, bytes: entry.bytes, name: name)
        self = try model.withUnsafeBytes { bytes in
            do {
                let model = try ONNXParser(bytes).model()
                guard let inputs = model.graph?.inputs, let image = inputs.first else {
                    throw GraphError.malformed(
                        file: name, "the program's own copy of this model is damaged; build it again")
                }
                func shape(_ input: ONNXValueInfo) -> [Int] { input.shape.map { $0 ?? 1 } }
                return try ONNXImporter(
                    model, bytes: bytes, image: (image.name, [1, 3, side, side]), constants: [],
                    parameters: inputs.dropFirst().map { ($0.name, shapes[$0.name] ?? shape($0)) },
                    endsWhereShapesDoNotFit: true
                ).graph
            } catch is WireReader.Malformed {
                throw GraphError.malformed(
                    file: name, "the program's own copy of this model is damaged; build it again")
            }
        }
    }
}

/// How the pictures are made that a model's first published weights were trained for.
public struct TorchvisionPicture: Sendable, Equatable {
    /// How a picture is resized, antialiased as Pillow does it.
    public enum Interpolation: String, Sendable { case bilinear, bicubic }

    /// The shorter side, then the side of its central square, in pixels.
    public let resize: Int, crop: Int
    /// How the picture is resized.
    public let interpolation: Interpolation
    /// Of a channel's numbers from 0 to 1, red first.
    public let mean: [Float], deviation: [Float]

    init(
        resize: Int = 256, crop: Int = 224, interpolation: Interpolation = .bilinear,
        mean: [Float] = [0.485, 0.456, 0.406],
        deviation: [Float] = [0.229, 0.224, 0.225]
    ) {
        self.resize = resize
        self.crop = crop
        self.interpolation = interpolation
        self.mean = mean
        self.deviation = deviation
    }

    /// What torchvision's model of that name takes; of an unknown name, what most take.
    public static func of(_ name: String) -> TorchvisionPicture { torchvisionPictures[name] ?? TorchvisionPicture() }
}

/// A model that is none of torchvision's, or none that this program has the graph of.
public struct UnknownModel: Error, CustomStringConvertible, Sendable, Equatable {
    /// The name that was asked for.
    public let name: String

    /// The name, the models that are known, and the way for any other.
    public var description: String {
        "no model \"\(name)\"; known are \(Graph.torchvisionModels.joined(separator: ", ")), and any other as an ONNX file"
    }
}

private func inflated(_ text: String, bytes: Int, name: String) throws -> [UInt8] {
    guard let packed = Data(base64Encoded: text) else {
        throw GraphError.malformed(file: name, "is damaged in this program; build it again")
    }
    var count = uLongf(bytes)
    let result = [UInt8](unsafeUninitializedCapacity: bytes) { buffer, filled in
        let status = packed.withUnsafeBytes { source in
            uncompress(buffer.baseAddress, &count, source.bindMemory(to: UInt8.self).baseAddress, uLong(source.count))
        }
        filled = status == Z_OK ? Int(count) : 0
    }
    guard result.count == bytes else {
        throw GraphError.malformed(file: name, "is damaged in this program; build it again")
    }
    return result
}
