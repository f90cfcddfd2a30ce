import Engine
import Foundation

/// Whether experiments can be run on a Slurm cluster from here: a line where nothing speaks of one, and what it allows
/// where it is.
func examineCluster(_ project: Project) throws -> [Check] {
    let settings: LaviseSettings
    do {
        settings = try LaviseSettings(project.places)
    } catch let error as ExperimentError {
        return [Check(name: LaviseSettings.name, isGood: false, found: "\(error)", hint: "correct the file")]
    }
    let client = ClusterRun(project, settings.slurm).client
    let limits: SlurmLimits
    do {
        limits = try client.limits()
    } catch let error as SlurmError {
        // Only who asked for it lacks it.
        let isWanted = settings.executor == .slurm
        if case .absent = error {
            return [Check(name: "slurm", isGood: !isWanted, found: "no Slurm here", hint: "\(error)")]
        }
        return [
            Check(name: "slurm", isGood: false, found: "\(error)", hint: "is the controller up? `scontrol ping` asks")
        ]
    }
    let nodes = limits.cpusOfANode.map { ", nodes of up to \($0) cores" } ?? ""
    let isShared = project.store.isOnSharedDisk
    return [
        Check(
            name: "slurm", isGood: true, found: "\(limits.version), arrays below \(limits.maxArraySize)\(nodes)",
            hint: ""),
        Check(
            name: "slurm accounting", isGood: true,
            found: limits.hasAccounting ? "on" : "off: the queue and exit records tell all", hint: ""),
        Check(
            name: "slurm partition", isGood: limits.cpusOfANode != nil,
            found: settings.slurm.partition ?? "the default one" + (limits.cpusOfANode == nil ? ": no nodes" : ""),
            hint: "mend slurm.partition in lavise.json; `sinfo` shows them"),
        Check(
            name: "slurm store", isGood: isShared || settings.executor == .local,
            found: "\(project.store.root) is on a \(isShared ? "shared" : "local") disk",
            hint: "nodes must see it under this path: a local disk is seen by this host alone"),
    ]
}
