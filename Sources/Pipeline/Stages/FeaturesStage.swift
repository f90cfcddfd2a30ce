import Engine
import Fingerprints
import HDF5
import Networks
import Synchronization
import Tensors

/// Runs the model once an image: `features.h5` holds the maps that evaluation reads, `pooled.h5` a masked mean a
/// sample; of several target layers, a pair of files each (`features.0.h5`, `pooled.0.h5`, …), all by one pass.
///
/// Row i of the maps is image i; rows that are not evaluated take no space.
struct FeaturesStage: ShardedStage {
    /// Images a shard: what a killed run loses at most.
    static let shardSize = 64

    let name = "features"
    let revision = 3
    let parameters: Parameters

    struct Parameters: Encodable, Sendable {
        let backbone: Model
        let precision: MapPrecision
        let evaluateAll: Bool, flattenFeatures: Bool, probedBatchNorm: Bool
    }

    init(model: Model, precision: MapPrecision, rules: FeatureRules) {
        parameters = Parameters(
            backbone: model, precision: precision, evaluateAll: rules.evaluatesAll, flattenFeatures: rules.flattens,
            probedBatchNorm: rules.isProbed)
    }

    var model: Model { parameters.backbone }

    var outputs: [String] { model.layers.indices.flatMap { [featuresName($0), pooledName($0)] } }

    /// The output with the maps of the layer at an index of `model.layers`, and the one with its pooled features.
    func featuresName(_ layer: Int) -> String { fileName("features", layer) }
    func pooledName(_ layer: Int) -> String { fileName("pooled", layer) }

    private func fileName(_ kind: String, _ layer: Int) -> String {
        model.layers.count == 1 ? "\(kind).h5" : "\(kind).\(layer).h5"
    }

    func numericsKey() throws -> Digest? { try Pipeline.numericsKey(model.kernels(probed: parameters.probedBatchNorm)) }

    func phases(_ context: StageContext) throws -> [ShardPhase] {
        [try phase(images: DatasetFile(context.path(.dataset)).imageCount)]
    }

    /// How the features of so many images are cut.
    func phase(images: Int) -> ShardPhase {
        ShardPhase(name: "shard", count: (images + Self.shardSize - 1) / Self.shardSize, work: work(rows: images))
    }

    func run(_ phase: ShardPhase, shards: [Int], _ context: StageContext) throws {
        try compute(phase, shards, extraction(context), done: 0, context) { _ in }
    }

    func run(_ context: StageContext) throws {
        let extraction = try extraction(context), dataset = extraction.dataset
        let place = try model.place(context)
        if let note = place?.note { context.note(note) }
        let phase = phase(images: dataset.imageCount), missing = try context.missing(phase)
        let assemblies = try model.layers.indices.map {
            try FeatureAssembly(phase, extraction, self, layer: $0, place, context)
        }
        @Sendable func add(_ shard: Int) throws { for assembly in assemblies { try assembly.add(shard) } }
        for index in Set(0..<phase.count).subtracting(missing).sorted() { try add(index) }
        let left = missing.reduce(0) { $0 + Self.rows(ofShard: $1, in: dataset).count }
        try compute(phase, missing, extraction, done: dataset.imageCount - left, context, add)
        for assembly in assemblies { try assembly.close() }
    }

    private func extraction(_ context: StageContext) throws -> FeatureExtraction {
        let dataset = try DatasetFile(context.path(.dataset))
        let training = try model.source(context, probes: parameters.probedBatchNorm ? 1 : 0)
        return FeatureExtraction(
            dataset: dataset, training: training,
            evaluation: parameters.probedBatchNorm ? try model.source(context, probes: 2) : training,
            probed: parameters.probedBatchNorm,
            evaluated: Set(dataset.evaluatedRows(all: parameters.evaluateAll)), flatten: parameters.flattenFeatures)
    }

