import ArgumentParser
import Engine
import Fingerprints
import Foundation
import Pipeline
import Transfer

struct PlanVerb: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "plan", abstract: "What would run, in what order, and what it would download.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: ExperimentOptions

    func run() throws {
        let project = try global.open()
        try Self.show(chosen.files(project), project, json: global.json)
    }

    /// Prints the plans of experiments; reads the store, changes nothing.
    static func show(_ files: [ExperimentFile], _ project: Project, json: Bool) throws {
        let documents = try files.compactMap { try show($0, project, json: json) }
        if json { try standardOutput(json: documents, isList: files.count > 1) }
    }

    /// - Returns: the plan as JSON, if that is asked for; else it is printed.
    private static func show(_ file: ExperimentFile, _ project: Project, json: Bool) throws -> Value? {
        let experiment = try project.plan(file)
        let predictions = try project.runner().predict(experiment.plan) { try experiment.expectedCosts($0, places: project.places) }
        let jobs = predictions.map(\.status)
        let downloads = try jobs.flatMap { try project.pendingDownloads(of: $0, in: experiment.plan) }
        if json {
            return [
                "schema": 1, "experiment": .string(file.name),
                "runs": .array(predictions.filter(\.wouldRun).map { job in
                    [
                        "name": .string(job.status.job), "reason": .string(job.status.reason.map { "\($0)" } ?? ""),
                        "seconds": job.seconds.map { .double($0) } ?? .null, "bytes": job.bytes.map { .int($0) } ?? .null,
                    ]
                }),
                "downloads": .array(downloads.map { ["name": .string($0.file.name), "bytes": $0.bytesLeft.map { .int($0) } ?? .null] }),
            ]
        }
        let rows = predictions.enumerated().map { index, job in
            [
                "\(index + 1).", job.status.job, job.wouldRun ? "run" : "fresh", job.wouldRun ? job.seconds.map { "~" + Format.seconds($0) } ?? "?" : "",
                job.wouldRun ? job.bytes.map { "~" + Format.bytes($0) } ?? "?" : "", job.status.reason.map { "\($0)" } ?? "",
            ]
        }
        var lines = ["\(file.name): \(file.title)"] + Format.columns(rows)
        if !downloads.isEmpty {
            lines.append("downloads:")
            lines += Format.columns(downloads.map { file in
                ["  \(file.file.name)", file.bytesLeft.map(Format.bytes) ?? "size unknown", file.file.urls[0]]
            })
            lines.append("  in all \(Format.bytes(downloads.reduce(0) { $0 + ($1.bytesLeft ?? 0) }))")
        }
        try standardOutput(lines: lines + [summary(predictions, downloads)])
        return nil
    }

    /// One line: how many stages, how long, how much to fetch and to keep.
    static func summary(_ predictions: [Prediction], _ downloads: [PlannedDownload]) -> String {
        let running = predictions.filter(\.wouldRun)
        var parts = ["\(running.count) of \(predictions.count) stages would run"]
        guard !running.isEmpty else { return parts[0] }
        let known = running.compactMap(\.seconds)
        if !known.isEmpty {
            let unknown = running.count - known.count
            parts.append("~" + Format.seconds(known.reduce(0, +)) + (unknown > 0 ? " and \(unknown) of unknown time" : ""))
        }
        let fetched = downloads.reduce(0) { $0 + ($1.bytesLeft ?? 0) }
        if fetched > 0 { parts.append(Format.bytes(fetched) + " to download") }
        let kept = running.reduce(0) { $0 + ($1.bytes ?? 0) }
        if kept > 0 { parts.append("~" + Format.bytes(kept) + " on disk") }
        let hint = known.isEmpty ? "\nTimes are known once something has run here: `make demo` measures most of it in a minute." : ""
        return parts.joined(separator: ", ") + hint
    }
}
