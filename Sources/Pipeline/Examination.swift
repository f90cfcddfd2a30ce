import Fingerprints
import Foundation
import Tensors

/// One thing that `doctor` looks at.
public struct Check: Sendable {
    public let name: String
    public let isGood: Bool
    public let found: String
    /// What to do when it is not good; empty when it is.
    public let hint: String
}

/// Looks at this machine and project; changes nothing but a probe file in the store's folder.
public func examine(_ project: Project) throws -> [Check] {
    let places = project.places
    var checks = [
        Check(name: "cores", isGood: true, found: "\(ProcessInfo.processInfo.activeProcessorCount)", hint: ""),
        Check(name: "memory", isGood: ProcessInfo.processInfo.physicalMemory >= 2_000_000_000,
              found: "\(ProcessInfo.processInfo.physicalMemory / 1_000_000) MB", hint: "stages may need 2 GB"),
        Check(name: "blas", isGood: true, found: blasKernelName(), hint: ""),
        Check(name: "numerics", isGood: true, found: try numericsKey().short, hint: ""),
    ]
    let data = places.exists(places.data)
    checks.append(Check(name: "data", isGood: data, found: data ? places.data : "no folder \(places.data)",
                        hint: "only experiments with local data need it: give --data DIR or LAVISE_DATA"))
    let parent = nearestExisting(project.store.root)
    let writable = FileManager.default.isWritableFile(atPath: parent)
    checks.append(Check(name: "store", isGood: writable, found: project.store.root, hint: "\(parent) cannot be written: give --store DIR"))
    let attributes = try FileManager.default.attributesOfFileSystem(forPath: parent)
    let free = (attributes[.systemFreeSize] as? NSNumber)?.intValue ?? 0
    checks.append(Check(name: "disk", isGood: free > 2_000_000_000, found: "\(free / 1_000_000_000) GB free", hint: "the demo needs 2 GB, COCO and Visual Genome about 60 GB"))
    return checks
}

private func nearestExisting(_ path: String) -> String {
    var url = URL(fileURLWithPath: path)
    while !FileManager.default.fileExists(atPath: url.path), url.path != "/" { url.deleteLastPathComponent() }
    return url.path
}
