import Foundation
import Transfer

/// A manifest that an experiment names, with what earlier downloads have recorded beside it.
struct LockedManifest {
    let manifest: Manifest
    let recorded: ManifestLock?
    /// Where the hashes are recorded that the manifest leaves open: in its folder.
    let lockPath: String

    /// - Throws: `ManifestError`, `TransferError`.
    init(contentsOf path: String) throws {
        manifest = try Manifest(contentsOf: path)
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        lockPath = folder.appending(path: "\(manifest.name).lock.json").path
        recorded = FileManager.default.fileExists(atPath: lockPath) ? try ManifestLock(contentsOf: lockPath) : nil
    }

    /// Every manifest of an experiment, by the path that it is named by.
    /// - Throws: `ExperimentError` that names all that cannot be read, and what else is not there.
    static func all(of file: ExperimentFile, _ places: Places) throws -> [String: LockedManifest] {
        var manifests: [String: LockedManifest] = [:]
        var problems: [String] = []
        let origins = file.variants.flatMap(\.experiment.origins)
        for case .manifest(let name) in origins where manifests[name] == nil {
            let path = places.projectPath(name)
            do {
                guard places.exists(path) else { throw ExperimentError("\(path): no such manifest") }
                manifests[name] = try LockedManifest(contentsOf: path)
            } catch let error where error is ManifestError || error is TransferError || error is ExperimentError {
                if !problems.contains("\(error)") { problems.append("\(error)") }
            }
        }
        guard problems.isEmpty else {
            for case .path(let name) in origins where !places.exists(places.dataPath(name)) {
                let problem = "\(places.dataPath(name)): no such file or folder"
                if !problems.contains(problem) { problems.append(problem) }
            }
            throw ExperimentError("\(NotReady(problems: problems, isInputMissing: false))")
        }
        return manifests
    }
}

extension Experiment {
    /// What it reads from outside.
    var origins: [InputOrigin] {
        [dataset.origin, embedding.origin, backbone.weights, target?.origin].compactMap(\.self)
            + (evaluate.entities.map { [.path($0)] } ?? [])
    }
}
