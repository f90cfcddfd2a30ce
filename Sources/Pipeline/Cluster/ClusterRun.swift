import Engine
import Fingerprints
import Foundation

/// An experiment's jobs on a Slurm cluster: how the driver has them made, and how a worker makes the plan again.
public struct ClusterRun: Sendable {
    let project: Project
    let settings: SlurmSettings

    /// - Parameter settings: `slurm` of the project's `lavise.json`.
    public init(_ project: Project, _ settings: SlurmSettings) {
        self.project = project
        self.settings = settings
    }

    /// Asks the cluster by Slurm's commands, with the settings' partition, account and constraint.
    public var client: SlurmCommands {
        SlurmCommands(partition: settings.partition, account: settings.account, constraint: settings.constraint)
    }

    /// What starts this program on a node, up to the verb: paths there are those here.
    /// - Throws: `ExperimentError` where the program's own path cannot be told.
    public func program() throws -> [String] {
        guard let path = realpath("/proc/self/exe", nil) else {
            throw ExperimentError("this program's own path cannot be told")
        }
        defer { free(path) }
        return [
            String(cString: path), "-C", project.places.project, "--data", project.places.data, "--store",
            project.store.root, "--no-progress",
        ]
    }

    /// Makes what is not fresh.
    /// - Throws: `ExperimentError` where the program's own path cannot be told, and what `ExperimentPlan.expectedCosts`
    ///   throws.
    public func executor(for state: ExperimentState) throws -> SlurmExecutor {
        return SlurmExecutor(
            client: client, settings: settings, program: try program(), environment: lease,
            definition: state.file.definition,
            expected: try state.experiment.expectedCosts(state.jobs, places: project.places))
    }

    private var lease: [String: String] { project.store.host.lease.map { ["LAVISE_LEASE": "\($0)"] } ?? [:] }

    /// Submits a job that runs the program with these words: a driver for where login nodes end long processes.
    /// - Parameter environment: that the program sees there, beside the login environment without `LAVISE_…`.
    /// - Returns: Slurm's id, and where the log goes.
    /// - Throws: `SlurmError`, `EngineError`.
    public func detach(_ name: String, _ words: [String], environment: [String: String]) throws -> (
        id: Int, log: String
    ) {
        let log = try project.store.driverLog(name)
        let command = try (program() + words).map(shellQuoted).joined(separator: " ")
        let head = NodeScript.head(lease.merging(environment) { $1 }, settings)
        let script = "\(head)\nexec >>\(shellQuoted(log)) 2>&1\nexec \(command)\n"
        let id = try client.submit(
            SlurmSubmission(
                name: try project.store.driverName(name), script: script, minutes: 0, memory: 2000,
                cpus: settings.cpus["driver"] ?? 1))
        return (id, log)
    }

}

extension ExperimentFile {
    /// What a worker makes the same file of. The order of a matrix's axes names its jobs, and a value has none: it
    /// stands beside.
    var definition: Value { ["experiment": value, "axes": .array(matrixKeys.map { .string($0) })] }

    /// The JSON of a definition; nil for anything else.
    static func json(of definition: Value) -> String? {
        guard var members = definition["experiment"]?.objectValue,
            let axes = definition["axes"]?.arrayValue?.compactMap(\.stringValue)
        else { return nil }
        let matrix = members.removeValue(forKey: "matrix")
        let plain = Value.object(members).json(pretty: false)
        let rows = axes.compactMap { key in
            matrix?[key].map { "\(Value.string(key).json(pretty: false)): \($0.json(pretty: false))" }
        }
        return rows.isEmpty ? plain : plain.dropLast() + ", \"matrix\": {\(rows.joined(separator: ", "))}}"
    }
}

extension Project {
    /// The plan of an order, made again.
    /// - Throws: `ExperimentError`.
    public func plan(of order: WorkOrder, path: String) throws -> Plan {
        guard let json = ExperimentFile.json(of: order.definition) else {
            throw ExperimentError("\(path): no experiment in it")
        }
        return try plan(ExperimentFile(json: json, file: path)).plan
    }
}
