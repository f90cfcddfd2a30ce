import Datasets
import Engine
import Fingerprints
import Foundation
import Imaging
import LaViSE
import Networks
import Transfer

/// The jobs of an experiment; equal jobs of its variants are one job.
public struct ExperimentPlan: Sendable {
    /// The experiment that is planned.
    public let file: ExperimentFile
    /// The jobs of all its variants.
    public let plan: Plan
    /// What the jobs of every variant make, in the order of `file.variants`.
    public let variants: [VariantFiles]
    /// The job whose output is the results folder.
    public let tables: String
    /// The jobs that need the network.
    let downloads: [String: DownloadStage]

    /// What the jobs of a variant make.
    public struct VariantFiles: Sendable {
        package let embedding: Product<EmbeddingFile>
        package let words: Product<WordList>
        package let dataset: Product<DatasetFile>
        /// The dataset's maps of the variant's layer.
        package let features: Product<MapFile>
        package let explainer: Product<ExplainerFile>
        package let evaluation: Product<EvaluationFile>
        /// The images that filters are explained on, and their maps: the target's, or the dataset's own.
        package let images: Product<DatasetFile>, maps: Product<MapFile>
        /// nil where no metric is asked for.
        package let evidence: Product<EvidenceFile>?
        /// The directions that are explained; nil where channels are.
        package let units: Product<UnitsFile>?
        /// How maps and explanations are made, for those who make more of them.
        let extraction: FeaturesStage, evaluate: EvaluateStage

        /// The target; nil where filters are explained on the dataset's own images.
        var target: Product<DatasetFile>? { images == dataset ? nil : images }
    }

    /// - Throws: `ExperimentError` for a manifest that cannot be read.
    public init(_ file: ExperimentFile, places: Places, downloads: DownloadOptions) throws {
        let manifests = try LockedManifest.all(of: file, places)
        var builder = Builder(places: places, downloads: downloads, manifests: manifests)
        let variants = try file.variants.map { try builder.add($0) }
        tables = try builder.job(
            TablesStage(file),
            variants.enumerated().flatMap { index, files -> [Input] in
                let some: [Input?] = [
                    files.target.map(Port.target.ofRow(index).from), files.units.map(Port.units.ofRow(index).from),
                    files.evidence.map(Port.evidence.ofRow(index).from),
                ]
                return [
                    Port.dataset.ofRow(index).from(files.dataset), Port.words.ofRow(index).from(files.words),
                    Port.explainer.ofRow(index).from(files.explainer),
                    Port.evaluation.ofRow(index).from(files.evaluation),
                ] + some.compactMap(\.self)
            })
        self.file = file
        self.variants = variants
        self.downloads = builder.fetching
        plan = try Plan(builder.jobs, name: file.name)
    }

    /// Collects jobs. A job's id is its stage's name, with the variant's labels where another variant's job has that
    /// name: ids last while parameters change, so that the engine can say what changed.
    private struct Builder {
        let places: Places
        let downloads: DownloadOptions
        let manifests: [String: LockedManifest]
        var jobs: [Job] = []
        var fetching: [String: DownloadStage] = [:]
        private var known: [Digest: String] = [:]
        private var taken: Set<String> = []
        private var labels: [String] = []
        /// By path and size of the pictures: what the rows of a matrix share is read once.
        private var modelFiles: [String: ModelFile] = [:]

        init(places: Places, downloads: DownloadOptions, manifests: [String: LockedManifest]) {
            self.places = places
            self.downloads = downloads
            self.manifests = manifests
        }

        mutating func add(_ variant: ExperimentFile.Variant) throws -> VariantFiles {
            labels = variant.labels
            return try add(variant.experiment)
        }

        mutating func job(_ stage: any Stage, _ inputs: [Input], called name: String? = nil) throws -> String {
            let definition = try Value.array([
                .string(stage.name), .int(stage.revision), stage.encodedParameters(),
                .array(inputs.map { .array([.string($0.name), $0.source.value]) }),
            ]).digest
            if let same = known[definition] { return same }
            let plain = name ?? stage.name
            let labelled = "\(plain)[\(labels.joined(separator: ", "))]"
            var id = taken.contains(plain) ? labelled : plain
            var number = 2
            while taken.contains(id) {
                id = "\(labelled)#\(number)"
                number += 1
            }
            known[definition] = id
            taken.insert(id)
            jobs.append(Job(id: id, stage: stage, inputs: inputs))
            return id
        }

