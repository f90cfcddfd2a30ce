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
    /// Which dictionary of the checkpoint is read, and what stands before the names in it; nil: found by the names.
    let key: String?, prefix: String?

    var parameters: Value {
        var members: [String: Value] = [
            "architecture": .string(architecture.name), "layer": .string(layer),
            "seed": randomSeed.map { .int(Int($0)) } ?? .null, "member": member.map { .string($0) } ?? .null,
        ]
        // Absent where they are not said, so that what was computed before they could be said is still known.
        members["key"] = key.map { .string($0) }
        members["prefix"] = prefix.map { .string($0) }
        return .object(members)
    }

    func backbone(_ context: StageContext, probes: Int) throws -> Backbone {
        try backbone(weights: context.input("weights"), probes: probes)
    }

    /// - Parameter weights: path of the input `weights`; not asked for where the weights are drawn.
    func backbone(weights: @autoclosure () throws -> String, probes: Int) throws -> Backbone {
        let parameters: any ParameterSource =
            if let randomSeed {
                RandomParameters(architecture: architecture, seed: randomSeed)
            } else {
                try checkpoint(weights())
            }
        return try Backbone(architecture, layer: layer, parameters: parameters, probes: probes)
    }

    /// Where in the checkpoint the weights stand; nil where they are drawn.
    func place(_ context: StageContext) throws -> WeightsPlace? {
        guard randomSeed == nil else { return nil }
        let checkpoint = try checkpoint(context.input("weights"))
        return WeightsPlace(key: checkpoint.key, prefix: checkpoint.prefix)
    }

    /// - Parameter input: path of the input `weights`.
    /// - Throws: `CheckpointError`.
    func checkpoint(_ input: String) throws -> Checkpoint {
        try Checkpoint(
            contentsOf: member.map { input + "/" + $0 } ?? input, of: architecture, layer: layer, key: key,
            prefix: prefix)
    }
}

/// Where in a checkpoint a model's weights stand.
struct WeightsPlace: Sendable, Equatable {
    /// Keys that lead to the dictionary, joined by dots; empty for the file's root.
    let key: String
    /// What stands before the names in it; often nothing.
    let prefix: String

    /// For the user; nil where the names stand in the file as the architecture has them.
    var note: String? {
        guard !key.isEmpty || !prefix.isEmpty else { return nil }
        return "weights are read " + (key.isEmpty ? "" : "under the key \"\(key)\"")
            + (key.isEmpty || prefix.isEmpty ? "" : ", ")
            + (prefix.isEmpty ? "" : "with the prefix \"\(prefix)\" before every name")
    }
}
