import Engine
import Fingerprints
import Graphs
import Networks

/// The target model as stages see it: network and layers, and the inputs `model` and `weights`, or a seed.
struct Model: Sendable {
    let network: Network
    /// In their order; all are computed by one pass.
    let layers: [String]
    /// What is known of them; nil where the model file is not there yet. No part of a fingerprint.
    let known: [TargetLayer]?
    /// Whether a graph computes what the hand-written blocks could: in the pass that the layers' features come from it
    /// does.
    let isGraph: Bool
    /// Of the pictures; no part of a fingerprint here: the dataset has it.
    let side: Int
    let normalisation: Normalisation
    /// nil: weights are read from the input `weights`, or stand in the model file.
    let randomSeed: UInt64?
    /// Path of the checkpoint inside the input, where the input is a folder.
    let member: String?
    /// Which dictionary of the checkpoint is read, and what stands before the names in it; nil: found by the names.
    let key: String?, prefix: String?

    /// The kernels that its passes use.
    /// - Parameter probed: whether an all-zero image passes in training mode.
    func kernels(probed: Bool) -> [KernelFamily] {
        isGraph ? [.graphs] : [.convolutions] + (probed ? [.plainConvolutions] : [])
    }

    /// The same model up to one of its layers alone, by the same kernels.
    func only(_ layer: String) -> Model {
        Model(
            network: network, layers: [layer], known: known?.filter { $0.name == layer }, isGraph: isGraph, side: side,
            normalisation: normalisation,
            randomSeed: randomSeed, member: member, key: key, prefix: prefix)
    }

    /// Multiplications of one picture's pass; nil where they are not known yet.
    var multiplications: Double? { known?.map(\.multiplications).max() }

    var isFile: Bool { if case .file = network { true } else { false } }

    func source(_ context: StageContext, probes: Int) throws -> any FeatureSource {
        try source(file: context.path(.model), weights: context.path(.weights), probes: probes)
    }

    /// - Parameters:
    ///   - file: path of the input `model`; asked for only where the network is a file.
    ///   - weights: path of the input `weights`; asked for only where weights are read from there.
    func source(
        file: @autoclosure () throws -> String, weights: @autoclosure () throws -> String, probes: Int
    ) throws -> any FeatureSource {
        if !isGraph, case .blocks(let architecture) = network {
            let ordered = architecture.layers.filter(layers.contains)
            guard let last = ordered.last else { throw UnknownLayer(architecture: architecture, layer: layers[0]) }
            let parameters: any ParameterSource =
                if let randomSeed {
                    RandomParameters(architecture: architecture, seed: randomSeed)
                } else {
                    try checkpoint(weights(), nil)
                }
            let backbone = try Backbone(
                architecture, layer: last, layers: ordered, normalisation: normalisation, parameters: parameters,
                probes: probes)
            return BackboneSource(backbone: backbone, order: layers.compactMap(ordered.firstIndex))
        }
        let graph = try network.graph(side: side, file: file())
        return try GraphSource(
            graph, layers: layers, normalisation: normalisation, parameters: graphParameters(graph, weights: weights()))
    }

    /// The parameters of a graph that does not hold them itself.
    func graphParameters(_ graph: Graph, weights: @autoclosure () throws -> String) throws -> any ParameterSource {
        guard let randomSeed else { return isFile ? NoParameters() : try checkpoint(weights(), graph) }
        if case .blocks(let architecture) = network {
            return RandomParameters(architecture: architecture, seed: randomSeed)
        }
        return RandomGraphParameters(graph, model: network.name, seed: randomSeed)
    }

    /// Where in the checkpoint the weights stand; nil where they are drawn, or stand in the model file.
    func place(_ context: StageContext) throws -> WeightsPlace? {
        guard randomSeed == nil, !isFile else { return nil }
        let checkpoint = try checkpoint(context.path(.weights), isGraph ? network.graph(side: side, file: "") : nil)
        return WeightsPlace(key: checkpoint.key, prefix: checkpoint.prefix)
    }

    /// - Parameters:
    ///   - input: path of the input `weights`.
    ///   - graph: nil for the hand-written blocks.
    /// - Throws: `CheckpointError`, `UnknownGraphLayer`.
    private func checkpoint(_ input: String, _ graph: Graph?) throws -> Checkpoint {
        let path = member.map { input + "/" + $0 } ?? input
        if let graph {
            return try Checkpoint(
                contentsOf: path, wanted: graph.parameterList(upTo: layers).map(\.name),
                known: Set(graph.parameterList.map(\.name)),
                of: network.name, layer: layers.joined(separator: ", "), key: key, prefix: prefix)
        }
        guard case .blocks(let architecture) = network, let last = architecture.layers.last(where: layers.contains)
        else {
            throw CheckpointError(path: path, reason: "is no model file; name one in backbone.model")
        }
        return try Checkpoint(contentsOf: path, of: architecture, layer: last, key: key, prefix: prefix)
    }

    /// What keeps the weights from fitting the model; nothing for a model file, which is read whole. Reads them.
    /// - Throws: `CheckpointError` where the file is no checkpoint of the model; `UnknownGraphLayer`.
    func weightProblems(_ input: String) throws -> (path: String, problems: [String]) {
        let graph = isGraph ? try network.graph(side: side, file: "") : nil
        let checkpoint = try checkpoint(input, graph)
        if let graph { return (checkpoint.path, try checkpoint.problems(reading: graph.parameterList(upTo: layers))) }
        guard case .blocks(let architecture) = network, let last = architecture.layers.last(where: layers.contains)
        else { return ("", []) }
        return (checkpoint.path, try checkpoint.problems(for: architecture, layer: last))
    }
}

/// As fingerprints hold it: what decides the maps' bits, beside the files that are inputs.
extension Model: Encodable {
    private enum CodingKeys: CodingKey {
        case architecture, layer, seed, member, key, prefix, normalisation, layers, graph
    }

    func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(isFile ? "" : network.name, forKey: .architecture)
        try members.encode(layers[0], forKey: .layer)
        try members.encode(randomSeed, forKey: .seed)
        try members.encode(member, forKey: .member)
        // Absent where they are not said, so that what was computed before they could be said is still known.
        try members.encodeIfPresent(key, forKey: .key)
        try members.encodeIfPresent(prefix, forKey: .prefix)
        if normalisation != .imageNet { try members.encode(normalisation, forKey: .normalisation) }
        if layers.count > 1 { try members.encode(layers, forKey: .layers) }
        if isGraph, case .blocks(let architecture) = network, layers.allSatisfy(architecture.layers.contains) {
            try members.encode(true, forKey: .graph)
        }
    }
}
