import Dispatch
import Graphs
import Tensors
import Testing

/// One network of each family of torchvision's: the bits are the image's alone.
@Suite struct FamilyBitsTests {
    struct Family: Sendable, CustomTestStringConvertible {
        let model: String
        /// Small pictures, but for models that end where they do not fit.
        var side = 64
        var last: String?
        var testDescription: String { model }
    }

    static let families = [
        Family(model: "alexnet"), Family(model: "vgg11_bn"), Family(model: "resnet18"),
        Family(model: "resnext50_32x4d"), Family(model: "wide_resnet50_2"),
        Family(model: "squeezenet1_1"), Family(model: "densenet121"), Family(model: "googlenet"),
        Family(model: "inception_v3", side: 80),
        Family(model: "shufflenet_v2_x0_5"), Family(model: "mobilenet_v2"), Family(model: "mobilenet_v3_small"),
        Family(model: "mnasnet0_5"),
        Family(model: "efficientnet_b0"), Family(model: "efficientnet_v2_s"), Family(model: "regnet_x_400mf"),
        Family(model: "regnet_y_400mf"),
        Family(model: "convnext_tiny"), Family(model: "vit_b_32", side: 224, last: "encoder.layers.encoder_layer_1"),
    ]

    /// Portable code takes minutes for these: `SmallModelTests` compares it on every operation.
    static let sets: [InstructionSet] = {
        let vectors = InstructionSet.allCases.filter { $0.isSupported && $0 != .portable }
        return vectors.isEmpty ? [.portable] : vectors
    }()

    /// By every set of vectors that this machine has: an image alone, sixteen in one call, and eight in each of two
    /// threads.
    @Test(arguments: families)
    func bitsDependOnTheImageAlone(family: Family) throws {
        let graph = try Graph(torchvision: family.model, side: family.side), layers = graph.layers()
        let last = try family.last.map { try graph.layer(named: $0) } ?? layers[layers.count - 1]
        let targets = [layers[layers.count / 3].value, last.value].sorted().filter { $0 <= last.value }
        let count = 16, size = 3 * family.side * family.side,
            counts = targets.map { graph.values[$0].shape.reduce(1, *) }
        let images = (0..<count * size).map { place -> Float in
            let x = Double(place) * 0.7548776662466927
            return Float(x - x.rounded(.down)) - 0.5
        }
        var first: [[UInt32]]?
        for set in Self.sets {
            let program = try GraphProgram(
                graph, targets: targets, kernels: .packed(set), parameters: TorchvisionTests.parameter)
            func run(threads: Int) -> [[UInt32]] {
                // Each thread writes what is its own.
                nonisolated(unsafe) let outputs = counts.map { FloatStorage(count: count * $0) }
                let part = count / threads
                images.withUnsafeBufferPointer { numbers in
                    nonisolated(unsafe) let images = numbers
                    DispatchQueue.concurrentPerform(iterations: threads) { thread in
                        let places = zip(outputs, counts).map { $0.address + thread * part * $1 }
                        do {
                            try program.run(
                                images: images.baseAddress! + thread * part * size, count: part, into: places)
                        } catch { Issue.record(error) }
                    }
                }
                return zip(outputs, counts).map {
                    UnsafeBufferPointer(start: $0.address, count: count * $1).map(\.bitPattern)
                }
            }
            let together = run(threads: 1)
            #expect(run(threads: 2) == together, "two threads, \(set)")
            for image in [0, 5, 15] {
                let alone = try program.runAll(
                    Tensor(
                        shape: [1, 3, family.side, family.side], data: Array(images[image * size..<(image + 1) * size]))
                )
                for (own, (all, count)) in zip(alone, zip(together, counts)) {
                    #expect(
                        own.data.map(\.bitPattern).elementsEqual(all[image * count..<(image + 1) * count]),
                        "image \(image) alone, \(set)")
                }
            }
            if let first { #expect(together == first, "\(set)") } else { first = together }
        }
        #expect(first?.last.map { Set($0).count > 100 } ?? false)
    }
}