        private mutating func add(_ experiment: Experiment) throws -> VariantFiles {
            let drawing = experiment.dataset.kind.drawing?(experiment)
            let drawn = try drawing.map { try Source.output(job: job($0.stage, []), name: $0.folder) }
            let vectors = try vectors(experiment.embedding, drawn, drawing?.vectors)
            let embedded = try job(EmbeddingStage(member: vectors.member), [Port.vectors.from(vectors.source)])
            let embedding = Product<EmbeddingFile>(job: embedded, name: EmbeddingFile.name)
            let words = Product<WordList>(job: embedded, name: WordList.name)
            let parts = try datasetParts(experiment.dataset, drawn)
            let preprocessed = try job(
                PreprocessStage(
                    parameters: .init(
                        format: experiment.dataset.kind, layout: parts.layout,
                        onBadImage: experiment.dataset.onBadImage, views: experiment.dataset.views,
                        rules: experiment.datasetRules, seed: experiment.seed)),
                parts.inputs + [Port.words.from(words)])
            let dataset = Product<DatasetFile>(job: preprocessed, name: DatasetFile.name)
            let (model, weights) = try targetModel(experiment), layer = experiment.backbone.layer
            guard let place = model.layers.firstIndex(of: layer) else {
                throw ExperimentError("backbone.layers lacks the layer \"\(layer)\"")
            }
            var featureRules = experiment.deviations.changing(FeatureRules(), by: \.features)
            // Peers then choose, and probes are fitted, on training images, whose maps no other row needs.
            if experiment.evaluate.sharedImages || experiment.evaluate.units == .probes {
                featureRules.evaluatesAll = true
            }
            let extraction = FeaturesStage(
                model: model, precision: experiment.backbone.precision, rules: featureRules)
            let extracted = try job(extraction, [Port.dataset.from(dataset)] + weights)
            let features = Product<MapFile>(job: extracted, name: extraction.featuresName(place))
            let pooled = Product<PooledFile>(job: extracted, name: extraction.pooledName(place))
            let explainer = try Product<ExplainerFile>(
                job: job(
                    TrainStage(
                        experiment.train, views: experiment.dataset.views > 0,
                        rules: experiment.deviations.changing(TrainingRules(), by: \.training), seed: experiment.seed),
                    [Port.dataset.from(dataset), Port.embedding.from(embedding), Port.pooled.from(pooled)]),
                name: ExplainerFile.name)
            let target = try experiment.target.map { try images(of: $0, crop: experiment.backbone.preprocessing.crop) }
            let maps = try target.map { target in
                let looked = try job(extraction, [Port.dataset.from(target)] + weights, called: "features-target")
                return Product<MapFile>(job: looked, name: features.name)
            }
            let units = try units(experiment, dataset, features)
            let needsBackbone = experiment.evaluate.methods.contains(where: \.masksImage)
            let entities = experiment.evaluate.entities.map { Port.entities.from(.file(places.dataPath($0))) }
            let evaluate = EvaluateStage(
                experiment.evaluate, deviations: experiment.deviations, model: needsBackbone ? model.only(layer) : nil,
                hasTarget: target != nil, dataset: experiment.dataset)
            let evaluated =
                [
                    Port.dataset.from(dataset), Port.embedding.from(embedding), Port.maps.from(maps ?? features),
                    Port.explainer.from(explainer),
                ] + (needsBackbone ? weights : [])
                + [entities, units.map(Port.units.from), target.map(Port.target.from)].compactMap(\.self)
            return try VariantFiles(
                embedding: embedding, words: words, dataset: dataset, features: features, explainer: explainer,
                evaluation: Product(job: job(evaluate, evaluated), name: EvaluationFile.name),
                images: target ?? dataset, maps: maps ?? features,
                evidence: evidence(experiment, evaluate, evaluated), units: units, extraction: extraction,
                evaluate: evaluate)
        }

        private mutating func units(
            _ experiment: Experiment, _ dataset: Product<DatasetFile>, _ features: Product<MapFile>
        ) throws -> Product<UnitsFile>? {
            switch experiment.evaluate.units {
            case .channels: return nil
            case .probes:
                let all = experiment.deviations.changing(EvaluationRules(), by: \.evaluation).evaluatesAll
                let probes = try job(
                    UnitsStage.probes(evaluatesAll: all),
                    [Port.dataset.from(dataset), Port.maps.from(features)])
                return Product(job: probes, name: UnitsFile.name)
            case .directions(let path):
                let read = try job(
                    UnitsStage.ofFile,
                    [Port.directions.from(.file(places.dataPath(path)))])
                return Product(job: read, name: UnitsFile.name)
            }
        }

