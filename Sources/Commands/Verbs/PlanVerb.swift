import ArgumentParser
import Engine
import Fingerprints
import Foundation
import Pipeline
import Transfer

struct PlanVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "What would run, in what order, and what it would download.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: ExperimentOptions
    @Option(
        help: ArgumentHelp(
            "Where stages would run: local or slurm (default: as lavise.json says, or local).", valueName: "where"))
    var executor: ExecutorChoice?

    func run() throws {
        let project = try global.open(), settings = try LaviseSettings(project.places)
        let cluster = (executor?.choice ?? settings.executor) == .slurm ? ClusterRun(project, settings.slurm) : nil
        let files = try chosen.files(project), places = files.map { ResultsPlace($0, places: project.places) }
        try Self.show(files, to: places, asWriter: false, project, RunOptions(), json: global.json, cluster: cluster)
    }

    /// Prints the plans of experiments, and then fails as a run with the same options would before its first stage.
    /// Reads the store, changes nothing.
    /// - Parameters:
    ///   - places: where the results of each would go; empty when none would.
    ///   - asWriter: whether this user must be able to write there.
    static func show(
        _ files: [ExperimentFile], to places: [ResultsPlace], asWriter: Bool = true, _ project: Project,
        _ options: RunOptions, json: Bool, cluster: ClusterRun? = nil
    ) throws {
        var preflight = Preflight(project)
        let documents = try files.enumerated().compactMap { index, file in
            let experiment = try project.plan(file), predictions = try project.predict(experiment, options)
            try preflight.look(at: experiment, predictions)
            let forecast = try cluster?.forecast(experiment, predictions)
            return try show(
                experiment, predictions, project, places.indices.contains(index) ? places[index] : nil, json: json,
                forecast)
        }
        if json { try standardOutput(json: documents, isList: files.count > 1) }
        try places.forEach { try $0.check(asWriter: asWriter) }
        try preflight.check()
    }

    /// - Returns: the plan as JSON, if that is asked for; else it is printed.
    private static func show(
        _ experiment: ExperimentPlan, _ predictions: [Prediction], _ project: Project, _ place: ResultsPlace?,
        json: Bool,
        _ forecast: ClusterForecast?
    ) throws -> Value? {
        let file = experiment.file, running = predictions.filter(\.wouldRun).map(\.status)
        let downloads = try running.flatMap { try project.pendingDownloads(of: $0, in: experiment) }
        if json {
            let cluster: [String: Value] = forecast.map { ["cluster": $0.value] } ?? [:]
            let document: [String: Value] = [
                "schema": 1, "experiment": .string(file.name), "results": place.map { .string($0.shown) } ?? .null,
                "runs": .array(
                    predictions.filter(\.wouldRun).map { job in
                        [
                            "name": .string(job.status.job),
                            "outputs": .array(
                                (experiment.plan.job(job.status.job)?.stage.outputs ?? []).map { .string($0) }),
                            "reason": .string(reason(job)),
                            "seconds": job.seconds.map { .double($0) } ?? .null,
                            "bytes": job.bytes.map { .int($0) } ?? .null,
                        ]
                    }),
                "downloads": .array(
                    downloads.map { ["name": .string($0.file.name), "bytes": $0.bytesLeft.map { .int($0) } ?? .null] }),
            ]
            return .object(document.merging(cluster) { $1 })
        }
        let rows = predictions.enumerated().map { index, job in
            [
                "\(index + 1).", job.status.job,
                job.wouldRun ? "run" : job.status.state == .fresh ? "fresh" : "left out",
                job.wouldRun ? job.seconds.map { "~" + Format.seconds($0) } ?? "?" : "",
                job.wouldRun ? job.bytes.map { "~" + Format.bytes($0) } ?? "?" : "", reason(job),
            ]
        }
        var lines = [Format.title(file.name, file.title)] + Format.columns(rows)
        if !downloads.isEmpty {
            lines.append("downloads:")
            lines += Format.columns(
                downloads.map { file in
                    ["  \(file.file.name)", file.bytesLeft.map(Format.bytes) ?? "size unknown", file.file.urls[0]]
                })
            lines.append("  in all \(Format.bytes(downloads.reduce(0) { $0 + ($1.bytesLeft ?? 0) }))")
        }
        let results = place.map { ["results go to \($0.shown)"] } ?? []
        try standardOutput(lines: lines + (forecast?.lines ?? []) + results + [summary(predictions, downloads)])
        return nil
    }

    private static func reason(_ job: Prediction) -> String {
        job.status.reason.map { "\($0)" } ?? (job.wouldRun ? "\(Reason.forced)" : "")
    }

    /// One line: how many stages, how long, how much to fetch and to keep.
    static func summary(_ predictions: [Prediction], _ downloads: [PlannedDownload]) -> String {
        let running = predictions.filter(\.wouldRun)
        var parts = ["\(running.count) of \(predictions.count) stages would run"]
        guard !running.isEmpty else { return parts[0] }
        let known = running.compactMap(\.seconds)
        if !known.isEmpty {
            let unknown = running.count - known.count
            parts.append(
                "~" + Format.seconds(known.reduce(0, +)) + (unknown > 0 ? " and \(unknown) of unknown time" : ""))
        }
        let fetched = downloads.reduce(0) { $0 + ($1.bytesLeft ?? 0) }
        if fetched > 0 { parts.append(Format.bytes(fetched) + " to download") }
        let kept = running.reduce(0) { $0 + ($1.bytes ?? 0) }
        if kept > 0 { parts.append("~" + Format.bytes(kept) + " on disk") }
        let hint =
            known.isEmpty
            ? "\nTimes are known once something has run here: `lavise-pipeline run demo` measures most of it in a minute."
            : ""
        return parts.joined(separator: ", ") + hint
    }
}
