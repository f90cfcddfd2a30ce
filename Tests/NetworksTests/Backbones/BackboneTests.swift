import Fingerprints
import Foundation
import Networks
import Synchronization
import Tensors
import Testing

@Suite struct BackboneTests {
    struct Golden: Decodable {
        struct Case: Decodable, CustomTestStringConvertible {
            let architecture: String, layer: String, probes: Int, image: Int
            let shape: [Int], sums: [Float], maps: [String: [Float]]
            var testDescription: String { "\(architecture) \(layer), \(probes) probes, image \(image)" }
        }
        let cases: [Case]

        /// The cases, those of one backbone together.
        static func read() throws -> [[Case]] {
            let url = try #require(Bundle.module.url(forResource: "Fixtures/backbones", withExtension: "json"))
            let cases = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url)).cases
            let backbones = Dictionary(grouping: cases) { "\($0.architecture) \($0.layer) \($0.probes)" }
            return backbones.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    /// Within 1e-4 of each number, or of a hundredth of the largest where the number is less.
    func expectClose(sums ours: [Float], _ golden: [Float], _ label: String) {
        #expect(ours.count == golden.count)
        let least = 1e-2 * (golden.max() ?? 0)
        let worst = zip(ours, golden).map { abs($0 - $1) / max(abs($1), least) }.max() ?? .infinity
        #expect(worst <= 1e-4, "\(label): sums off by \(worst)")
    }

    /// Within 1e-4 of each number, or of a thirtieth of the map's largest where the number is less. (By the relative
    /// error of its smaller numbers, PyTorch's own float32 is off by up to 1e-3 here: they are what is left of large
    /// terms that cancel.)
    func expectClose(map ours: [Float], _ golden: [Float], _ label: String) {
        #expect(ours.count == golden.count)
        let least = (golden.max() ?? 0) / 30
        let worst = zip(ours, golden).map { abs($0 - $1) / max(abs($1), least) }.max() ?? .infinity
        #expect(worst <= 1e-4 || ours == golden, "\(label): off by \(worst)")
    }

    /// The features of a crop, by digest. Other bits here want a raised revision of FeaturesStage and EvaluateStage; a
    /// machine with bits of its own is a fault of the kernels.
    @Test(arguments: [
        (Architecture.resnet18, "layer4", "ee95896d4b88fc857f7f64ea52ccdb38ff4e45d7e59417180873a702cd8333ff"),
        (.resnet50, "layer4", "864e0faea536c945ab3f25317c79d0be6e869cfb5ebff44f017fe9430d1241ff"),
        (.alexnet, "features", "e48318c8d28b2e1049a2feee5d1a53fd3a45795660683b33ec25eb1f6f3cad19"),
    ])
    func bitsArePinned(architecture: Architecture, layer: String, pinned: String) throws {
        let backbone = try Backbone(architecture, layer: layer, parameters: HashedParameters())
        var features = [Float](repeating: .nan, count: backbone.shape.count)
        backbone.features(pixels: hashedCrop(0), into: &features)
        var stream = DigestStream()
        features.withUnsafeBytes { stream.update($0) }
        #expect(stream.finish().hex == pinned)
    }

    @Test(arguments: try Golden.read())
    func featuresAgreeWithTorchvision(cases: [Golden.Case]) throws {
        let first = cases[0], architecture = try #require(Architecture.all.first { $0.name == first.architecture })
        let backbone = try Backbone(
            architecture, layer: first.layer, parameters: HashedParameters(), probes: first.probes)
        #expect(try architecture.featureShape(layer: first.layer) == backbone.shape)
        for golden in cases { try expectAgreement(backbone, golden) }
    }

