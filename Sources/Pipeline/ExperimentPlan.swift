import Datasets
import Engine
import Fingerprints
import Foundation
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
    }

    /// - Throws: `ExperimentError` for a manifest that cannot be read.
    public init(_ file: ExperimentFile, places: Places, downloads: DownloadOptions) throws {
        var builder = Builder(places: places, downloads: downloads)
        let variants = try file.variants.map { try builder.add($0) }
        tables = builder.job(TablesStage(file), variants.enumerated().flatMap { index, variant in
            [
                Input("dataset.\(index)", .output(job: variant.dataset, name: DatasetFile.name)),
                Input("words.\(index)", .output(job: variant.embedding, name: EmbeddingFile.wordsName)),
                Input("explainer.\(index)", .output(job: variant.train, name: TrainStage.explainerName)),
                Input("evaluation.\(index)", .output(job: variant.evaluate, name: EvaluationFile.name)),
            ]
        })
        self.file = file
        self.variants = variants
        plan = try Plan(builder.jobs, name: file.name)
    }

    /// Collects jobs. A job's id is its stage's name, with the variant's labels where another variant's job has that name:
    /// ids last while parameters change, so that the engine can say what changed.
    private struct Builder {
        let places: Places
        let downloads: DownloadOptions
        var jobs: [Job] = []
        private var known: [Digest: String] = [:]
        private var taken: Set<String> = []
        private var labels: [String] = []

        init(places: Places, downloads: DownloadOptions) {
            self.places = places
            self.downloads = downloads
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
            let on = { experiment.deviations.contains($0) }
            let scenes = experiment.dataset.kind == .demoScenes
                ? job(ScenesStage(seed: experiment.seed, count: experiment.dataset.scenes), []) : nil
            let vectors = try embedding(experiment, scenes)
            let embedding = job(EmbeddingStage(member: vectors.member), [Input("vectors", vectors.source)])
            let parts = try datasetParts(experiment.dataset, scenes)
            let preprocess = job(
                PreprocessStage(
                    kind: experiment.dataset.kind, onBadImage: experiment.dataset.onBadImage,
                    views: experiment.dataset.views,
                    rules: rules(experiment), seed: experiment.seed, layout: parts.layout),
                parts.inputs + [Input("words", .output(job: embedding, name: EmbeddingFile.wordsName))])
            let (model, weights) = try targetModel(experiment)
            let datasetInput = Input("dataset", .output(job: preprocess, name: DatasetFile.name))
            let embeddingInput = Input("embedding", .output(job: embedding, name: EmbeddingFile.name))
            let features = job(
                FeaturesStage(
                    model: model, precision: experiment.backbone.precision, evaluateAll: on(.evaluateOnAll),
                    flatten: on(.flattenFeatures), probed: on(.probedBatchNorm)),
                [datasetInput] + weights)
            let train = job(
                TrainStage(
                    training: experiment.train, views: experiment.dataset.views > 0, frozenBatchNorm: on(.frozenBatchNorm),
                    keepEmptyMasks: on(.keepEmptyMasks), maskScale255: on(.maskScale255), seed: experiment.seed),
                [datasetInput, embeddingInput, Input("pooled", .output(job: features, name: FeaturesStage.pooledName))])
            let needsBackbone = experiment.evaluate.methods.contains(.image)
            let entities = experiment.evaluate.entities.map { [Input("entities", .file(places.dataPath($0)))] } ?? []
            let evaluate = job(
                EvaluateStage(experiment.evaluate, deviations: experiment.deviations, model: needsBackbone ? model : nil),
                [
                    datasetInput, embeddingInput, Input("features", .output(job: features, name: FeaturesStage.featuresName)),
                    Input("explainer", .output(job: train, name: TrainStage.explainerName)),
                ] + (needsBackbone ? weights : []) + entities)
            return VariantJobs(embedding: embedding, dataset: preprocess, features: features, train: train, evaluate: evaluate)
        }

        private func rules(_ experiment: Experiment) -> DatasetRules {
            let on = { experiment.deviations.contains($0) }
            var rules = DatasetRules()
            rules.mergeInstances = !on(.oneSamplePerInstance)
            rules.cropImageOnly = on(.cropImageOnly)
            rules.limit = experiment.dataset.limit
            rules.minimumCount = experiment.dataset.minimumCount
            rules.validationShare = experiment.dataset.validationShare
            rules.failsOnBadAnnotation = experiment.dataset.onBadAnnotation == .fail
            rules.seed = experiment.seed
            if experiment.dataset.kind == .visualGenome {
                rules.transposedBoxMask = on(.transposedBoxMask)
                rules.firstWordOfSynset = on(.firstWordOfSynset)
                rules.countInstances = on(.countInstances)
                rules.splitByInstance = on(.splitByInstance)
            }
            return rules
        }

        private mutating func embedding(_ experiment: Experiment, _ scenes: String?) throws -> (source: Source, member: String?) {
            switch experiment.embedding.origin {
            case .path(let path): return (.file(places.dataPath(path)), nil)
            case .manifest(let path):
                let (download, manifest) = try download(path)
                return (download, try manifest.product(suffix: ".txt", named: experiment.embedding.member))
            case nil: return (.output(job: scenes ?? "", name: "scenes"), "glove.txt")
            }
        }

        private mutating func targetModel(_ experiment: Experiment) throws -> (Model, [Input]) {
            let backbone = experiment.backbone
            func model(seed: UInt64?, member: String?) -> Model {
                Model(architecture: backbone.architecture, layer: backbone.layer, randomSeed: seed, member: member)
            }
            switch backbone.weights {
            case nil: return (model(seed: experiment.seed, member: nil), [])
            case .path(let path): return (model(seed: nil, member: nil), [Input("weights", .file(places.dataPath(path)))])
            case .manifest(let path):
                let (download, manifest) = try download(path)
                return (model(seed: nil, member: try manifest.product(suffix: ".pth", named: nil)), [Input("weights", download)])
            }
        }

        private mutating func datasetParts(_ dataset: Experiment.Dataset, _ scenes: String?) throws -> DatasetParts {
            switch dataset.origin {
            case nil: DatasetParts(inside: "dataset", from: .output(job: scenes ?? "", name: "scenes"), of: dataset)
            case .manifest(let path): DatasetParts(inside: "dataset", from: try download(path).0, of: dataset)
            case .path(let root): DatasetParts(in: places.dataPath(root), of: dataset, places: places)
            }
        }

        private mutating func download(_ path: String) throws -> (Source, Manifest) {
            let file = places.projectPath(path)
            guard places.exists(file) else { throw ExperimentError("\(file): no such manifest") }
            let manifest: Manifest, recorded: ManifestLock?
            do {
                manifest = try Manifest(contentsOf: file)
                let lock = places.lockPath(of: manifest.name)
                recorded = places.exists(lock) ? try ManifestLock(contentsOf: lock) : nil
            } catch let error as ManifestError {
                throw ExperimentError("\(error)")
            }
            let stage = DownloadStage(manifest: manifest, recorded: recorded, options: downloads)
            let id = job(stage, [], called: "download-\(manifest.name)")
            return (.output(job: id, name: DownloadStage.folder), manifest)
        }
    }
}

extension ExperimentPlan {
    /// Keeps in `manifests/` the hashes that downloads found, where the manifest knew none.
    public func recordLocks(_ jobs: [JobStatus], in places: Places) throws {
        for status in jobs where status.state == .fresh {
            guard let stage = plan.job(status.job)?.stage as? DownloadStage,
                  let output = status.outputs.first(where: { $0.name == DownloadStage.lock }) else { continue }
            let lock = try ManifestLock(contentsOf: output.path)
            if !lock.entries.isEmpty, lock != stage.recorded {
                try Data(lock.json.utf8).write(to: URL(fileURLWithPath: places.lockPath(of: stage.manifest.name)), options: .atomic)
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
