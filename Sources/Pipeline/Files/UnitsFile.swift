import HDF5
import LaViSE

/// `units.h5`: `/directions` [U, d] float32; of probes `/concepts` [U] int32, the concept of the dataset that each is a
/// probe of.
package struct UnitsFile: Sendable {
    static let name = "units.h5"

    let directions: UnitDirections
    /// nil where no answer is known.
    let concepts: [Int]?

    init(directions: UnitDirections, concepts: [Int]?) {
        self.directions = directions
        self.concepts = concepts
    }

    /// - Throws: `HDF5Error`, `EvaluationError`.
    init(_ path: String) throws {
        let file = try HDF5File.open(path)
        directions = try UnitDirections(weights: file.read("directions"), channels: file.shape(of: "directions")[1])
        concepts = try file.contains("concepts") ? file.read("concepts", as: Int32.self).map { Int($0) } : nil
    }

    func write(to path: String) throws {
        let file = try HDF5File.create(path)
        try file.write("directions", directions.weights, shape: [directions.count, directions.channels])
        if let concepts { try file.write("concepts", concepts.map { Int32($0) }) }
        try file.close()
    }
}
