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
    public let file: ExperimentFile
    public let plan: Plan
    /// The jobs of every variant, in the order of `file.variants`.
    public let variants: [VariantJobs]
    /// The job whose output is the results folder.
    public let tables: String

    public struct VariantJobs: Sendable {
        public let embedding: String, dataset: String, features: String, train: String, evaluate: String
        /// The jobs of the images that filters are explained on, and of their features: the target's, or the dataset's
        /// own.
        public let images: String, looked: String
        /// The output of `features` and of `looked` with the maps of the variant's layer.
        public let maps: String
        /// nil where no metric is asked for.
        public let evidence: String?
        /// The job of the directions that are explained; nil where channels are.
        public let units: String?
    }

    /// - Throws: `ExperimentError` for a manifest that cannot be read.
    public init(_ file: ExperimentFile, places: Places, downloads: DownloadOptions) throws {
        let manifests = try LockedManifest.all(of: file, places)
        var builder = Builder(places: places, downloads: downloads, manifests: manifests)
        let variants = try file.variants.map { try builder.add($0) }
        tables = builder.job(
            TablesStage(file),
            variants.enumerated().flatMap { index, variant in
                [
                    Input("dataset.\(index)", .output(job: variant.dataset, name: DatasetFile.name)),
                    Input("words.\(index)", .output(job: variant.embedding, name: EmbeddingFile.wordsName)),
                    Input("explainer.\(index)", .output(job: variant.train, name: TrainStage.explainerName)),
                    Input("evaluation.\(index)", .output(job: variant.evaluate, name: EvaluationFile.name)),
                ]
                    + (variant.images == variant.dataset
                        ? [] : [Input("target.\(index)", .output(job: variant.images, name: DatasetFile.name))])
                    + (variant.units.map { [Input("units.\(index)", .output(job: $0, name: UnitsFile.name))] } ?? [])
                    + (variant.evidence.map { [Input("evidence.\(index)", .output(job: $0, name: EvidenceFile.name))] }
                        ?? [])
            })
        self.file = file
        self.variants = variants
        plan = try Plan(builder.jobs, name: file.name)
    }

    /// Collects jobs. A job's id is its stage's name, with the variant's labels where another variant's job has that
    /// name: ids last while parameters change, so that the engine can say what changed.
    private struct Builder {
        let places: Places
        let downloads: DownloadOptions
        let manifests: [String: LockedManifest]
        var jobs: [Job] = []
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

        mutating func add(_ variant: ExperimentFile.Variant) throws -> VariantJobs {
            labels = variant.labels
            return try add(variant.experiment)
        }

        mutating func job(_ stage: any Stage, _ inputs: [Input], called name: String? = nil) -> String {
            let definition = Value.array([
                .string(stage.name), .int(stage.revision), stage.parameters,
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

        private mutating func add(_ experiment: Experiment) throws -> VariantJobs {
            let drawing = experiment.dataset.kind.drawing?(experiment)
            let drawn = drawing.map { Source.output(job: job($0.stage, []), name: $0.folder) }
            let vectors = try vectors(experiment.embedding, drawn, drawing?.vectors)
            let embedding = job(EmbeddingStage(member: vectors.member), [Input("vectors", vectors.source)])
            let parts = try datasetParts(experiment.dataset, drawn)
            let preprocess = job(
                PreprocessStage(
                    format: experiment.dataset.kind, onBadImage: experiment.dataset.onBadImage,
                    views: experiment.dataset.views, rules: experiment.datasetRules, seed: experiment.seed,
                    layout: parts.layout),
                parts.inputs + [Input("words", .output(job: embedding, name: EmbeddingFile.wordsName))])
            let (model, weights) = try targetModel(experiment), layer = experiment.backbone.layer
            guard let place = model.layers.firstIndex(of: layer) else {
                throw ExperimentError("backbone.layers lacks the layer \"\(layer)\"")
            }
            let datasetInput = Input("dataset", .output(job: preprocess, name: DatasetFile.name))
            let embeddingInput = Input("embedding", .output(job: embedding, name: EmbeddingFile.name))
            var featureRules = experiment.deviations.changing(FeatureRules(), by: \.features)
            // Peers then choose, and probes are fitted, on training images, whose maps no other row needs.
            if experiment.evaluate.sharedImages || experiment.evaluate.units == .probes {
                featureRules.evaluatesAll = true
            }
            let extraction = FeaturesStage(
                model: model, precision: experiment.backbone.precision, rules: featureRules)
            let features = job(extraction, [datasetInput] + weights)
            let train = job(
                TrainStage(
                    training: experiment.train, views: experiment.dataset.views > 0,
                    rules: experiment.deviations.changing(TrainingRules(), by: \.training), seed: experiment.seed),
                [
                    datasetInput, embeddingInput,
                    Input("pooled", .output(job: features, name: extraction.pooledName(place))),
                ])
            let target = try experiment.target.map { try images(of: $0, crop: experiment.backbone.preprocessing.crop) }
            let looked =
                target.map { target in
                    job(
                        extraction, [Input("dataset", .output(job: target, name: DatasetFile.name))] + weights,
                        called: "features-target")
                } ?? features
            let units = units(
                experiment, datasetInput,
                Input("features", .output(job: features, name: extraction.featuresName(place))))
            let needsBackbone = experiment.evaluate.methods.contains(where: \.masksImage)
            let entities = experiment.evaluate.entities.map { [Input("entities", .file(places.dataPath($0)))] } ?? []
            let stage = EvaluateStage(
                experiment.evaluate, deviations: experiment.deviations, model: needsBackbone ? model.only(layer) : nil,
                hasTarget: target != nil)
            let evaluated =
                [
                    datasetInput, embeddingInput,
                    Input("features", .output(job: looked, name: extraction.featuresName(place))),
                    Input("explainer", .output(job: train, name: TrainStage.explainerName)),
                ] + (needsBackbone ? weights : []) + entities
                + (units.map { [Input("units", .output(job: $0, name: UnitsFile.name))] } ?? [])
                + (target.map { [Input("target", .output(job: $0, name: DatasetFile.name))] } ?? [])
            return VariantJobs(
                embedding: embedding, dataset: preprocess, features: features, train: train,
                evaluate: job(stage, evaluated),
                images: target ?? preprocess, looked: looked, maps: extraction.featuresName(place),
                evidence: evidence(experiment, stage, evaluated), units: units)
        }

        private mutating func units(_ experiment: Experiment, _ dataset: Input, _ features: Input) -> String? {
            switch experiment.evaluate.units {
            case .channels: return nil
            case .probes:
                let all = experiment.deviations.changing(EvaluationRules(), by: \.evaluation).evaluatesAll
                return job(UnitsStage(areProbes: true, evaluatesAll: all), [dataset, features])
            case .directions(let path):
                return job(
                    UnitsStage(areProbes: false, evaluatesAll: false),
                    [Input("directions", .file(places.dataPath(path)))])
            }
        }

        /// The job that reads a target's pictures.
        private mutating func images(of target: Experiment.Target, crop: CropRule) throws -> String {
            let source: Source, isFetched: Bool
            switch target.origin {
            case .path(let path): (source, isFetched) = (.file(places.dataPath(path)), false)
            case .manifest(let path): (source, isFetched) = (try download(path).0, true)
            }
            return job(
                TargetStage(onBadImage: target.onBadImage, opensArchives: isFetched, crop: crop),
                [Input("pictures", source)])
        }

        private mutating func evidence(
            _ experiment: Experiment, _ evaluate: EvaluateStage, _ inputs: [Input]
        ) -> String? {
            guard experiment.hasEvidence else { return nil }
            let tools = experiment.evaluate.explanations.enumerated().map { index, tool in
                Input(EvidenceStage.input(ofTool: index), .file(places.dataPath(tool.csv)))
            }
            return job(
                EvidenceStage(
                    evaluate: evaluate, seed: experiment.seed, layer: experiment.backbone.layer,
                    weighByActivation: experiment.deviations.contains(.weighByActivation)), inputs + tools)
        }

        private mutating func vectors(
            _ embedding: Experiment.Embedding, _ drawn: Source?, _ member: String?
        ) throws -> (source: Source, member: String?) {
            switch embedding.origin {
            case .path(let path): return (.file(places.dataPath(path)), nil)
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
                return (model(seed: nil, member: nil), [Input("weights", .file(places.dataPath(path)))])
            case .manifest(let path):
                let (download, manifest) = try download(path)
                return (
                    model(seed: nil, member: try manifest.product(suffix: ".pth", named: nil)),
                    [Input("weights", download)]
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
            let id = job(stage, [], called: "download-\(known.manifest.name)")
            return (.output(job: id, name: DownloadStage.folder), known.manifest)
        }
    }
}

extension ExperimentPlan {
    /// Keeps beside the manifests the hashes that downloads found, where a manifest knew none.
    /// - Throws: `ExperimentError` when a lock file cannot be written.
    public func recordLocks(_ jobs: [JobStatus]) throws {
        for status in jobs where status.state == .fresh {
            guard let stage = plan.job(status.job)?.stage as? DownloadStage,
                let output = status.outputs.first(where: { $0.name == DownloadStage.lock }), output.isHere
            else { continue }
            let lock = try ManifestLock(contentsOf: output.path)
            guard !lock.entries.isEmpty, lock != stage.recorded else { continue }
            do {
                try Data(lock.json.utf8).write(to: URL(fileURLWithPath: stage.lockPath), options: .atomic)
            } catch {
                throw ExperimentError(
                    "\(stage.lockPath): the hashes that the download found cannot be kept: \(reason(error))")
            }
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
