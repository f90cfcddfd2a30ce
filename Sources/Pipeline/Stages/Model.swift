import Engine
import Fingerprints
import Networks

/// The target model as stages see it: architecture, layer, and the input `weights` or a seed.
struct Model: Sendable {
    let architecture: Architecture
    let layer: String
    /// nil: weights are read from the input `weights`.
    let randomSeed: UInt64?
    /// Path of the checkpoint inside the input, where the input is a folder.
    let member: String?

    var parameters: Value {
        [
            "architecture": .string(architecture.name), "layer": .string(layer),
            "seed": randomSeed.map { .int(Int($0)) } ?? .null, "member": member.map { .string($0) } ?? .null,
        ]
    }

    func backbone(_ context: StageContext, probes: Int) throws -> Backbone {
        try backbone(weights: context.input("weights"), probes: probes)
    }

    /// - Parameter weights: path of the input `weights`; not asked for where the weights are drawn.
    func backbone(weights: @autoclosure () throws -> String, probes: Int) throws -> Backbone {
        let parameters: any ParameterSource
        if let randomSeed {
            parameters = RandomParameters(architecture: architecture, seed: randomSeed)
        } else {
            let input = try weights()
            parameters = try Checkpoint(contentsOf: member.map { input + "/" + $0 } ?? input)
        }
        return try Backbone(architecture, layer: layer, parameters: parameters, probes: probes)
    }
}
