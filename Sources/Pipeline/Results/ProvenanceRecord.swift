import Engine
import Fingerprints
import Foundation

/// Which stages made an experiment's results, and from what: its traces in the plan's order.
public struct ProvenanceRecord: Sendable, Equatable {
    /// A file or folder by its content.
    public struct Item: Sendable, Equatable {
        /// An output's name, or the path of an input from outside below the data or project folder.
        public var name: String
        /// SHA-256 of the file, or of the folder's listing.
        public var digest: Digest
        /// Size of the file, or of all files of the folder together.
        public var bytes: Int
        /// Whether it is a folder, whose digest is of its listing.
        public var isFolder = false

        package init(name: String, digest: Digest, bytes: Int, isFolder: Bool = false) {
            self.name = name
            self.digest = digest
            self.bytes = bytes
            self.isFolder = isFolder
        }
    }

    /// One execution of a stage.
    public struct Step: Sendable, Equatable {
        /// The job's id in its plan: the stage's name, with labels where rows of a matrix differ.
        public var job: String
        /// The stage's name.
        public var stage: String
        /// Under this name the store keeps the trace.
        public var fingerprint: Digest
        /// The stage's parameters by name, and `revision` and `numericsKey`.
        public var parameters: [String: Value]
        /// What the step read.
        public var inputs: [Item]
        /// What the step left.
        public var outputs: [Item]
        /// When it began: its end less its wall time.
        public var began: Date
        /// When it had ended.
        public var ended: Date
        /// What it took of its machine, and bytes of memory at most; nil where no record tells.
        public var cost: Cost?, peakMemory: Int?
    }

    /// The experiment's name.
    public var experiment: String
    /// The experiment's title.
    public var title: String
    /// What the command line changed in the experiment's file: `--set train.epochs=3`, `--seeds 0..4`.
    public var settings: [String] = []
    /// Of this program and its libraries, by name; empty in a record that was read back.
    public var versions: [String: String]
    /// In the plan's order: what a step reads stands before it.
    public var steps: [Step]

    /// Inputs that no step made: datasets, weights, word vectors.
    public var inputs: [Item] {
        let made = Set(steps.flatMap(\.outputs).map(\.digest))
        var seen: Set<Digest> = []
        return steps.flatMap(\.inputs).filter { !made.contains($0.digest) && seen.insert($0.digest).inserted }
    }

    /// What all steps took; nil where a step's record does not tell.
    public var cost: RunCost? {
        let known = steps.compactMap { step in step.cost.flatMap { cost in step.peakMemory.map { (cost, $0) } } }
        return known.count == steps.count ? RunCost(known) : nil
    }

    /// Reads the traces of the jobs that are fresh.
    /// - Throws: `EngineError.storage`.
    init(_ state: ExperimentState, _ project: Project) throws {
        experiment = state.file.name
        title = state.file.title
        settings =
            state.file.settings.map { "--set \($0)" }
            + (state.file.seeds.map { ["--seeds " + ExperimentFile.text(of: $0)] } ?? [])
        versions = PipelineVersion.libraries
        steps = try Self.steps(state.jobs, in: project)
    }

    /// The executions that the jobs' outputs come from, where they are fresh: each once, by the first job that takes it.
    /// - Throws: `EngineError.storage`.
    package static func steps(_ jobs: [JobStatus], in project: Project) throws -> [Step] {
        var seen: Set<Digest> = []
        return try jobs.compactMap { status in
            guard let fingerprint = status.fingerprint, seen.insert(fingerprint).inserted,
                let trace = try project.store.trace(fingerprint),
                let outcome = trace.outcomes.first(where: { outcome in
                    outcome.outputs.map(\.digest) == status.outputs.map(\.digest)
                })
            else { return nil }
            return Step(status.job, trace, outcome, fingerprint, project.places)
        }
    }

    package init(
        experiment: String, title: String, settings: [String] = [], versions: [String: String], steps: [Step]
    ) {
        self.experiment = experiment
        self.title = title
        self.settings = settings
        self.versions = versions
        self.steps = steps
    }

    /// The first step that came out differently in two runs, and why, as far as the records tell; nil where all agree.
    public static func divergence(_ old: Self, _ new: Self) -> String? {
        for step in new.steps {
            guard let before = old.steps.first(where: { $0.job == step.job }) else {
                return "\(step.job): only in the new results"
            }
            guard before.outputs.map(\.digest) != step.outputs.map(\.digest) else { continue }
            let changes = step.changes(since: before)
            return "\(step.job): "
                + (changes.isEmpty
                    ? "same fingerprint, other bytes; see `lavise-pipeline verify`" : changes.joined(separator: "; "))
        }
        return old.steps.first { step in !new.steps.contains { $0.job == step.job } }.map {
            "\($0.job): only in the old results"
        }
    }
}

extension ProvenanceRecord.Step {
    fileprivate init(_ job: String, _ trace: Trace, _ outcome: Outcome, _ fingerprint: Digest, _ places: Places) {
        typealias Item = ProvenanceRecord.Item
        var parameters = trace.fields.parameters.objectValue ?? [:]
        parameters["revision"] = .int(trace.fields.revision)
        if let key = trace.fields.numericsKey { parameters["numericsKey"] = .string(key.hex) }
        self.init(
            job: job, stage: trace.fields.stage, fingerprint: fingerprint, parameters: parameters,
            inputs: trace.inputs.map { Item(name: places.publicName($0.source), digest: $0.digest, bytes: $0.bytes) },
            outputs: outcome.outputs.map {
                Item(name: $0.name, digest: $0.digest, bytes: $0.bytes, isFolder: $0.isFolder)
            },
            began: Date(timeIntervalSince1970: outcome.finished - outcome.seconds),
            ended: Date(timeIntervalSince1970: outcome.finished), cost: outcome.costOrEstimate,
            peakMemory: outcome.peakMemory)
    }

    /// What went in differently.
    fileprivate func changes(since old: Self) -> [String] {
        let names = Set(parameters.keys).union(old.parameters.keys).sorted().filter {
            parameters[$0] != old.parameters[$0]
        }
        let changed = names.map { "\($0) \(brief(old.parameters[$0])) → \(brief(parameters[$0]))" }
        let before = Set(old.inputs.map(\.digest))
        return changed + inputs.filter { !before.contains($0.digest) }.map { "input \($0.name) is another" }
    }

    private func brief(_ value: Value?) -> String {
        guard let text = value.map({ $0.stringValue ?? $0.json(pretty: false) }) else { return "none" }
        return text.count <= 40 ? text : text.prefix(39) + "…"
    }
}

extension Places {
    /// A traced source without what only this machine knows: `train/explainer.h5`, `coco-sample/train2017`.
    fileprivate func publicName(_ source: String) -> String {
        guard source.hasPrefix("file:") else { return source }
        let path = String(source.dropFirst("file:".count))
        for base in [data, project] where path.hasPrefix(base + "/") { return String(path.dropFirst(base.count + 1)) }
        return URL(fileURLWithPath: path).lastPathComponent
    }
}
