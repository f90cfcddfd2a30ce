import Glibc

/// A stage whose work falls into shards that anyone can compute, in any order, wherever the inputs and the scratch are
/// seen. Each is kept in the scratch as a file of its own; `run` computes those that are missing and puts all together.
/// How the work is cut depends on the inputs alone, so that no bit depends on who computed what.
public protocol ShardedStage: Stage {
    /// The phases in their order: shards of one need all shards of those before it.
    /// - Throws: what the stage's inputs throw.
    func phases(_ context: StageContext) throws -> [ShardPhase]
    /// Computes shards of a phase that are not there yet, and keeps each in `context.scratch` as soon as it is done.
    /// - Throws: what fails the job; shards that were kept stay.
    func run(_ phase: ShardPhase, shards: [Int], _ context: StageContext) throws
}

/// Shards of one kind.
public struct ShardPhase: Sendable, Equatable {
    /// What the files of its shards are called.
    public let name: String
    /// How many shards there are at most.
    public let count: Int
    /// The work of all of them, in the unit in which the stage tells its work.
    public let work: Double

    /// - Parameters:
    ///   - name: what the files of its shards are called.
    ///   - count: how many shards there are at most.
    ///   - work: of all of them, in the unit in which the stage tells its work.
    public init(name: String, count: Int, work: Double) {
        self.name = name
        self.count = count
        self.work = work
    }

    /// The shard's name in the scratch: where there is such a file, the shard is done.
    public func file(_ shard: Int) -> String { "\(name)-\(shard).h5" }
}

extension StageContext {
    /// Which of a phase's shards are not in the scratch, in their order. Lists the folder: on a network disk a name
    /// that was asked for in vain may stay unseen for a while.
    /// - Throws: `FileSystemError`.
    public func missing(_ phase: ShardPhase) throws -> [Int] {
        let done = Set(try LocalFileSystem().names(in: scratch))
        return (0..<phase.count).filter { !done.contains(phase.file($0)) }
    }

    /// The path of a shard.
    public func path(_ phase: ShardPhase, _ shard: Int) -> String { "\(scratch)/\(phase.file(shard))" }

    /// Keeps a file in the scratch. It is written beside its place and renamed, so that one that is there is whole.
    /// - Parameters:
    ///   - faultPoint: passed when the file is written and does not count yet.
    ///   - write: writes it to the path that it is given.
    /// - Throws: what `write` throws, or `FileSystemError`.
    public func keep(_ path: String, faultPoint: String, _ write: (_ path: String) throws -> Void) throws {
        let partial = partial(path)
        try write(partial)
        self.faultPoint(faultPoint)
        guard rename(partial, path) == 0 else { throw FileSystemError("rename into place", path, code: errno) }
    }
}
