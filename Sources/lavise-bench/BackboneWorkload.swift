import Fingerprints
import HDF5
import Networks
import Tensors

/// Images through an untrained backbone to its last target layer, a batch a thread.
final class BackboneWorkload: BenchWorkload {
    let name: String
    let title: String
    let items = benchThreads * Backbone.batch
    let unit = "img"
    let flop: Double, bytes: Double
    private let architecture: Architecture
    private let layer: String
    private let parameters: RandomParameters
    private let backbone: Backbone
    private let images: [Float]
    private let features: FloatStorage

    init(_ architecture: Architecture, layer: String) throws {
        name = architecture.name
        title = "\(architecture) to \(layer), 224×224"
        self.architecture = architecture
        self.layer = layer
        parameters = RandomParameters(architecture: architecture, seed: 0)
        backbone = try Backbone(architecture, layer: layer, parameters: parameters)
        var random = RandomSource(seed: 0, stream: "bench/images")
        var images = [Float](repeating: 0, count: items * FeatureShape.image.count)
        for index in 0..<items {
            let pixels = (0..<FeatureShape.image.count).map {
                UInt8(truncatingIfNeeded: $0 / 672 + index * 16 + random.below(96))
            }
            images.withUnsafeMutableBufferPointer {
                Normalisation.imageNet.apply(
                    pixels, places: 224 * 224, into: $0.baseAddress! + index * FeatureShape.image.count)
            }
        }
        self.images = images
        features = FloatStorage(count: items * backbone.shape.count)
        let costs = try architecture.convolutionLayers(upTo: layer)
        flop = Double(items) * costs.reduce(0) { $0 + $1.flop }
        bytes = 0
    }

    func writeInputs(to file: HDF5File) throws {
        try file.write("images", images, shape: [items, 3, 224, 224])
        for convolution in try architecture.blocks(upTo: layer).flatMap(\.convolutions) {
            let kernel = [convolution.outputs, convolution.inputs, convolution.kernel, convolution.kernel]
            try write("\(convolution.name).weight", kernel, to: file)
            if let norm = convolution.batchNorm {
                for field in ["weight", "bias", "running_mean", "running_var"] {
                    try write("\(norm).\(field)", [convolution.outputs], to: file)
                }
            } else {
                try write("\(convolution.name).bias", [convolution.outputs], to: file)
            }
        }
    }

    private func write(_ tensor: String, _ shape: [Int], to file: HDF5File) throws {
        try file.write("parameters/\(tensor)", try parameters.tensor(tensor, shape: shape).data, shape: shape)
    }

    func writeOutputs(to file: HDF5File) throws {
        let all = Array(UnsafeBufferPointer(start: features.address, count: features.count))
        try file.write(
            "features", all, shape: [items, backbone.shape.channels, backbone.shape.height, backbone.shape.width])
    }

    func run() throws {
        nonisolated(unsafe) let output = features.address
        try images.withUnsafeBufferPointer { images in
            nonisolated(unsafe) let input = images.baseAddress!
            try concurrently(benchThreads, threads: benchThreads) { [backbone] part in
                let first = part * Backbone.batch
                backbone.features(
                    image: input + first * FeatureShape.image.count, count: Backbone.batch,
                    into: output + first * backbone.shape.count)
            }
        }
    }
}
