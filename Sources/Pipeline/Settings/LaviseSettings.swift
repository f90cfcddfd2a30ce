import Engine
import Fingerprints
import Foundation
import Remote
import Transfer

/// `lavise.json` of a project: how its experiments are run here, never what they compute. No part of any fingerprint.
public struct LaviseSettings: Sendable, Equatable {
    /// The file's name in a project folder.
    public static let name = "lavise.json"

    /// Where jobs are made.
    public enum Executor: String, Sendable, CaseIterable { case local, slurm }

    /// Where jobs are made unless the command line says otherwise.
    public var executor = Executor.local
    /// How a Slurm cluster is used.
    public var slurm = SlurmSettings()
    /// Where a remote store is and how it is used.
    public var remote = RemoteSettings()
    /// The keys that the file may have.
    public static let keys = ["executor", "slurm", "remote"]

    /// The defaults: everything here, no remote store.
    public init() {}

    /// The project's settings; the defaults where it has no such file.
    /// - Throws: `ExperimentError` naming file, line, column and key.
    public init(_ places: Places) throws {
        self.init()
        let path = places.projectPath(Self.name)
        guard FileManager.default.fileExists(atPath: path) else { return }
        do {
            self = try Self(JSONNode(json: readWholeFile(path, limit: 1 << 20), source: path))
        } catch let error as TextError {
            throw ExperimentError(error)
        } catch let error as TransferError {
            throw ExperimentError("\(error)")
        }
    }

    /// - Parameter file: names the text in errors.
    /// - Throws: `ExperimentError` naming line, column and key.
    public init(json: [UInt8], file: String) throws {
        do { self = try Self(JSONNode(json: json, source: file)) } catch let error as TextError {
            throw ExperimentError(error)
        }
    }

    init(_ node: JSONNode) throws {
        let fields = try Fields(node, known: Self.keys)
        remote = try RemoteSettings(fields.object("remote", known: RemoteSettings.keys))
        executor = try fields.choice("executor", Executor.self) ?? executor
        slurm = try SlurmSettings(fields.object("slurm", known: SlurmSettings.keys))
    }
}

extension SlurmSettings {
    static let keys = [
        "partition", "account", "constraint", "maxSubmit", "taskMinutes", "poll", "attempts", "prologue", "cpus",
        "grace",
    ]
    /// Stages that run on a cluster.
    static let stages = ["preprocess", "features", "train", "evaluate"]

    init(_ fields: Fields) throws {
        self.init()
        partition = try fields.string("partition")
        account = try fields.string("account")
        constraint = try fields.string("constraint")
        maxSubmit = try fields.int("maxSubmit", in: 2...1_000_000) ?? maxSubmit
        taskMinutes = try fields.double("taskMinutes", in: 0.001...10_000) ?? taskMinutes
        poll = try fields.double("poll", in: 0.1...3600) ?? poll
        attempts = try fields.int("attempts", in: 1...20) ?? attempts
        prologue = try fields.string("prologue") ?? prologue
        grace = try fields.double("grace", in: 0...86_400) ?? grace
        let given = try fields.object("cpus", known: Self.stages)
        for stage in Self.stages { cpus[stage] = try given.int(stage, in: 1...1024) }
    }
}
