import Datasets
import Fingerprints
import Foundation
import Testing
import Transfer
import TestSupport

/// The real program, ended by SIGKILL at every place of publishing and in the middle of every stage. After each a plain
/// run succeeds, repeats nothing that was published, goes on inside features and training, and ends as if nothing had
/// been.
@Suite(.waits) struct KilledRunTests {
    private static let run = ["run", "x.json"]
    private static let inOrder = run + ["-j", "1"]
    private static let epochs = 10

    /// What an undisturbed run leaves, and the places that it passes.
    private struct Undisturbed {
        let places: [String]
        let store: StoreContent
        let results: [String: Data]

        init() throws {
            self = try Command.inMemory { command in
                try command.makeTiny(scenes: 8, epochs: epochs)
                let end = try command.finish(inOrder, ["LAVISE_FAULT_LOG": command.path("log")])
                #expect(end.code == 0, "\(end.errors)")
                return Undisturbed(
                    places: command.places("log"), store: try StoreContent(command),
                    results: try command.files("results/x"))
            }
        }

        private init(places: [String], store: StoreContent, results: [String: Data]) {
            self.places = places
            self.store = store
            self.results = results
        }
    }

    /// How many units of a stage's work that it keeps between attempts are kept after a kill: `point` is passed when a
    /// unit is written but does not count yet.
    private static func kept(_ point: String, _ places: [String]) -> Int {
        places.filter { $0 == point }.count - (places.last == point ? 1 : 0)
    }

    /// All places but checks within a stage, between which nothing reaches the disk: of those the first and the last and
    /// some between.
    private static func places(of all: [String]) -> [Int] {
        let checks = Dictionary(grouping: all.indices.filter { all[$0].hasSuffix(".check") }) { all[$0] }
        let some = checks.values.flatMap { found in
            Set((0..<8).map { found[$0 * (found.count - 1) / 7] })
        }
        return (all.indices.filter { !all[$0].hasSuffix(".check") } + some).sorted()
    }

    /// A project in which the stages before one are published: what a run leaves that was asked for no more.
    private struct Prepared {
        let command: Command
        /// The place of the undisturbed run that a run from here passes first.
        let start: Int
    }

    /// A copy of a project for each stage, from nothing on.
    private static func prepared(_ stages: [String], _ undisturbed: Undisturbed, in command: Command) throws
        -> [Prepared]
    {
        let starts = undisturbed.places.indices.filter { undisturbed.places[$0] == "job.locked" }
        #expect(starts.count == stages.count)
        let project = Command(root: command.path("project"))
        try FileManager.default.createDirectory(atPath: project.root, withIntermediateDirectories: true)
        try project.makeTiny(scenes: 8, epochs: epochs)
        return try zip(stages, starts).map { stage, start in
            let copy = Command(root: command.path("before-\(stage)"))
            try FileManager.default.copyItem(atPath: project.root, toPath: copy.root)
            let end = try project.finish(inOrder + ["--until", stage])
            #expect(end.code == 0 && end.ran == [stage], "\(end.errors)")
            return Prepared(command: copy, start: start)
        }
    }

