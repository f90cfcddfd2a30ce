import ArgumentParser
import Engine
import Fingerprints
import Foundation
import Pipeline

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
        let jobs = try project.runner().status(of: experiment.plan)
        let downloads = experiment.pendingDownloads(jobs)
        if json {
            print(Value.object([
                "schema": 1, "experiment": .string(file.name),
                "runs": .array(jobs.filter { $0.state != .fresh }.map { ["name": .string($0.job), "reason": .string($0.reason.map { "\($0)" } ?? "")] }),
                "downloads": .array(downloads.map { ["name": .string($0.name), "bytes": $0.bytes.map { .int($0) } ?? .null] }),
            ]).json(pretty: true))
            return
        }
        print("\(file.name): \(file.title)")
        let rows = jobs.enumerated().map { index, job in
            ["\(index + 1).", job.job, job.state == .fresh ? "fresh" : "run", job.reason.map { "\($0)" } ?? ""]
        }
        Format.columns(rows).forEach { print($0) }
        if !downloads.isEmpty {
            print("downloads:")
            Format.columns(downloads.map { ["  \($0.name)", $0.bytes.map(Format.bytes) ?? "size unknown", $0.url] }).forEach { print($0) }
            print("  in all \(Format.bytes(downloads.reduce(0) { $0 + ($1.bytes ?? 0) }))")
        }
        print("\(jobs.count(where: { $0.state != .fresh })) of \(jobs.count) stages would run")
    }
}
