import Engine
import HDF5
import LaViSE
import Synchronization
import Tensors

/// What an evaluation works on.
struct OpenedEvaluation: Sendable {
    let data: any EvaluationData
    /// Rows of the dataset that are evaluated.
    let rows: [Int]
    /// Numbers in the feature of an image.
    let mapSize: Int
    /// The channel of `data` that is the first unit.
    let firstUnit: Int
    let vocabulary: Vocabulary
    /// Lines of the entity list that name no word.
    let unmatched: UnmatchedEntities
    let options: EvaluationOptions
}

/// The parts that an evaluation keeps in its scratch: two looks at each range of images, then blocks of pairs.
struct EvaluationParts: Sendable {
    static let firstName = "maps", secondName = "tails", blockName = "pairs"

    private let opened: OpenedEvaluation
    private let phases: [ShardPhase]
    private let context: StageContext
    private let done = Done()

    private final class Done: Sendable {
        let images = Atomic(0), pairs = Atomic(0)
    }

    init(_ opened: OpenedEvaluation, _ phases: [ShardPhase], _ context: StageContext) {
        self.opened = opened
        self.phases = phases
        self.context = context
    }

    /// The evaluation; what is missing is computed.
    func evaluation() throws -> Evaluation {
        let work = try explanations()
        let missing = Set(try context.missing(phases[2]))
        let finished = Mutex([[PairResult]](repeating: [], count: work.blocks))
        for block in 0..<work.blocks where !missing.contains(block) {
            let results = try PairBlock.read(context.path(phases[2], block))
            finished.withLock { $0[block] = results }
            try work.skip(block: block)
        }
        try compute(missing.filter { $0 < work.blocks }.sorted(), of: work) { block, results in
            finished.withLock { $0[block] = results }
        }
        return work.evaluation(finished.withLock { $0.flatMap { $0 } })
    }

    /// Computes shards of a phase, and what is missing of the phases before it.
    func compute(_ phase: ShardPhase, _ shards: [Int]) throws {
        switch phase.name {
        case Self.firstName:
            let looks = try looks()
            for shard in shards { _ = try first(shard, looks) }
        case Self.secondName:
            let looks = try looks(), first = try joinedFirst(looks)
            for shard in shards { _ = try second(shard, looks, first) }
        default:
            let work = try explanations()
            try compute(shards.filter { $0 < work.blocks }, of: work) { _, _ in }
            // As many as there could be were planned for; filters that are never active have none.
            for shard in shards where shard >= work.blocks {
                try PairBlock.write([], to: context.path(phase, shard), context)
            }
        }
    }

    /// How much work all that was, in `EvaluateStage`'s unit.
    func work(_ stage: EvaluateStage) throws -> Double {
        let images = Double(done.images.load(ordering: .relaxed)) / 2
        return stage.work(
            images: 1, mapSize: opened.mapSize, pairs: 0, vocabulary: opened.vocabulary.count, side: opened.data.side)
            * images
            + stage.work(
                images: 0, mapSize: opened.mapSize, pairs: done.pairs.load(ordering: .relaxed),
                vocabulary: opened.vocabulary.count,
                side: opened.data.side)
    }

    private var progress: ProgressHandler {
        { [context] progress in
            context.progress(progress.done, of: progress.total, progress.phase.rawValue)
            try context.checkCancelled()
        }
    }

    private func looks() throws -> MapLooks {
        try MapLooks(of: opened.data, options: opened.options, progress: progress)
    }

    private func explanations() throws -> ExplanationWork {
        let looks = try looks(), first = try joinedFirst(looks), second = try looks.joinedSecond(first)
        for shard in looks.ranges.indices { second.add(try self.second(shard, looks, first)) }
        return try ExplanationWork(
            opened.data, summary: second.summary, vocabulary: opened.vocabulary, options: opened.options,
            progress: progress)
    }

    private func joinedFirst(_ looks: MapLooks) throws -> JoinedFirstLooks {
        let joined = try looks.joinedFirst()
        for shard in looks.ranges.indices { joined.add(try first(shard, looks)) }
        return joined
    }

    private func first(_ shard: Int, _ looks: MapLooks) throws -> FirstLook {
        try kept(phases[0], shard, looks, read: FirstLook.init) {
            try looks.first($0)
        } write: {
            try $0.write(to: $1)
        }
    }

