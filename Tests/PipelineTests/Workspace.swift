import Datasets
import Engine
import Foundation
import HDF5
import Pipeline
import Testing
import TestSupport
import Transfer

/// A project in a temporary folder, removed after the test.
struct Workspace {
    let root: String
    let project: Project

    /// - Parameter sharesStore: over the store of all such tests of this process, in which a stage that one of them ran is
    ///   fresh for the others; for tests that look at what stages leave, not at which of them run.
    static func with<R>(data: String = "data", sharesStore: Bool = false, _ body: (Workspace) throws -> R) throws -> R {
        let root = newTestFolder("pipeline")
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        defer { removeStore(root) }
        let project = try Project(
            places: Places(project: root, data: data), store: sharesStore ? sharedStore : ".lavise",
            downloads: DownloadOptions())
        return try body(Workspace(root: root, project: project))
    }

    private static let sharedStore: String = {
        atexit { removeStore(sharedStore) }
        return newTestFolder("pipeline-shared")
    }()

    /// Removes a folder with what stores protect against writing.
    private static func removeStore(_ folder: String) {
        _ = try? FileManager.default.subpathsOfDirectory(atPath: folder).forEach {
            try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(folder)/\($0)")
        }
        try? FileManager.default.removeItem(atPath: folder)
    }

    func plan(_ json: String, settings: [String] = []) throws -> ExperimentPlan {
        try project.plan(ExperimentFile(json: json, file: "test.json", settings: settings))
    }

    /// Runs a plan and returns how its jobs stand, by id.
    @discardableResult
    func run(_ plan: Plan, jobs: Int = 2, until: [String] = []) throws -> [String: JobStatus] {
        let outcome = try project.runner(RunOptions(jobs: jobs, until: until, catchSignals: false)).run(plan)
        return Dictionary(outcome.map { ($0.job, $0) }, uniquingKeysWith: { first, _ in first })
    }
}

extension JobStatus {
    /// The path of an output.
    func path(_ name: String) throws -> String { try #require(outputs.first { $0.name == name }).path }
}

/// The reference material beside the checkout, or at `LAVISE_REFERENCE`.
enum Reference {
    static let root = ProcessInfo.processInfo.environment["LAVISE_REFERENCE"] ?? "../shared"
    /// False on machines without the reference: the tests that need it say that they are skipped.
    static let isHere = FileManager.default.fileExists(atPath: root + "/reference/golden-paper.h5")
    static let data = URL(fileURLWithPath: root + "/data").path
}

/// Draws a small COCO-style dataset with word vectors into a folder.
func demoScenes(_ count: Int, to folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try DemoScenes(seed: 0, images: count).write(to: folder)
}
