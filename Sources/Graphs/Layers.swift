/// A value of a graph whose channels can be explained: one map of h×w a channel.
public struct GraphLayer: Sendable, Equatable {
    /// The place among the graph's values.
    public let value: Int
    /// The value's own name.
    public let name: String
    /// Path of the module that it leaves, where the file says.
    public let module: String?
    /// What computes it, for people.
    public let kind: String
    /// `[d, h, w]`
    public let shape: [Int]
}

/// A layer that cannot be told from others, or is not there.
public struct UnknownGraphLayer: Error, CustomStringConvertible, Sendable, Equatable {
    /// The name that was asked for.
    public let name: String
    /// Layers that may be meant.
    public let candidates: [GraphLayer]
    /// Whether the name is that of a module which all candidates leave.
    public let isAmbiguous: Bool

    /// The name, the layers that may be meant with their shapes, or how to list all.
    public var description: String {
        let list = candidates.map { "\($0.name) [\($0.shape.map(String.init).joined(separator: "×"))]" }.joined(
            separator: ", ")
        return "no layer \"\(name)\" with a map of height and width"
            + (candidates.isEmpty ? "; `lavise-pipeline layers MODEL` lists them" : "; did you mean \(list)?")
    }
}

extension Graph {
    /// Every layer that can be explained, in the order of computation: the values `[1, d, h, w]` that nodes give.
    public func layers() -> [GraphLayer] {
        var fromImage: Set<Int> = [input], kinds: [Int: String] = [:]
        return nodes.compactMap { node in
            guard node.inputs.contains(where: fromImage.contains) else { return nil }
            fromImage.insert(node.output)
            kinds[node.output] = node.operation.name
            let value = values[node.output]
            guard !value.name.isEmpty, value.shape.count == 4, value.shape[0] == 1, value.shape[1] > 0,
                value.shape[2] > 0, value.shape[3] > 0
            else { return nil }
            return GraphLayer(
                value: node.output, name: value.name, module: value.module,
                kind: kinds[grids[node.output] ?? node.output] ?? "", shape: Array(value.shape.dropFirst()))
        }
    }

    /// The layer of a name: a value's own, or the path of a module, whose last value is meant: the one that leaves it.
    /// - Throws: `UnknownGraphLayer` with the layers of the most similar names.
    public func layer(named name: String) throws -> GraphLayer {
        let layers = layers()
        if let exact = layers.first(where: { $0.name == name }) { return exact }
        func isInside(_ module: String?) -> Bool { module.map { $0 == name || $0.hasPrefix(name + ".") } ?? false }
        let readOutside = Set(nodes.filter { !isInside(values[$0.output].module) }.flatMap(\.inputs)).union(outputs)
        let leaving = layers.filter { isInside($0.module) && readOutside.contains(grids[$0.value] ?? $0.value) }
        if leaving.count == 1 { return leaving[0] }
        if let same = passing(layers)[name] { return same }
        let near =
            leaving.isEmpty ? layers.filter { $0.name.contains(name) || $0.module?.contains(name) ?? false } : leaving
        throw UnknownGraphLayer(name: name, candidates: Array(near.prefix(8)), isAmbiguous: !leaving.isEmpty)
    }

    /// The layers that modules give as they took them, by those that compute nothing else.
    private func passing(_ layers: [GraphLayer]) -> [String: GraphLayer] {
        let computing = Set(nodes.compactMap { values[$0.output].module })
        return passed.reduce(into: [:]) { found, entry in
            let (module, places) = entry
            guard places.count == 1, !computing.contains(where: { $0 == module || $0.hasPrefix(module + ".") }) else {
                return
            }
            found[module] = layers.first { places.contains(grids[$0.value] ?? $0.value) }
        }
    }

    /// Every name of a layer: its value's own, and the paths of modules that this value alone leaves, the longest
    /// first; then of modules that pass it on.
    public func aliases(of layers: [GraphLayer]) -> [[String]] {
        var readers: [Int: [String]] = [:]
        for node in nodes {
            for input in node.inputs { readers[input, default: []].append(values[node.output].module ?? "") }
        }
        let ends = Set(outputs)
        var leaving: [String: Int] = [:]
        let paths = layers.map { layer -> [String] in
            guard let module = layer.module else { return [] }
            let parts = module.split(separator: ".")
            let paths = (1...max(parts.count, 1)).reversed().map { parts.prefix($0).joined(separator: ".") }
            return paths.filter { path in
                ends.contains(layer.value)
                    || readers[layer.value, default: []].contains { $0 != path && !$0.hasPrefix(path + ".") }
            }
        }
        for path in paths.joined() { leaving[path, default: 0] += 1 }
        let passing = Dictionary(grouping: passing(layers)) { $0.value.value }.mapValues { $0.map(\.key).sorted() }
        return zip(layers, paths).map { layer, paths in
            paths.filter { leaving[$0] == 1 && $0 != layer.name }
                + passing[layer.value, default: []].filter { leaving[$0] == nil && $0 != layer.name }
        }
    }

    /// All names that `layer(named:)` knows.
    public var layerNames: [String] {
        let layers = layers()
        return zip(layers, aliases(of: layers)).flatMap { [$0.name] + $1 }
    }
}
