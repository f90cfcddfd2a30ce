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
        for file in try chosen.files(project) { try Self.show(file, project, json: global.json) }
    }

    /// Prints the plan of one experiment; reads the store, changes nothing.
    static func show(_ file: ExperimentFile, _ project: Project, json: Bool) throws {
        let experiment = try project.plan(file)
        let predictions = try project.runner().predict(experiment.plan) { try experiment.expectedCosts($0, places: project.places) }
        let jobs = predictions.map(\.status)
        let downloads = try jobs.flatMap { try project.pendingDownloads(of: $0, in: experiment.plan) }
        if json {
            print(Value.object([
                "schema": 1, "experiment": .string(file.name),
                "runs": .array(predictions.filter(\.wouldRun).map { job in
                    [
                        "name": .string(job.status.job), "reason": .string(job.status.reason.map { "\($0)" } ?? ""),
                        "seconds": job.seconds.map { .double($0) } ?? .null, "bytes": job.bytes.map { .int($0) } ?? .null,
                    ]
                }),
                "downloads": .array(downloads.map { ["name": .string($0.file.name), "bytes": $0.bytesLeft.map { .int($0) } ?? .null] }),
            ]).json(pretty: true))
            return
        }
        print("\(file.name): \(file.title)")
        let rows = predictions.enumerated().map { index, job in
            [
                "\(index + 1).", job.status.job, job.wouldRun ? "run" : "fresh", job.wouldRun ? job.seconds.map { "~" + Format.seconds($0) } ?? "?" : "",
                job.wouldRun ? job.bytes.map { "~" + Format.bytes($0) } ?? "?" : "", job.status.reason.map { "\($0)" } ?? "",
            ]
        }
        Format.columns(rows).forEach { print($0) }
        if !downloads.isEmpty {
            print("downloads:")
            Format.columns(downloads.map { ["  \($0.file.name)", $0.bytesLeft.map(Format.bytes) ?? "size unknown", $0.file.urls[0]] }).forEach { print($0) }
            print("  in all \(Format.bytes(downloads.reduce(0) { $0 + ($1.bytesLeft ?? 0) }))")
        }
        print(summary(predictions, downloads))
    }

    /// One line: how many stages, how long, how much to fetch and to keep.
    private static func summary(_ predictions: [Prediction], _ downloads: [PlannedDownload]) -> String {
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
