import Engine
import Fingerprints
import Foundation
import Tensors
import Transfer

/// Looks at this machine and project; changes nothing but a probe file in the store's folder.
/// - Throws: `EngineError` for the store, `FileSystemError` for the disk, `ManifestError`, and what the numerics'
///   canaries throw.
public func examine(_ project: Project) throws -> [Check] {
    let places = project.places
    var checks = [
        Check(name: "cores", isGood: true, found: "\(ProcessInfo.processInfo.activeProcessorCount)", hint: ""),
        Check(
            name: "memory", isGood: ProcessInfo.processInfo.physicalMemory >= 2_000_000_000,
            found: "\(ProcessInfo.processInfo.physicalMemory / 1_000_000) MB", hint: "stages may need 2 GB"),
        Check(name: "blas", isGood: true, found: blasKernelName(), hint: ""),
        Check(name: "numerics", isGood: true, found: try numericsKey(KernelFamily.allCases).short, hint: ""),
    ]
    let data = places.exists(places.data)
    checks.append(
        Check(
            name: "data", isGood: data, found: data ? places.data : "no folder \(places.data)",
            hint: "only experiments with local data need it: give --data DIR or LAVISE_DATA"))
    let parent = nearestExisting(project.store.root)
    let writable = FileManager.default.isWritableFile(atPath: parent)
    checks.append(
        Check(
            name: "store", isGood: writable, found: project.store.root,
            hint: "\(parent) cannot be written: give --store DIR"))
    let free = try freeSpace(parent)
    checks.append(
        Check(
            name: "disk", isGood: free > 2_000_000_000, found: "\(free / 1_000_000_000) GB free",
            hint: "the demo needs 2 GB, COCO and Visual Genome about 40 GB each"))
    checks += try examineCluster(project)
    checks += examineRemote(project)
    return checks + (places.exists(places.projectPath("experiments")) ? try examineInputs(project) : [])
}

/// What the experiments of the project read: a check for every manifest, and one for every local file or folder.
private func examineInputs(_ project: Project) throws -> [Check] {
    var checks: [Check] = []
    var downloads: [String: (job: Job, experiment: ExperimentPlan)] = [:]
    var files: Set<String> = []
    var users: [String: [String]] = [:]
    for path in try project.experimentPaths() {
        let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        do {
            let experiment = try project.plan(project.experiment(path))
            for job in experiment.plan.jobs {
                if experiment.downloads[job.id] != nil {
                    downloads[job.id] = (job, experiment)
                    users[job.id, default: []].append(name)
                }
                for case .file(let path) in job.inputs.map(\.source) where users[path]?.last != name {
                    files.insert(path)
                    users[path, default: []].append(name)
                }
            }
        } catch let error as ExperimentError {
            checks.append(Check(name: "experiment", isGood: false, found: "\(error)", hint: "correct the file"))
        }
    }
    func neededBy(_ key: String) -> String { "needed by \((users[key] ?? []).joined(separator: ", "))" }
    let plan = try Plan(downloads.values.map(\.job).sorted { $0.id < $1.id })
    for status in try project.runner().status(of: plan) {
        let pending =
            try downloads[status.job].map { try project.pendingDownloads(of: status, in: $0.experiment) } ?? []
        let found = status.state == .fresh ? "here" : describe(pending) + "; " + neededBy(status.job)
        checks.append(Check(name: status.job, isGood: true, found: found, hint: ""))
    }
    for path in files.sorted() {
        let isHere = project.places.exists(path)
        checks.append(Check(name: "input", isGood: isHere, found: isHere ? path : "no \(path)", hint: neededBy(path)))
    }
    return checks
}

private func describe(_ files: [PlannedDownload]) -> String {
    let bytes = files.reduce(0) { $0 + ($1.bytesLeft ?? 0) }
    let unknown = files.contains { $0.bytesLeft == nil } ? " and what is unknown before the first download" : ""
    return "\(files.count) \(files.count == 1 ? "file" : "files") to fetch, \(bytes / 1_000_000) MB\(unknown)"
}

/// The nearest folder on the way up from `path` that is there.
func nearestExisting(_ path: String) -> String {
    var url = URL(fileURLWithPath: path)
    while !FileManager.default.fileExists(atPath: url.path), url.path != "/" { url.deleteLastPathComponent() }
    return url.path
}
