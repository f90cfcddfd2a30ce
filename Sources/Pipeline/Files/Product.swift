import Datasets
import Engine
import Networks

/// An output of a job, and what it holds: `File` is the type that reads it.
public struct Product<File>: Sendable, Hashable {
    /// The id of the job that makes it.
    public let job: String
    let name: String

    var source: Source { .output(job: job, name: name) }
}

/// A named input of a stage, and what comes in by it: `File` is the type that reads it.
struct Port<File>: Sendable {
    let name: String

    func from(_ product: Product<File>) -> Input { Input(name, product.source) }

    /// From outside the store, or from inside a folder that a job leaves.
    func from(_ source: Source) -> Input { Input(name, source) }

    /// The same port of the row at an index, of a stage that reads all rows of a matrix.
    func ofRow(_ index: Int) -> Port { Port(name: "\(name).\(index)") }
}

extension StageContext {
    /// The path of what comes in by a port.
    /// - Throws: `EngineError.unknownInput` when the job has no such input.
    func path<File>(_ port: Port<File>) throws -> String { try input(port.name) }
}

extension Port<DatasetFile> {
    /// The reference dataset.
    static var dataset: Port { Port(name: "dataset") }
    /// Pictures that nobody annotated.
    static var target: Port { Port(name: "target") }
}

extension Port<EmbeddingFile> { static var embedding: Port { Port(name: "embedding") } }
extension Port<WordList> { static var words: Port { Port(name: "words") } }
extension Port<MapFile> { static var maps: Port { Port(name: "features") } }
extension Port<PooledFile> { static var pooled: Port { Port(name: "pooled") } }
extension Port<ExplainerFile> { static var explainer: Port { Port(name: "explainer") } }
extension Port<UnitsFile> { static var units: Port { Port(name: "units") } }
extension Port<EvaluationFile> { static var evaluation: Port { Port(name: "evaluation") } }
extension Port<EvidenceFile> { static var evidence: Port { Port(name: "evidence") } }

// What comes from outside the store.
extension Port<GloveReader> { static var vectors: Port { Port(name: "vectors") } }
extension Port<Checkpoint> { static var weights: Port { Port(name: "weights") } }
extension Port<ModelFile> { static var model: Port { Port(name: "model") } }
extension Port<PictureFiles> { static var pictures: Port { Port(name: "pictures") } }
extension Port<DirectionsFile> { static var directions: Port { Port(name: "directions") } }
extension Port<EntityList> { static var entities: Port { Port(name: "entities") } }
extension Port<LabelFile> {
    /// Another tool's labels, by its place in `evaluate.explanations`.
    static func explanations(_ index: Int) -> Port { Port(name: "explanations").ofRow(index) }
}
