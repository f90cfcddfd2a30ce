import Foundation
import Glibc
import Testing
import TestSupport

/// A run of the real program that a test lets live or kills.
final class RunningCommand: Sendable {
    private let process = Process()
    private let errorPath: String

    init(_ command: Command, _ arguments: [String], environment: [String: String] = [:]) throws {
        errorPath = command.path(".stderr-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: errorPath, contents: nil)
        process.executableURL = Command.binary
        process.arguments = arguments + ["-C", command.root]
        process.environment = ProcessInfo.processInfo.environment.merging(command.ownPlaces) { $1 }.merging(environment)
        { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errorPath))
        try process.run()
    }

    var id: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }

    func kill() { Glibc.kill(process.processIdentifier, SIGKILL) }

    /// Waits until it has stopped at the place of its `LAVISE_FAULT=stop:…`.
    /// - Returns: whether it has; false: it has ended.
    func waitUntilStopped() -> Bool {
        wait {
            let line = (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)) ?? ""
            // After the program's name, which stands in parentheses.
            return line.split(separator: ")").last?.hasPrefix(" T") ?? false
        }
    }

    func goOn() { Glibc.kill(process.processIdentifier, SIGCONT) }

    /// What it has told the user so far.
    var errors: String { (try? String(contentsOfFile: errorPath, encoding: .utf8)) ?? "" }

    /// Waits until something is so, or the process has ended.
    /// - Returns: whether it is so.
    @discardableResult
    func wait(until isSo: () -> Bool) -> Bool {
        while process.isRunning, !isSo() { usleep(2000) }
        return isSo()
    }

    struct End {
        let id: Int32
        /// By a signal, not by itself.
        let wasKilled: Bool
        let code: Int32
        let errors: String
        /// Jobs that this process executed to their end, as it told the user.
        var ran: [String] { jobs("run") }

        /// Jobs of which the user was told so.
        func jobs(_ word: String) -> [String] {
            errors.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                return words.count > 1 && words[1] == word ? String(words[0]) : nil
            }
        }
    }

    func wait() throws -> End {
        process.waitUntilExit()
        return End(
            id: id, wasKilled: process.terminationReason == .uncaughtSignal, code: process.terminationStatus,
            errors: try String(contentsOfFile: errorPath, encoding: .utf8))
    }
}

/// What a store says that it holds.
struct StoreContent: Equatable {
    struct Job: Equatable {
        let name: String
        /// Output name → digest, of the outcome in use.
        let outputs: [String: String]
        let outcomes: Int
        let executions: Int
    }

    /// By fingerprint.
    var jobs: [String: Job] = [:]

    init(_ command: Command, store: String = ".lavise") throws {
        let folder = command.path("\(store)/ac")
        for path in (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? [] where path.count == 67 {
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(path)"))
            let trace = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            let outcomes = try #require(trace["outcomes"] as? [[String: Any]])
            let outputs = try #require(outcomes[0]["outputs"] as? [[String: Any]])
            jobs[String(path.suffix(64))] = Job(
                name: try #require(trace["job"] as? String),
                outputs: Dictionary(outputs.map { ("\($0["name"] ?? "")", "\($0["digest"] ?? "")") }) { first, _ in
                    first
                },
                outcomes: outcomes.count, executions: try #require(outcomes[0]["executions"] as? Int))
        }
    }
}

extension Command {
    /// As `with`, in memory where the system has such a place: killed or not, nothing here asks the disk to keep
    /// anything.
    static func inMemory<R>(_ body: (Command) throws -> R) throws -> R {
        let root = newTestFolder("command")
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }
        return try body(Command(root: root))
    }

    func start(_ arguments: [String], _ environment: [String: String] = [:]) throws -> RunningCommand {
        try RunningCommand(self, arguments, environment: environment)
    }

    func finish(_ arguments: [String], _ environment: [String: String] = [:]) throws -> RunningCommand.End {
        try start(arguments, environment).wait()
    }

    /// Every science stage on drawn scenes in a third of a second.
    func makeTiny(_ name: String = "x", scenes: Int = 16, epochs: Int = 5, topImages: Int = 2) throws {
        try write(
            "\(name).json",
            """
            {"name": "\(name)", "dataset": {"kind": "demo-scenes", "scenes": \(scenes)}, "embedding": {"kind": "demo-scenes"},
             "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": {"epochs": \(epochs), "batchSize": 12},
             "evaluate": {"filters": [0, 1], "topImages": \(topImages), "methods": ["original"]}}
            """)
    }

    /// Two pictures of one colour each, and groups that they are in.
    func writePictures() throws {
        try FileManager.default.createDirectory(atPath: path("pictures"), withIntermediateDirectories: true)
        for (name, colour) in [("a", UInt8(40)), ("b", 200)] {
            // A BMP of 16×16 pixels: 14 and 40 bytes of header, then 24 bits a pixel.
            let words: [UInt32] = [54 + 768, 0, 54, 40, 16, 16, 1 | 24 << 16, 0, 768, 2835, 2835, 0, 0]
            let header = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
            let data = Data([0x42, 0x4D] + header + [UInt8](repeating: colour, count: 768))
            try data.write(to: URL(fileURLWithPath: path("pictures/\(name).bmp")))
        }
        try write("pictures/groups.csv", "file,group\na.bmp,dark\nb.bmp,bright\n")
    }

    /// As tiny, of a dataset in archives whose contents nobody counts before a run.
    func makeArchived() throws {
        try makeExperiment()
        let scenes = path("data/scenes"), files = FileManager.default
        func pack(_ names: [String], _ archive: String) throws {
            let zip = try ZipWriter("\(scenes)/\(archive)")
            for name in names { try zip.add(name, file: "\(scenes)/\(name)", stored: true) }
            try zip.close()
        }
        for set in ["train2017", "val2017"] {
            try pack(
                files.contentsOfDirectory(atPath: "\(scenes)/\(set)").sorted().map { "\(set)/\($0)" }, "\(set).zip")
        }
        try pack(["train2017", "val2017"].map { "annotations/instances_\($0).json" }, "annotations_trainval2017.zip")
        for name in ["train2017", "val2017", "annotations"] { try files.removeItem(atPath: "\(scenes)/\(name)") }
    }

    /// The places passed so far by runs that were given this log.
    func places(_ log: String) -> [String] {
        ((try? String(contentsOfFile: path(log), encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }

    /// The bytes of a folder's files, by path, but for the provenance, which tells times; none when it is absent.
    func files(_ folder: String) throws -> [String: Data] {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: path(folder))) ?? []
        return try Dictionary(
            uniqueKeysWithValues: names.compactMap { name in
                var isFolder: ObjCBool = false
                guard name != "provenance.json",
                    FileManager.default.fileExists(atPath: path("\(folder)/\(name)"), isDirectory: &isFolder),
                    !isFolder.boolValue
                else { return nil }
                return (name, try Data(contentsOf: URL(fileURLWithPath: path("\(folder)/\(name)"))))
            })
    }

    /// Attempts that nobody will go on with, by fingerprint.
    func leftWork() -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path(".lavise/work"))) ?? []).filter {
            !$0.hasPrefix("tmp-")
        }
    }
}
