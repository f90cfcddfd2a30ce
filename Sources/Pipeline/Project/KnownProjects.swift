import Engine
import Fingerprints
import Foundation

extension Project {
    /// Has the store remember this project and where its results go, so that `gc` in another one keeps what they stand
    /// on.
    /// - Throws: `EngineError`.
    public func register(results: ResultsPlace) throws {
        try store.register(known(results: URL(fileURLWithPath: results.folder).deletingLastPathComponent().path))
    }

    /// What garbage collection must leave to this project and to all others that use the store: what their experiments
    /// have, and what their results name.
    /// - Parameter mayMissInputs: whether experiments whose inputs are absent are content with what they had last.
    /// - Returns: that, and what there is to say of experiments that could not be planned: all that they ever had is
    ///   kept.
    /// - Throws: `ExperimentError` where there are no experiments; `EngineError` for what cannot be looked at.
    public func kept(days: Double, mayMissInputs: Bool) throws -> (keep: Keep, notes: [String]) {
        guard try places.isThere(places.projectPath("experiments")) else {
            throw ExperimentError(
                "\(places.project) has no folder experiments, so all that is not published would count as garbage; name the project with -C DIR"
            )
        }
        var keep = Keep(days: days, mayMissInputs: mayMissInputs)
        var notes: [String] = []
        var planned: Set<[String]> = []
        let files = LocalFileSystem()
        for known in [known(results: places.projectPath("results"))] + (try store.projects()) {
            guard try files.status(of: known.path)?.kind == .folder else {
                throw EngineError.projectGone(path: known.path)
            }
            for name in try files.names(in: known.results) {
                guard let bytes = try files.read("\(known.results)/\(name)/\(ProvenanceCrate.name)") else { continue }
                keep.digests.formUnion(Digest.mentioned(in: bytes))
            }
            guard planned.insert([known.path, known.data]).inserted else { continue }
            let other = try Project(
                places: Places(project: known.path, data: known.data), store: store.root, downloads: downloads)
            guard try other.places.isThere(other.places.projectPath("experiments")) else { continue }
            for path in try other.experimentPaths() {
                do {
                    keep.plans.append(try other.plan(ExperimentFile(contentsOf: path)).plan)
                } catch {
                    keep.planNames.insert(URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent)
                    notes.append("\(describe(error)); all that this experiment ever had is kept")
                }
            }
        }
        return (keep, notes)
    }

    private func known(results: String) -> KnownProject {
        KnownProject(path: places.project, data: places.data, results: results)
    }
}
