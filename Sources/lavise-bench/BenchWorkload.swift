import HDF5

/// One row of the tables: work of this project that libraries can do as well. `bench/peers.py` has the other side of
/// each.
protocol BenchWorkload: AnyObject {
    /// What the protocol with `peers.py` calls it, as in `resnet18`.
    var name: String { get }
    var title: String { get }
    /// Things that a run does, and what they are.
    var items: Int { get }
    var unit: String { get }
    /// FLOP of a run by the plain formulas, and bytes that must pass memory; 0 where neither is the limit.
    var flop: Double { get }
    var bytes: Double { get }
    /// The inputs, for the other side.
    func writeInputs(to file: HDF5File) throws
    /// What the other side's outputs are compared with.
    func writeOutputs(to file: HDF5File) throws
    /// The work itself, on `benchThreads` threads but where the title says otherwise.
    func run() throws
}

/// Threads of every run, here and at the peers.
let benchThreads = 2

/// The workloads by name, made when they are asked for: their inputs take memory.
let workloads: [(name: String, make: @Sendable () throws -> any BenchWorkload)] = [
    ("resnet18", { try BackboneWorkload(.resnet18, layer: "layer4") }),
    ("resnet50", { try BackboneWorkload(.resnet50, layer: "layer4") }),
    ("alexnet", { try BackboneWorkload(.alexnet, layer: "features") }),
    ("vgg16", { try GraphWorkload("vgg16", layer: "features.30") }),
    ("densenet121", { try GraphWorkload("densenet121", layer: "features.norm5") }),
    ("mobilenet_v2", { try GraphWorkload("mobilenet_v2", layer: "features.18") }),
    ("efficientnet_b0", { try GraphWorkload("efficientnet_b0", layer: "features.8") }),
    ("googlenet", { try GraphWorkload("googlenet", layer: "inception5b") }),
    ("wide_resnet50_2", { try GraphWorkload("wide_resnet50_2", layer: "layer4") }),
    ("resnext50_32x4d", { try GraphWorkload("resnext50_32x4d", layer: "layer4") }),
    ("convnext_tiny", { try GraphWorkload("convnext_tiny", layer: "features.7") }),
    ("vit_b_16", { try GraphWorkload("vit_b_16", layer: "encoder.layers.encoder_layer_11") }),
    ("train512", { try TrainingWorkload(inputs: 512) }),
    ("train2048", { try TrainingWorkload(inputs: 2048) }),
    ("crop", { try CropWorkload() }),
    ("words", { try WordsWorkload() }),
]

/// Seconds that `body` takes.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let duration = try clock.measure(body)
    return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}

/// The fewest seconds of several runs, after one that warms up.
func fastest(_ repeats: Int, _ body: () throws -> Void) rethrows -> Double {
    try body()
    var least = Double.infinity
    for _ in 0..<repeats { least = min(least, try seconds(body)) }
    return least
}