        /// A target's pictures.
        private mutating func images(
            of target: Experiment.Target, crop: CropRule
        ) throws -> Product<DatasetFile> {
            let source: Source, isFetched: Bool
            switch target.origin {
            case .path(let path): (source, isFetched) = (.file(places.dataPath(path)), false)
            case .manifest(let path): (source, isFetched) = (try download(path).0, true)
            }
            let read = try job(
                TargetStage(onBadImage: target.onBadImage, opensArchives: isFetched, crop: crop),
                [Port.pictures.from(source)])
            return Product(job: read, name: DatasetFile.name)
        }

        private mutating func evidence(
            _ experiment: Experiment, _ evaluate: EvaluateStage, _ inputs: [Input]
        ) throws -> Product<EvidenceFile>? {
            guard experiment.hasEvidence else { return nil }
            let tools = experiment.evaluate.explanations.enumerated().map { index, tool in
                Port.explanations(index).from(.file(places.dataPath(tool.csv)))
            }
            let scored = try job(
                EvidenceStage(
                    experiment.evaluate, evaluate: evaluate, seed: experiment.seed, layer: experiment.backbone.layer,
                    weighByActivation: experiment.deviations.contains(.weighByActivation)), inputs + tools)
            return Product(job: scored, name: EvidenceFile.name)
        }

        private mutating func vectors(
            _ embedding: Experiment.Embedding, _ drawn: Source?, _ member: String?
        ) throws -> (source: Source, member: String?) {
            switch embedding.origin {
            case .path(let path): return (.file(places.dataPath(path)), embedding.member)
            case .manifest(let path):
                let (download, manifest) = try download(path)
                return (download, try manifest.product(suffix: ".txt", named: embedding.member))
            case nil: return try (Self.known(drawn), member)
            }
        }

        private mutating func targetModel(_ experiment: Experiment) throws -> (Model, [Input]) {
            let backbone = experiment.backbone
            func model(seed: UInt64?, member: String?, known: [TargetLayer]? = nil) -> Model {
                Model(
                    network: backbone.network, layers: backbone.layers, known: known ?? backbone.known,
                    isGraph: backbone.isGraph,
                    side: backbone.preprocessing.crop.side, normalisation: backbone.preprocessing.normalisation,
                    randomSeed: seed, member: member,
                    key: backbone.weightsKey, prefix: backbone.weightsPrefix)
            }
            if case .file(let name) = backbone.network {
                let path = places.dataPath(name)
                let side = backbone.preprocessing.crop.side, key = "\(path) \(side)"
                let file = try modelFiles[key] ?? ModelFile(backbone.network, at: path, side: side)
                modelFiles[key] = file
                return (model(seed: nil, member: nil, known: try file.targetLayers(experiment)), file.inputs)
            }
            switch backbone.weights {
            case nil: return (model(seed: experiment.seed, member: nil), [])
            case .path(let path):
                return (model(seed: nil, member: nil), [Port.weights.from(.file(places.dataPath(path)))])
            case .manifest(let path):
                let (download, manifest) = try download(path)
                return (
                    model(seed: nil, member: try manifest.product(suffix: ".pth", named: nil)),
                    [Port.weights.from(download)]
                )
            }
        }

        private mutating func datasetParts(_ dataset: Experiment.Dataset, _ drawn: Source?) throws -> DatasetParts {
            let files: DatasetFiles =
                switch dataset.origin {
                case nil: .inside(input: "dataset", try Self.known(drawn))
                case .manifest(let path): .inside(input: "dataset", try download(path).0)
                case .path(let root): .folder(places.dataPath(root), places)
                }
            return dataset.kind.parts(files, dataset)
        }

        private static func known(_ drawn: Source?) throws -> Source {
            guard let drawn else { throw ExperimentError("\"dataset\" names no files, and its kind draws none") }
            return drawn
        }

        private mutating func download(_ path: String) throws -> (Source, Manifest) {
            guard let known = manifests[path] else { throw ExperimentError("\(path): no such manifest") }
            let stage = DownloadStage(
                manifest: known.manifest, recorded: known.recorded, lockPath: known.lockPath, options: downloads)
            let id = try job(stage, [], called: "download-\(known.manifest.name)")
            fetching[id] = stage
            return (.output(job: id, name: DownloadStage.folder), known.manifest)
        }
    }
}

extension Source {
    fileprivate var value: Value {
        switch self {
        case .file(let path): .array([.string(path)])
        case .output(let job, let name): .array([.string(job), .string(name)])
        }
    }
}