    /// Every place in a run that finds the stages before published, and the last of each kind in one from nothing.
    @Test func aKillAtEveryPlace() throws {
        let undisturbed = try Undisturbed()
        let places = undisturbed.places
        let stages = ["scenes", "embedding", "preprocess", "features", "train", "evaluate", "evidence", "tables"]
        for stage in stages { #expect(places.contains("\(stage).check"), "no place in the middle of \(stage)") }
        #expect(places.count >= 200)
        try Command.inMemory { command in
            let prepared = try Self.prepared(stages, undisturbed, in: command)
            let kinds = Dictionary(places.enumerated().map { ($1, $0) }) { max($0, $1) }
            let chosen =
                Self.places(of: places).map { index in (index, prepared.last { $0.start <= index } ?? prepared[0]) }
                + kinds.values.sorted().map { ($0, prepared[0]) }
            let faults = Faults()
            DispatchQueue.concurrentPerform(iterations: chosen.count) { number in
                let (index, project) = chosen[number]
                do {
                    let copy = Command(root: command.path("\(number)"))
                    try FileManager.default.copyItem(atPath: project.command.root, toPath: copy.root)
                    defer { try? FileManager.default.removeItem(atPath: copy.root) }
                    try Self.killAndRun(index, from: project.start, undisturbed, copy)
                } catch {
                    faults.add("killed at place \(index + 1), \(places[index]), from \(project.start): \(error)")
                }
            }
            #expect(faults.all == [])
            print("\(chosen.count) kills at \(kinds.count) kinds of places")
        }
    }

    private static func killAndRun(_ index: Int, from start: Int, _ undisturbed: Undisturbed, _ command: Command)
        throws
    {
        let killed = try command.finish(
            inOrder, ["LAVISE_FAULT": "\(index - start + 1)", "LAVISE_FAULT_LOG": command.path("killed")])
        try require(
            killed.wasKilled && killed.code == SIGKILL, "not killed, ended with \(killed.code): \(killed.errors)")
        let before = command.places("killed"), published = try StoreContent(command),
            traces = try command.files(".lavise/ac")
        try require(before == Array(undisturbed.places[start...index]), "other places: \(before.last ?? "none")")

        let end = try command.finish(run, ["LAVISE_FAULT_LOG": command.path("plain")])
        try require(end.code == 0, "the plain run failed: \(end.errors)")
        let after = command.places("plain"), store = try StoreContent(command)
        try require(store == undisturbed.store, "other artifacts or executions")
        try require(try command.files("results/x") == undisturbed.results, "other results")
        let now = try command.files(".lavise/ac")
        try require(traces.allSatisfy { now[$0.key] == $0.value }, "a published trace was written again")
        let started = after.filter { $0 == "stage.started" }.count
        try require(
            started == 8 - published.jobs.count, "\(published.jobs.count) jobs were published, yet \(started) ran")
        // Of the stages before too.
        let passed = Array(undisturbed.places[...index])
        let shards = after.filter { $0 == "features.shard" }.count, epochs = after.filter { $0 == "train.epoch" }.count
        try require(shards == 1 - kept("features.shard", passed), "\(shards) shards computed again")
        try require(epochs == Self.epochs - kept("train.epoch", passed), "\(epochs) epochs trained again")
        try require(command.leftWork().isEmpty, "left in work: \(command.leftWork())")
    }

    /// Three shards of features, killed seven times on the way.
    @Test func featuresGoOnAtTheLastFinishedShard() throws {
        let scenes = 136, shards = 3
        let (expected, places) = try Command.inMemory { command in
            try command.makeTiny(scenes: scenes, epochs: 1)
            #expect(try command.finish(Self.inOrder, ["LAVISE_FAULT_LOG": command.path("log")]).code == 0)
            return (try StoreContent(command), command.places("log").filter { $0.hasPrefix("features.") })
        }
        // How many checks there are within the first shard, and within the second.
        let parts = places.split(separator: "features.shard", omittingEmptySubsequences: false).map(\.count)
        #expect(parts.count == shards + 1 && parts[0] > 1 && parts[1] > 1)
        try Command.inMemory { command in
            try command.makeTiny(scenes: scenes, epochs: 1)
            var kept = 0
            let kills: [(place: String, keptAfter: Int)] = [
                ("features.check:\(parts[0] / 2)", 0), ("features.shard:1", 0),
                ("features.check:\(parts[0] + parts[1] / 2)", 1), ("features.check:2", 1),
                ("features.shard:2", 2), ("features.check:1", 2), ("features.shard:1", 2),
            ]
            for (number, kill) in kills.enumerated() {
                let end = try command.finish(
                    Self.inOrder, ["LAVISE_FAULT": kill.place, "LAVISE_FAULT_LOG": command.path("log\(number)")])
                #expect(end.wasKilled, "\(kill.place): \(end.errors)")
                let places = command.places("log\(number)")
                kept += Self.kept("features.shard", places)
                #expect(kept == kill.keptAfter, "after \(kill.place)")
                #expect(
                    places.filter { $0 == "stage.started" }.count == (number == 0 ? 4 : 1), "published jobs ran again")
            }
            let end = try command.finish(Self.run, ["LAVISE_FAULT_LOG": command.path("plain")])
            #expect(end.code == 0, "\(end.errors)")
            #expect(command.places("plain").filter { $0 == "features.shard" }.count == shards - kept)
            #expect(command.places("plain").filter { $0 == "features.check" }.count < places.count / 2)
            #expect(try StoreContent(command) == expected)
        }
    }

    /// Two looks at the maps and three blocks of pairs, killed at each of their places: what was kept is not computed
    /// again.
    @Test func evaluationGoesOnAtTheLastFinishedPart() throws {
        let parts = 5
        func make(_ command: Command) throws {
            try command.makeTiny(epochs: 1)
            let text = try String(contentsOfFile: command.path("x.json"), encoding: .utf8)
            let filters = (0..<40).map { "\($0)" }.joined(separator: ", ")
            try command.write(
                "x.json",
                text.replacingOccurrences(
                    of: "\"filters\": [0, 1], \"topImages\": 2", with: "\"filters\": [\(filters)], \"topImages\": 4"))
        }
        let expected = try Command.inMemory { command in
            try make(command)
            #expect(try command.finish(Self.inOrder, ["LAVISE_FAULT_LOG": command.path("log")]).code == 0)
            #expect(command.places("log").filter { $0 == "evaluate.part" }.count == parts)
            return try StoreContent(command)
        }
        try Command.inMemory { command in
            try make(command)
            var kept = 0
            for number in 0..<parts {
                // At the second place: the first part of this run counts, the next is lost.
                let end = try command.finish(
                    Self.inOrder, ["LAVISE_FAULT": "evaluate.part:2", "LAVISE_FAULT_LOG": command.path("log\(number)")])
                guard end.wasKilled else {
                    #expect(number == parts - 1 && end.code == 0, "\(end.errors)")
                    break
                }
                kept += 1
                #expect(command.places("log\(number)").filter { $0 == "evaluate.part" }.count == 2)
                #expect(command.places("log\(number)").filter { $0 == "stage.started" }.count == (number == 0 ? 6 : 1))
            }
            #expect(kept == parts - 1)
            #expect(command.places("log\(parts - 1)").filter { $0 == "evaluate.part" }.count == 1)
            #expect(try StoreContent(command) == expected)
            #expect(command.leftWork().isEmpty)
        }
    }

