import HDF5

extension Explainer {
    /// Reads an explainer file: `bn1/{weight,bias,running_mean,running_var}`, `linear1/{weight,bias}`, `bn2/…`,
    /// `linear2/…` under `group`.
    /// - Throws: `HDF5Error` where a tensor is missing, of another type, or of a shape that does not suit the others.
    public init(from file: HDF5File, at group: String = "/") throws {
        let prefix = group == "/" ? "" : group
        let shape = try file.shape(of: prefix + "/linear2/weight")
        guard shape.count == 2, shape.allSatisfy({ (1...1 << 20).contains($0) }) else {
            throw HDF5Error(
                file: file.path, object: prefix + "/linear2/weight",
                reason: "has the shape \(shape), expected [outputs, inputs]")
        }
        let layout = ExplainerLayout(inputs: shape[1], outputs: shape[0])
        func read(_ entries: [ExplainerLayout.Entry]) throws -> [Float] {
            try entries.flatMap { entry in
                let name = prefix + "/" + entry.name.split(separator: ".").joined(separator: "/")
                let found = try file.shape(of: name)
                guard found == entry.shape else {
                    throw HDF5Error(
                        file: file.path, object: name, reason: "has the shape \(found), expected \(entry.shape)")
                }
                return try file.read(name, as: Float.self)
            }
        }
        self.init(layout: layout, parameters: try read(layout.parameters), statistics: try read(layout.statistics))
    }

    /// Writes what `init(from:at:)` reads.
    /// - Throws: `HDF5Error` where a tensor is there already or the disk fails.
    public func write(to file: HDF5File, at group: String = "/") throws {
        let prefix = group == "/" ? "" : group
        for (entries, values) in [(layout.parameters, parameters), (layout.statistics, statistics)] {
            for entry in entries {
                let name = prefix + "/" + entry.name.split(separator: ".").joined(separator: "/")
                try file.write(name, Array(values[entry.range]), shape: entry.shape)
            }
        }
    }
}
