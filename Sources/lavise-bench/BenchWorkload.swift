import HDF5

/// One row of the tables: work of this project that libraries can do as well. `bench/peers.py` has the other side of each.
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
