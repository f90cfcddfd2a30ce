import Engine
import Foundation
import Reporting

/// What a page says of how its results were made.
struct ReportFacts {
    let state: ExperimentState
    let project: Project

    init(_ state: ExperimentState, project: Project) {
        self.state = state
        self.project = project
    }

    /// What was run, and when, where and by which version.
    /// - Throws: `EngineError.storage`.
    func header(_ results: VariantResults) throws -> [Report.Fact] {
        let own = results.experiment
        let dataset = results.dataset
        let summary = results.evaluation.summary
        let training =
            "\(results.history.epochs.count) epochs, batches of \(own.train.batchSize), \(own.train.optimiser.rawValue), dropout \(own.train.dropout)"
        let evaluation =
            "\(summary.filters.count) filters, \(summary.imagesPerFilter) images a filter, "
            + own.evaluate.methods.map(\.name).joined(separator: ", ")
        var facts = [
            Report.Fact(
                "dataset",
                "\(own.dataset.kind.name): \(dataset.imageCount) images, \(dataset.sampleCount) samples, \(dataset.concepts.count) concepts"
            ),
            Report.Fact(
                "model",
                "\(own.backbone.network.name) \(own.backbone.layer)"
                    + (own.backbone.isUntrained ? ", untrained" : "")),
            Report.Fact("explainer", training), Report.Fact("evaluation", evaluation),
            Report.Fact(
                "protocol", ([own.protocolName.rawValue] + own.deviations.sorted().map(\.name)).joined(separator: ", ")),
            Report.Fact("seed", String(own.seed)),
        ]
        if own.target != nil {
            facts.append(Report.Fact("target", "\(results.images.imageCount) pictures without annotations"))
        }
        facts += try results.warnings().map { Report.Fact("warning", $0.text) }
        if !state.file.matrixKeys.isEmpty {
            facts.append(
                Report.Fact(
                    "matrix",
                    "\(state.file.variants.count) rows over \(state.file.matrixKeys.joined(separator: ", "))")
            )
        }
        if let made = try state.status(of: state.experiment.tables).flatMap(outcome) {
            let versions = made.versions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            facts.append(
                Report.Fact(
                    "computed",
                    "\(Self.date(made.finished)) on \(made.host)"
                        + (versions.isEmpty ? "" : ", \(versions.joined(separator: ", "))")))
        }
        if let cost = RunCost(state.jobs) { facts.append(Report.Fact("cost", cost.text)) }
        return facts
    }

    /// - Throws: `EngineError.storage`.
    func stages() throws -> [ReportStage] {
        let runner = project.runner()
        return try state.jobs.map { status in
            let reasons = try runner.why(state.experiment.plan, job: status.job).steps.first?.reasons ?? []
            let made = try outcome(status).map { "\(Self.date($0.finished)), \($0.host)" }
            // That there was no build before is the reason of the first.
            let words = reasons.map { status.state == .fresh && $0 == .neverBuilt ? "its first build" : "\($0)" }
            return ReportStage(
                name: status.job, stage: status.stage, state: status.state.rawValue,
                reason: words.joined(separator: "; "),
                seconds: status.seconds, made: made ?? "", fingerprint: status.fingerprint?.short ?? "",
                inputs: state.experiment.plan.dependencies(of: status.job).map(\.id))
        }
    }

    /// Where every number comes from: inputs from outside and artifacts, each by its digest.
    /// - Throws: `EngineError.storage`.
    func provenance() throws -> [Report.Fact] {
        let record = try ProvenanceRecord(state, project)
        let versions = PipelineVersion.libraries.sorted { $0.key < $1.key }.map { Report.Fact($0.key, $0.value) }
        let revision = Git(project.places.project).head.map { [Report.Fact("git revision", $0)] } ?? []
        let inputs = record.inputs.map { Report.Fact($0.name, "sha256 \($0.digest.hex), \($0.bytes) bytes") }
        let artifacts = record.steps.flatMap { step in
            step.outputs.map { Report.Fact("\(step.job)/\($0.name)", "sha256 \($0.digest.hex), \($0.bytes) bytes") }
        }
        return versions + revision + inputs + artifacts
    }

    /// - Parameter arguments: what follows the verb.
    func reproduce(_ arguments: [String]) -> [String] {
        let checkout = Git(project.places.project).head.map { ["git checkout \($0)"] } ?? []
        let words = Self.shell(arguments + data)
        return checkout + ["make build", "export PATH=\"$PWD/.build/release:$PATH\""]
            + ["run", "report"].map { "lavise-pipeline \($0) \(words)" }
    }

    /// The option that names the data folder, where it is not the project's own.
    private var data: [String] {
        let places = project.places
        guard places.data != places.projectPath("data") else { return [] }
        let isInside = places.data.hasPrefix(places.project + "/")
        return ["--data", isInside ? String(places.data.dropFirst(places.project.count + 1)) : places.data]
    }

    private static func shell(_ words: [String]) -> String {
        words.map { word in
            let isPlain =
                !word.isEmpty
                && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || "_-./=,:+@".contains($0) }
            return isPlain ? word : "'\(word.replacingOccurrences(of: "'", with: "'\\''"))'"
        }.joined(separator: " ")
    }

    /// The execution that left a job's outputs.
    private func outcome(_ status: JobStatus) throws -> Outcome? {
        guard let fingerprint = status.fingerprint else { return nil }
        return try project.store.trace(fingerprint)?.outcomes.first {
            $0.outputs.map(\.digest) == status.outputs.map(\.digest)
        }
    }

    /// `2026-11-27 04:02 UTC`.
    static func date(_ seconds: Double) -> String {
        let text = Date(timeIntervalSince1970: seconds).formatted(.iso8601)
        return text.prefix(16).replacingOccurrences(of: "T", with: " ") + " UTC"
    }
}