    private func second(_ shard: Int, _ looks: MapLooks, _ first: JoinedFirstLooks) throws -> SecondLook {
        try kept(phases[1], shard, looks, read: SecondLook.init) {
            try looks.second($0, first)
        } write: {
            try $0.write(to: $1)
        }
    }

    /// A look that was kept, or else one now.
    private func kept<Look>(
        _ phase: ShardPhase, _ shard: Int, _ looks: MapLooks, read: (HDF5File) throws -> Look,
        look: (Range<Int>) throws -> Look,
        write: (Look, HDF5File) throws -> Void
    ) throws -> Look {
        let path = context.path(phase, shard)
        if try !context.missing(phase).contains(shard) {
            try looks.skip(looks.ranges[shard])
            return try read(HDF5File.open(path))
        }
        let found = try look(looks.ranges[shard])
        try context.keep(path, faultPoint: "evaluate.part") { partial in
            let file = try HDF5File.create(partial)
            try write(found, file)
            try file.close()
        }
        done.images.add(looks.ranges[shard].count, ordering: .relaxed)
        return found
    }

    private func compute(_ blocks: [Int], of work: ExplanationWork, _ kept: @Sendable (Int, [PairResult]) -> Void)
        throws
    {
        try concurrently(blocks.count, growing: { context.threads }) { index in
            let results = try work.results(ofBlock: blocks[index])
            try PairBlock.write(results, to: context.path(phases[2], blocks[index]), context)
            done.pairs.add(results.count, ordering: .relaxed)
            kept(blocks[index], results)
        }
    }
}

/// The results of a block of pairs, as kept between attempts of the evaluation: `/truth/{offset, words}`, `/words`,
/// `/similarities`.
private enum PairBlock {
    static func write(_ results: [PairResult], to path: String, _ context: StageContext) throws {
        try context.keep(path, faultPoint: "evaluate.part") { partial in
            let file = try HDF5File.create(partial)
            var offsets: [Int32] = [0]
            for result in results { offsets.append(offsets[offsets.count - 1] + Int32(result.truth.count)) }
            try file.write("truth/offset", offsets)
            try file.write("truth/words", results.flatMap(\.truth))
            try file.write("words", results.flatMap(\.words))
            try file.write("similarities", results.flatMap(\.similarities))
            try file.close()
        }
    }

    static func read(_ path: String) throws -> [PairResult] {
        let file = try HDF5File.open(path)
        let offsets: [Int32] = try file.read("truth/offset"), truth: [Int32] = try file.read("truth/words")
        let words: [Int32] = try file.read("words"), similarities: [Float] = try file.read("similarities")
        let pairs = offsets.count - 1
        guard pairs > 0 else { return [] }
        let size = words.count / pairs
        return (0..<pairs).map { pair in
            PairResult(
                truth: Array(truth[Int(offsets[pair])..<Int(offsets[pair + 1])]),
                words: Array(words[pair * size..<(pair + 1) * size]),
                similarities: Array(similarities[pair * size..<(pair + 1) * size]))
        }
    }
}

extension BucketCounts {
    fileprivate init(_ file: HDF5File) throws {
        self.init(offsets: try file.read("offsets"), buckets: try file.read("buckets"), counts: try file.read("counts"))
    }

    fileprivate func write(to file: HDF5File) throws {
        try file.write("offsets", offsets)
        try file.write("buckets", buckets)
        try file.write("counts", counts)
    }
}

extension FirstLook {
    fileprivate init(_ file: HDF5File) throws {
        self.init(
            topImages: try file.read("top_images"), maxima: try file.read("maxima"), counts: try BucketCounts(file))
    }

    fileprivate func write(to file: HDF5File) throws {
        try file.write("top_images", topImages)
        try file.write("maxima", maxima)
        try counts.write(to: file)
    }
}

extension SecondLook {
    fileprivate init(_ file: HDF5File) throws {
        self.init(counts: try BucketCounts(file), above: try file.read("above"))
    }

    fileprivate func write(to file: HDF5File) throws {
        try file.write("above", above)
        try counts.write(to: file)
    }
}
