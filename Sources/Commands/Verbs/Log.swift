import ArgumentParser
import Engine
import Fingerprints
import Foundation
import Pipeline

struct Log: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "The runs of the past: when, what changed, what came out, how long.",
        discussion: """
            log                 all experiments, the latest first
            log demo -n 3 -v    the last three of demo, with what each stage ran for
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(
        help: "Experiment files, or names of files in experiments/ (default: all).", completion: Completion.experiments)
    var experiments: [String] = []
    @Option(name: [.customShort("n"), .long], help: ArgumentHelp("How many runs to show.", valueName: "n")) var last =
        20

    func run() throws {
        guard last > 0 else { throw ExperimentError("--last \(last): expected at least 1") }
        let project = try global.open()
        let names = try Set(experiments.map { try project.experiment($0).name })
        let runs = try project.store.runs().filter { names.isEmpty || names.contains($0.plan) }.prefix(last)
        if global.json { return try standardOutput(json: .array(runs.map(\.value))) }
        guard !runs.isEmpty else {
            return standardError(
                "no run is recorded\(names.isEmpty ? "" : " of \(names.sorted().joined(separator: ", "))") in \(Format.path(project.store.root))"
            )
        }
        try standardOutput(
            lines: global.verbose
                ? runs.flatMap(long)
                : Format.table(
                    [["when", "experiment", "time", "ran", "result", "because"]] + runs.map(short), flexible: 5,
                    style: Style(descriptor: STDOUT_FILENO)))
    }

    private func short(_ run: RunRecord) -> [String] {
        let ran = run.steps.filter { $0.action == "run" }
        let because =
            run.error ?? ran.first { !$0.reason.hasPrefix("input ") }.map(\.reason) ?? ran.first?.reason
            ?? "all was fresh"
        let changed = run.settings.isEmpty ? "" : run.settings.joined(separator: " ") + "; "
        return [
            Self.date(run.began), run.plan, Format.seconds(run.seconds), "\(ran.count)",
            run.error == nil ? run.result : "failed", changed + because,
        ]
    }

    private func long(_ run: RunRecord) -> [String] {
        let head = [
            "\(Self.date(run.began))  \(([run.plan] + run.settings).joined(separator: " "))  \(Format.seconds(run.seconds)) on \(run.host), lavise-pipeline \(run.version)"
        ]
        let steps = Format.columns(
            run.steps.map { ["  \($0.job)", $0.action, $0.seconds.map(Format.seconds) ?? "-", $0.reason] })
        return head + steps + [run.error.map { "  failed: \($0)" } ?? "  \(run.result)"]
    }

    /// In the time zone of whoever asks.
    private static func date(_ seconds: Double) -> String {
        var time = time_t(seconds)
        var parts = tm()
        localtime_r(&time, &parts)
        return String(
            format: "%04d-%02d-%02d %02d:%02d", Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday),
            Int(parts.tm_hour), Int(parts.tm_min))
    }
}
