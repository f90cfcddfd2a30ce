import Engine
import Fingerprints
import Foundation
import Synchronization
import TestSupport

/// A temporary folder with a store, inputs and stages that write text: what the engine tests build in.
final class Workshop: Sendable {
    let folder: String
    let runs = Mutex<[String]>([])
    let lines = Mutex<[String]>([])

    init() throws {
        folder = newTestFolder("engine")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? LocalFileSystem().remove(folder)
    }

    var storePath: String { folder + "/store" }

    func store() throws -> Store { try Store(at: storePath) }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func write(_ text: String, to name: String) throws {
        let path = path(name)
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    func runner(_ options: RunOptions = RunOptions(catchSignals: false)) throws -> Runner {
        Runner(store: try store(), options: options, observer: Listener(workshop: self))
    }

    /// Runs `plan` and returns the jobs that were executed, in the order of the plan.
    @discardableResult
    func run(_ plan: Plan, _ options: RunOptions = RunOptions(catchSignals: false)) throws -> [String] {
        try runner(options).run(plan).filter(\.ran).map(\.job)
    }

    func text(_ statuses: [JobStatus], _ job: String, _ output: String = "out") throws -> String {
        guard let record = statuses.first(where: { $0.job == job })?.outputs.first(where: { $0.name == output }) else {
            return ""
        }
        return String(decoding: try Data(contentsOf: URL(fileURLWithPath: record.path)), as: UTF8.self)
    }

    struct Listener: RunObserver {
        let workshop: Workshop
        func started(job: String, stage: String, reason: Reason, threads: Int) {
            workshop.runs.withLock { $0.append(job) }
            workshop.lines.withLock { $0.append("started \(job): \(reason)") }
        }
        func progressed(job: String, done: Int, total: Int, unit: String) {
            workshop.lines.withLock { $0.append("progress \(job): \(done)/\(total) \(unit)") }
        }
        func noted(job: String, text: String) { workshop.lines.withLock { $0.append("noted \(job): \(text)") } }
        func waiting(job: String, holder: String) { workshop.lines.withLock { $0.append("waiting \(job): \(holder)") } }
        func failed(job: String, stage: String, error: EngineError) {
            workshop.lines.withLock { $0.append("failed \(job): \(error)") }
        }
        func finished(_ status: JobStatus) {
            workshop.lines.withLock { $0.append("finished \(status.job): \(status.state)") }
        }
    }
}

/// A stage made of a closure.
struct TestStage: Stage {
    var name: String
    var revision = 1
    var parameters: Value = [:]
    var key: Digest?
    var outputs = ["out"]
    var body: @Sendable (StageContext) throws -> Void

    func numericsKey() -> Digest? { key }

    func run(_ context: StageContext) throws { try body(context) }

    /// Joins the text of its inputs (files, or all files of a folder) and its parameters.
    static func join(_ name: String, inputs: [String], parameters: Value = [:], revision: Int = 1) -> TestStage {
        TestStage(name: name, revision: revision, parameters: parameters) { context in
            var text = parameters == [:] ? "" : parameters.json(pretty: false)
            for input in inputs { text += try readText(context.input(input)) }
            try writeText(text, context.output + "/out")
        }
    }
}

func readText(_ path: String) throws -> String {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
        return String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    }
    return try FileManager.default.subpathsOfDirectory(atPath: path).sorted().map { name in
        let data = FileManager.default.contents(atPath: "\(path)/\(name)")
        return "\(name)=\(String(decoding: data ?? Data(), as: UTF8.self));"
    }.joined()
}

func writeText(_ text: String, _ path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
}