    private func expectAgreement(_ backbone: Backbone, _ golden: Golden.Case) throws {
        #expect(golden.shape == [backbone.shape.channels, backbone.shape.height, backbone.shape.width])
        var features = [Float](repeating: .nan, count: backbone.shape.count)
        backbone.features(pixels: hashedCrop(golden.image), into: &features)
        let places = backbone.shape.height * backbone.shape.width
        let maps = stride(from: 0, to: features.count, by: places).map { Array(features[$0..<$0 + places]) }
        expectClose(sums: maps.map { Float($0.reduce(0.0) { $0 + Double($1) }) }, golden.sums, "\(golden)")
        for (channel, map) in golden.maps {
            expectClose(map: maps[try #require(Int(channel))], map, "\(golden), map \(channel)")
        }
    }

    @Test(arguments: [(Architecture.resnet18, "layer3"), (.resnet50, "layer2"), (.alexnet, "features")])
    func plainNetworkAgrees(architecture: Architecture, layer: String) throws {
        let folded = try FoldedNetwork(architecture, layer: layer, parameters: HashedParameters(), probes: 0)
        let backbone = Backbone(architecture, layer: layer, folded)
        let image = Tensor(shape: [3, 224, 224], data: hashed("plain", FeatureShape.image.count))
        var features = [Float](repeating: .nan, count: backbone.shape.count)
        backbone.features(image: image.data, into: &features)
        expectClose(map: features, folded.plainFeatures(image).data, "features")
    }

    /// Any number of images a call, any instruction set and any number of threads: the same bits.
    @Test(arguments: [(Architecture.resnet18, "layer4", 11), (.resnet50, "layer4", 9), (.alexnet, "features", 5)])
    func bitsDependOnTheImageAlone(architecture: Architecture, layer: String, count: Int) throws {
        let folded = try FoldedNetwork(architecture, layer: layer, parameters: HashedParameters(), probes: 0)
        let size = FeatureShape.image.count
        let images = (0..<count).flatMap { hashed("image \($0)", size) }
        let single = Backbone(architecture, layer: layer, folded)
        var expected = [Float](repeating: .nan, count: count * single.shape.count)
        for index in 0..<count {
            images.withUnsafeBufferPointer { images in
                expected.withUnsafeMutableBufferPointer { expected in
                    single.features(
                        image: images.baseAddress! + index * size,
                        into: expected.baseAddress! + index * single.shape.count)
                }
            }
        }
        for instructions in InstructionSet.allCases where instructions.isSupported && instructions != .portable {
            let backbone = Backbone(architecture, layer: layer, folded, instructions: instructions)
            var features = [Float](repeating: .nan, count: expected.count)
            backbone.features(image: images, count: count, into: &features)
            let differences = zip(features, expected).count { $0 != $1 }
            #expect(differences == 0, "\(instructions), \(count) images at once")
        }
        let rows = Mutex([[Float]](repeating: [], count: count))
        try concurrently(count, threads: 3) { index in
            var features = [Float](repeating: .nan, count: single.shape.count)
            single.features(image: Array(images[index * size..<(index + 1) * size]), into: &features)
            rows.withLock { $0[index] = features }
        }
        let differences = zip(rows.withLock { $0.flatMap { $0 } }, expected).count { $0 != $1 }
        #expect(differences == 0, "three threads")
    }

    /// Rectangles of pixels that are kept, `[top, left, bottom, right]`.
    static let masks: [[[Int]]] = [
        [], [[0, 0, 1, 1]], [[223, 223, 224, 224]], [[0, 100, 3, 224]], [[90, 0, 140, 30]], [[100, 100, 101, 101]],
        [[64, 64, 128, 128]], [[57, 31, 96, 103]], [[10, 20, 40, 50], [180, 190, 200, 224]], [[0, 0, 224, 224]],
        [[1, 1, 223, 223]],
    ]

    /// The content of every mask in one batch, against each of them computed in full: `features(image:)` has the same
    /// bits, `features(maskedImages:)` the same numbers, and bits that do not depend on its neighbours either.
    @Test(arguments: [
        (Architecture.resnet18, "layer1"), (.resnet18, "layer4"), (.resnet50, "layer3"), (.alexnet, "features"),
    ])
    func zeroPixelsAreSkipped(architecture: Architecture, layer: String) throws {
        let backbone = try Backbone(architecture, layer: layer, parameters: HashedParameters())
        let size = FeatureShape.image.count, count = Self.masks.count, length = backbone.shape.count
        let content = hashed("masked", size)
        var images = [Float](repeating: 0, count: count * size)
        for (index, mask) in Self.masks.enumerated() {
            for rectangle in mask {
                for place in 0..<size {
                    let (y, x) = (place / 224 % 224, place % 224)
                    if rectangle[0]..<rectangle[2] ~= y, rectangle[1]..<rectangle[3] ~= x {
                        images[index * size + place] = content[place]
                    }
                }
            }
        }
        var features = [Float](repeating: .nan, count: count * length), masked = features, alone = features
        backbone.features(image: images, count: count, into: &features)
        backbone.features(maskedImages: images, count: count, into: &masked)
        images.withUnsafeBufferPointer { images in
            alone.withUnsafeMutableBufferPointer { alone in
                for index in (0..<count).reversed() {
                    backbone.features(
                        maskedImages: images.baseAddress! + index * size, into: alone.baseAddress! + index * length)
                }
            }
        }
        let dependence = zip(masked, alone).count { $0 != $1 }
        #expect(dependence == 0)
        for (index, mask) in Self.masks.enumerated() {
            var whole = [Float](repeating: .nan, count: length)
            backbone.wholeFeatures(image: Array(images[index * size..<(index + 1) * size]), into: &whole)
            let differences = zip(whole, features[(index * length)...]).count { $0 != $1 }
            #expect(differences == 0, "mask \(mask)")
            expectClose(map: Array(masked[index * length..<(index + 1) * length]), whole, "mask \(mask)")
        }
    }

    @Test(arguments: [("layer1", 1), ("layer2", 2), ("layer3", 8), ("layer4", 16)])
    func smallMapsPassTogether(layer: String, images: Int) throws {
        let backbone = try Backbone(.resnet18, layer: layer, parameters: HashedParameters())
        #expect(backbone.imagesAtOnce == images)
    }

    /// Masks of few pixels of a large rectangle, drawn at random, and others: their cells alone have the bits of whole
    /// rectangles.
    @Test(arguments: [(Architecture.resnet18, "layer3"), (.resnet50, "layer2"), (.alexnet, "features")])
    func scatteredPixelsHaveTheirRectanglesBits(architecture: Architecture, layer: String) throws {
        let backbone = try Backbone(architecture, layer: layer, parameters: HashedParameters())
        let size = FeatureShape.image.count, content = hashed("scattered", size)
        var random = RandomSource(seed: 3, stream: "masks")
        func blobs(_ count: Int, _ side: Int) -> [[Int]] {
            (0..<count).map { _ in
                let top = random.below(225 - side), left = random.below(225 - side)
                return [top, left, top + side, left + side]
            }
        }
        var masks: [[[Int]]] = [
            [], [[0, 0, 1, 1], [223, 223, 224, 224]], [[0, 223, 1, 224], [223, 0, 224, 1]], [[0, 0, 224, 224]],
            [[0, 0, 224, 2], [0, 222, 224, 224], [0, 0, 2, 224], [222, 0, 224, 224]],
            [[0, 0, 1, 224], [100, 7, 101, 8]],
        ]
        for side in [1, 5, 24, 40] { masks += [blobs(1, side), blobs(2, side), blobs(5, side)] }
        var images = [Float](repeating: 0, count: masks.count * size)
        for (index, mask) in masks.enumerated() {
            for rectangle in mask {
                for plane in 0..<3 {
                    for y in rectangle[0]..<rectangle[2] {
                        for x in rectangle[1]..<rectangle[3] {
                            let place = (plane * 224 + y) * 224 + x
                            images[index * size + place] = content[place]
                        }
                    }
                }
            }
        }
        let length = backbone.shape.count
        var cells = [Float](repeating: .nan, count: masks.count * length), around = cells
        backbone.features(maskedImages: images, count: masks.count, into: &cells)
        backbone.aroundFeatures(maskedImages: images, count: masks.count, into: &around)
        for (index, mask) in masks.enumerated() {
            let range = index * length..<(index + 1) * length
            let differences = zip(cells[range], around[range]).count { $0.bitPattern != $1.bitPattern }
            #expect(differences == 0, "mask \(mask)")
        }
    }

    /// Several layers by one pass, over more images than pass together: the bits of each layer alone.
    @Test(arguments: [(Architecture.resnet18, ["layer1", "layer2", "layer4"]), (.resnet50, ["layer3", "layer4"])])
    func layersOfOnePass(architecture: Architecture, layers: [String]) throws {
        let crops = (1...9).flatMap { hashedCrop($0 % 3 + 1) }
        let all = try Backbone(
            architecture, layer: layers[layers.count - 1], layers: layers, parameters: HashedParameters())
        let maps = all.layerFeatures(pixels: crops, count: 9)
        for (index, layer) in layers.enumerated() {
            let alone = try Backbone(architecture, layer: layer, parameters: HashedParameters())
            var features = [Float](repeating: .nan, count: 9 * alone.shape.count)
            alone.features(pixels: crops, count: 9, into: &features)
            #expect(all.shapes[index] == alone.shape)
            let differences = zip(features, maps[index]).count { $0 != $1 }
            #expect(differences == 0 && maps[index].count == features.count, "\(layer)")
        }
    }

    /// Blue first, and bytes as they are: what Keras calls "caffe".
    @Test func otherNormalisations() {
        let pixels: [UInt8] = [10, 20, 30, 40, 50, 60]
        var image = [Float](repeating: 0, count: 6)
        Normalisation(mean: [1, 2, 3], deviation: [1, 1, 2], scale: 1, isBGR: true).apply(
            pixels, places: 2, into: &image)
        #expect(image == [29, 59, 18, 48, 3.5, 18.5])
    }

    @Test func pixelsAreNormalisedFirst() throws {
        let backbone = try Backbone(.resnet18, layer: "layer1", parameters: HashedParameters())
        let crop = hashedCrop(2)
        var image = [Float](repeating: 0, count: FeatureShape.image.count)
        Normalisation.imageNet.apply(crop, places: 224 * 224, into: &image)
        let red: Float = Float(crop[0]) / 255, blue: Float = Float(crop[3 * 5 + 2]) / 255
        #expect(image[0] == (red - 0.485) / 0.229)
        #expect(image[2 * 224 * 224 + 5] == (blue - 0.406) / 0.225)
        var fromImage = [Float](repeating: 0, count: backbone.shape.count), fromPixels = fromImage
        backbone.features(image: image, into: &fromImage)
        backbone.features(pixels: crop, into: &fromPixels)
        let differences = zip(fromImage, fromPixels).count { $0 != $1 }
        #expect(differences == 0)
    }

    @Test func unknownLayerIsNamed() {
        let error = #expect(throws: UnknownLayer.self) {
            try Backbone(.alexnet, layer: "layer4", parameters: HashedParameters())
        }
        #expect(error?.description == "alexnet has no target layer \"layer4\": use one of features")
    }

    struct Missing: Error, Equatable { let name: String }

    /// Serves tensors and remembers their names; one of them can be missing.
    final class Recorder: ParameterSource {
        let missing: String?
        let names = Mutex<[String]>([])
        init(missing: String? = nil) { self.missing = missing }
        func tensor(_ name: String, shape: [Int]) throws -> Tensor {
            if name == missing { throw Missing(name: name) }
            names.withLock { $0.append(name) }
            return HashedParameters().tensor(name, shape: shape)
        }
    }

    @Test func missingTensorIsNamed() {
        #expect(throws: Missing(name: "layer1.1.bn2.running_var")) {
            try Backbone(.resnet18, layer: "layer2", parameters: Recorder(missing: "layer1.1.bn2.running_var"))
        }
    }

    @Test func tensorsBeyondTheTargetLayerAreNotAskedFor() throws {
        let recorder = Recorder()
        _ = try Backbone(.resnet18, layer: "layer2", parameters: recorder)
        let names = recorder.names.withLock { $0 }
        #expect(names.contains("layer2.0.downsample.1.running_mean") && names.contains("layer2.1.conv2.weight"))
        #expect(!names.contains { $0.hasPrefix("layer3") || $0.hasPrefix("fc") })
        #expect(names.count == 5 * (1 + 4 + 5), "a weight and four numbers a channel for each convolution")
    }

    struct NegativeVariance: ParameterSource {
        func tensor(_ name: String, shape: [Int]) -> Tensor {
            var tensor = HashedParameters().tensor(name, shape: shape)
            if name == "layer1.0.bn2.running_var" { tensor.data[3] = -1 }
            return tensor
        }
    }

    @Test func damagedParametersAreRefused() {
        #expect(throws: BackboneError.notFinite(convolution: "layer1.0.conv2", batchNorm: "layer1.0.bn2")) {
            try Backbone(.resnet18, layer: "layer1", parameters: NegativeVariance())
        }
    }
}
