import Engine
import Fingerprints
import Foundation
import Pipeline
import Synchronization

/// Passes on what a run says, and keeps what became of each job.
final class RunRecorder: RunObserver {
    private let console: Console
    private let file: ExperimentFile
    private let host: Machine
    private let steps = Mutex<[RunRecord.Step]>([])

    init(_ console: Console, of file: ExperimentFile, on host: Machine) {
        self.console = console
        self.host = host
        self.file = file
    }

    /// The run's record.
    /// - Parameters:
    ///   - failure: an error after the last stage.
    ///   - results: where the tables are.
    func record(
        _ outcome: Result<ExperimentState, any Error>, began: Date, failure: (any Error)?, results: ResultsPlace
    ) -> RunRecord {
        let error = outcome.failure ?? failure
        let settings =
            file.settings.map { "--set \($0)" }
            + (file.seeds.map { ["--seeds \($0.map(String.init).joined(separator: ","))"] } ?? [])
        let isWhole = (try? outcome.get())?.isFresh == true
        return RunRecord(
            plan: file.name, settings: settings, began: began.timeIntervalSince1970,
            seconds: Date().timeIntervalSince(began), host: host.name, version: PipelineVersion.text,
            steps: steps.withLock { $0 },
            result: error != nil ? "failed" : isWhole ? Self.headline(results) ?? "tables" : "in part",
            error: error.map { String(describe($0).prefix { !$0.isNewline }) })
    }

    /// The first row's number that stands for the whole: `projection recall@20 0.641`.
    private static func headline(_ results: ResultsPlace) -> String? {
        guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: results.folder + "/recall.json")),
            let table = try? Value(json: [UInt8](bytes)),
            let rows = table["rows"]?.arrayValue?.filter({
                !["most-frequent", "random"].contains($0["method"]?.stringValue)
            }),
            let method = rows.first(where: { $0["method"] == "projection" })?["method"]?.stringValue
                ?? rows.last?["method"]?.stringValue
        else { return nil }
        let own = rows.filter { $0["method"]?.stringValue == method && $0["row"] == rows[0]["row"] }
        guard let last = own.max(by: { ($0["k"]?.intValue ?? 0) < ($1["k"]?.intValue ?? 0) }),
            let recall = last["recall"]?.doubleValue
        else { return nil }
        return "\(method) recall@\(last["k"]?.intValue ?? 0) \(String(format: "%.3f", recall))"
    }

    func started(job: String, stage: String, reason: Reason, threads: Int) {
        console.started(job: job, stage: stage, reason: reason, threads: threads)
    }

    func queued(job: String, text: String) { console.queued(job: job, text: text) }

    func progressed(job: String, done: Int, total: Int, unit: String) {
        console.progressed(job: job, done: done, total: total, unit: unit)
    }

    func noted(job: String, text: String) { console.noted(job: job, text: text) }

    func waiting(job: String, holder: String) { console.waiting(job: job, holder: holder) }

    func failed(job: String, stage: String, error: EngineError) {
        steps.withLock {
            $0.append(
                RunRecord.Step(job: job, action: "failed", reason: String(describe(error).prefix { !$0.isNewline })))
        }
        console.failed(job: job, stage: stage, error: error)
    }

    func finished(_ status: JobStatus) {
        if status.ran || status.cutOff {
            let reason = status.reason.map { "\($0)" } ?? ""
            steps.withLock {
                $0.append(
                    RunRecord.Step(
                        job: status.job, action: status.ran ? "run" : "cut off", reason: reason, seconds: status.seconds
                    ))
            }
        }
        console.finished(status)
    }
}

extension Result {
    /// The error of a failure.
    var failure: Failure? {
        if case .failure(let error) = self { return error }
        return nil
    }
}

extension Error {
    /// Whether a signal ended what threw this.
    var isCancellation: Bool {
        if let error = self as? EngineError, case .cancelled = error { return true }
        return false
    }
}