    /// From outside, whenever it happens to be: in system calls and in the C libraries too, two jobs at once.
    @Test func killsAtAnyMoment() throws {
        let undisturbed = try Undisturbed()
        var random = RandomSource(seed: 7, stream: "moments")
        var kills = 0
        for round in 0..<8 {
            try Command.inMemory { command in
                try command.makeTiny(scenes: 8, epochs: Self.epochs)
                for number in 0..<6 {
                    let running = try command.start(
                        Self.run + ["-j", "2"], ["LAVISE_FAULT_LOG": command.path("log\(number)")])
                    // Some moment after a place of the seed; later runs of a round have fewer places to pass.
                    let passed = random.below(undisturbed.places.count / 2)
                    running.wait { command.places("log\(number)").count >= passed }
                    running.kill()
                    kills += try running.wait().wasKilled ? 1 : 0
                }
                let end = try command.finish(Self.run)
                #expect(end.code == 0, "round \(round): \(end.errors)")
                #expect(try StoreContent(command) == undisturbed.store, "round \(round)")
                #expect(try command.files("results/x") == undisturbed.results)
                #expect(command.leftWork().isEmpty)
            }
        }
        print("\(kills) kills at any moment")
        // The first run of a round is never through by then.
        #expect(kills >= 8)
    }

    /// Archives from a folder that stands for the server: fetched, checked and unpacked.
    @Test func killsWithinADownload() throws {
        try Command.inMemory { command in
            let scenes = command.path("scenes")
            try FileManager.default.createDirectory(atPath: scenes, withIntermediateDirectories: true)
            try DemoScenes(seed: 0, images: 12).write(to: scenes)
            let real = URL(fileURLWithPath: #filePath).appending(path: "../../../manifests/coco2017.json").standardized
                .path
            let manifest = try Miniature.coco(
                from: scenes, to: command.path("zips"), like: Manifest(contentsOf: real), base: "https://example.org")
            try FileManager.default.createDirectory(
                atPath: command.path("manifests"), withIntermediateDirectories: true)
            try command.write("manifests/coco2017.json", manifest.value.json(pretty: true))
            try command.write(
                "x.json",
                """
                {"name": "x", "dataset": {"kind": "coco", "manifest": "manifests/coco2017.json"}, "embedding": {"kind": "glove", "path": "\(scenes)/glove.txt"},
                 "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": {"epochs": 1, "batchSize": 8},
                 "evaluate": {"filters": [0, 1], "topImages": 2, "methods": ["original"]}}
                """)
            let environment = ["LAVISE_MIRRORS": command.path("zips")]
            let arguments = Self.inOrder + ["--until", "preprocess", "--offline"]
            func run(_ store: String, _ more: [String: String]) throws -> RunningCommand.End {
                try command.finish(arguments + ["--store", store], environment.merging(more) { $1 })
            }
            let first = try run("expected", ["LAVISE_FAULT_LOG": command.path("log")])
            #expect(first.code == 0, "\(first.errors)")
            let expected = try StoreContent(command, store: "expected")
            let places = command.places("log"), middle = try #require(places.firstIndex(of: "download.extracted"))
            let start = places[..<middle].lastIndex(of: "job.locked") ?? 0,
                end = try #require(places[middle...].firstIndex(of: "work.removed"))
            // All of the download's places, of the many checks within it every few.
            let checks = (start...end).filter { places[$0] == "download.check" }
            #expect(places[start...end].contains("download.fetched") && !checks.isEmpty)
            let few = Set(stride(from: 0, to: checks.count, by: max(1, checks.count / 20)).map { checks[$0] })
            let chosen = (start...end).filter { places[$0] != "download.check" || few.contains($0) }
            for index in chosen {
                let killed = try run("s\(index)", ["LAVISE_FAULT": "\(index + 1)"])
                #expect(killed.wasKilled, "\(places[index]): \(killed.errors)")
                let end = try run("s\(index)", [:])
                #expect(end.code == 0, "\(places[index]): \(end.errors)")
                #expect(try StoreContent(command, store: "s\(index)") == expected, "\(places[index])")
            }
            print("\(chosen.count) kills within a download")
        }
    }

    private struct Fault: Error, CustomStringConvertible { let description: String }

    private static func require(_ condition: Bool, _ text: @autoclosure () -> String) throws {
        guard condition else { throw Fault(description: text()) }
    }

    private final class Faults: @unchecked Sendable {  // guarded by `lock`
        private let lock = NSLock()
        private var texts: [String] = []
        func add(_ text: String) { lock.withLock { texts.append(text) } }
        var all: [String] { lock.withLock { texts } }
    }
}
