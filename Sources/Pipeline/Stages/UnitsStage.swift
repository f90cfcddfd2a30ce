import Engine
import Fingerprints
import LaViSE

/// Directions of a layer that are explained in place of its channels (METHOD 11) → `units.h5`.
struct UnitsStage: Stage {
    let name = "units"
    let revision = 2
    let outputs = [UnitsFile.name]
    let parameters: Parameters

    struct Parameters: Encodable, Sendable {
        enum Units: String, Encodable { case probes, file }
        /// Probes of concepts, or those of the input `directions`.
        let units: Units
        /// Images that are evaluated, of probes: all of the dataset's.
        let evaluatesAll: Bool?
    }

    /// Those of the input `directions`.
    static let ofFile = UnitsStage(parameters: Parameters(units: .file, evaluatesAll: nil))

    /// Probes of the dataset's concepts.
    static func probes(evaluatesAll: Bool) -> UnitsStage {
        UnitsStage(parameters: Parameters(units: .probes, evaluatesAll: evaluatesAll))
    }

    private init(parameters: Parameters) { self.parameters = parameters }

    func numericsKey() throws -> Digest? { parameters.units == .probes ? try Pipeline.numericsKey([.products]) : nil }

    func run(_ context: StageContext) throws {
        let path = context.output + "/" + UnitsFile.name
        guard let evaluatesAll = parameters.evaluatesAll else {
            let read = try DirectionsFile.read(context.path(.directions))
            return try UnitsFile(
                directions: UnitDirections(weights: read.weights, channels: read.channels), concepts: nil
            ).write(to: path)
        }
        let dataset = try DatasetFile(context.path(.dataset)), maps = try MapFile(context.path(.maps))
        let rows = (0..<dataset.imageCount).filter { dataset.views[$0] == 0 && dataset.splits[$0] == .train }
        let probes = try UnitProbes(
            LabelledMaps(dataset: dataset, maps: maps, rows: rows),
            wanted: Self.wanted(dataset, evaluatesAll: evaluatesAll), threads: context.threads
        ) { progress in
            context.progress(progress.done, of: progress.total, "training images")
            try context.checkCancelled()
        }
        context.worked(Double(rows.count * maps.shape.count * maps.shape.channels))
        let left = dataset.concepts.count - probes.concepts.count
        if left > 0 {
            context.note("\(probes.concepts.count) probes; \(left) concepts are in too few images to have one")
        }
        try UnitsFile(directions: probes.directions, concepts: probes.concepts).write(to: path)
    }

    /// What no evaluated image shows nothing can find.
    private static func wanted(_ dataset: DatasetFile, evaluatesAll: Bool) -> [Bool] {
        var images = [Int](repeating: 0, count: dataset.concepts.count)
        for row in dataset.evaluatedRows(all: evaluatesAll) {
            for concept in Set(dataset.samples(ofImage: row).flatMap { dataset.concepts(ofSample: $0) }) {
                images[Int(concept)] += 1
            }
        }
        return images.map { $0 >= SanityTest.fewestLabels }
    }
}