    /// Computes shards and keeps them.
    /// - Parameters:
    ///   - done: how many images there are already.
    ///   - kept: hears of each shard that is on disk.
    private func compute(
        _ phase: ShardPhase, _ missing: [Int], _ extraction: FeatureExtraction, done earlier: Int,
        _ context: StageContext,
        _ kept: @Sendable (Int) throws -> Void
    ) throws {
        // What passes the model together; the bits do not depend on it. A few at last, so that threads end at nearly
        // the same time.
        let batches = missing.flatMap { index in
            let batch = extraction.training.batch, size = index == missing.last ? max(batch / 4, 1) : batch
            return Self.parts(of: Self.rows(ofShard: index, in: extraction.dataset), size: size)
                .enumerated().map { (shard: index, part: $0, rows: $1) }
        }
        let pending = Dictionary(grouping: batches, by: \.shard).mapValues { PendingShard(parts: $0.count) }
        let rowsMissing = batches.reduce(0) { $0 + $1.rows.count }
        let done = Atomic(earlier)
        context.worked(work(rows: rowsMissing))
        // Who computes a shard's last batch writes it, while the others go on with the next one.
        try concurrently(batches.count, growing: { context.threads }) { index in
            try context.checkCancelled()
            let batch = batches[index]
            let part = try extraction.features(of: batch.rows)
            if let layers = pending[batch.shard]?.add(part, at: batch.part) {
                try FeatureShard.write(
                    layers, to: context.path(phase, batch.shard), precision: parameters.precision, context)
                try kept(batch.shard)
            }
            context.progress(
                done.add(batch.rows.count, ordering: .relaxed).newValue, of: earlier + rowsMissing, "images")
        }
    }

    /// The model's multiplications, where they are known.
    private func work(rows: Int) -> Double { Double(rows) * (model.multiplications ?? 0) }

    fileprivate static func rows(ofShard index: Int, in dataset: DatasetFile) -> Range<Int> {
        index * shardSize..<min((index + 1) * shardSize, dataset.imageCount)
    }

    /// Consecutive rows, `size` of them each but for the last.
    private static func parts(of rows: Range<Int>, size: Int) -> [Range<Int>] {
        stride(from: rows.lowerBound, to: rows.upperBound, by: size).map { $0..<min($0 + size, rows.upperBound) }
    }
}

/// Joins the shards into a layer's two artifacts, in their order, each as soon as all before it are there; one in
/// memory at a time.
private final class FeatureAssembly: Sendable {
    private let phase: ShardPhase
    private let dataset: DatasetFile
    private let evaluated: Set<Int>
    private let layer: Int
    private let size: Int
    private let precision: MapPrecision
    private let context: StageContext
    private let maps: MapFile.Writer
    private let state: Mutex<State>

    private struct State {
        var next = 0
        var ready: Set<Int> = []
        var pooled: PooledFile.Writer
    }

    init(
        _ phase: ShardPhase, _ extraction: FeatureExtraction, _ stage: FeaturesStage, layer: Int,
        _ place: WeightsPlace?,
        _ context: StageContext
    ) throws {
        self.phase = phase
        dataset = extraction.dataset
        self.layer = layer
        precision = stage.parameters.precision
        self.context = context
        evaluated = extraction.evaluated
        let shape = extraction.shapes[layer]
        size = shape.count
        maps = try MapFile.Writer(
            path: context.output + "/" + stage.featuresName(layer), images: extraction.dataset.imageCount, shape: shape,
            precision: precision, backbone: stage.model.network.name, layer: stage.model.layers[layer], place: place)
        let pooled = try PooledFile.Writer(
            path: context.output + "/" + stage.pooledName(layer), samples: extraction.dataset.sampleCount,
            width: extraction.width(shape))
        state = Mutex(State(pooled: pooled))
    }

    /// The shard is on disk.
    func add(_ index: Int) throws {
        try state.withLock { state in
            state.ready.insert(index)
            while state.ready.remove(state.next) != nil {
                try append(state.next, &state.pooled)
                state.next += 1
            }
        }
    }

    private func append(_ index: Int, _ pooled: inout PooledFile.Writer) throws {
        let shard = try FeatureShard(contentsOf: context.path(phase, index), layer: layer, precision: precision)
        try pooled.append(shard.pooled, areas: shard.areas)
        for (place, row) in FeaturesStage.rows(ofShard: index, in: dataset).filter(evaluated.contains).enumerated() {
            try maps.write(row, shard.maps[place * size..<(place + 1) * size])
        }
    }

    func close() throws {
        try state.withLock { try $0.pooled.close() }
        try maps.close()
    }
}
