import Engine
import Fingerprints
import Foundation
import Pipeline
import Testing
import TestSupport

/// Runs, kills and full disks over one results folder: it always holds one run's files, or the older one's whole.
@Suite struct ResultsUnitTests {
    /// What the folder may hold: the files of one run by name.
    typealias Content = [String: [UInt8]]

    struct World {
        let root: String
        var random: RandomSource
        /// Every run that was begun, and the state before.
        var runs: [Content] = []
        /// Contents that the page may have.
        var pages: Set<[UInt8]> = [Array("page 0".utf8)]

        var folder: String { root + "/x" }
        var place: ResultsPlace { ResultsPlace("x", places: Places(project: root, data: root)) }

        static func with(_ seed: UInt64, _ body: (inout World) throws -> Void) throws {
            let root = newTestFolder("unit")
            try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: root) }
            var world = World(root: root, random: RandomSource(seed: seed, stream: "results"))
            try body(&world)
        }

        /// A run's files: always two, and by chance some of an experiment with and without a matrix.
        mutating func run() -> Content {
            let number = runs.count
            var content: Content = [:]
            func add(_ name: String, _ text: String) { content[name] = Array(text.utf8) }
            for name in ["recall.json", "experiment.json"] { add(name, "\(name) of run \(number)") }
            // Some files say the same in many runs.
            for name in ["recall.csv", "recall-unseen.json", "filters.md", "seeds.md", "of-a-later-version.csv"]
            where random.below(2) == 0 {
                add(name, "\(name) \(random.below(2) == 0 ? "as ever" : "of run \(number)")")
            }
            let items = content.sorted { $0.key < $1.key }.map {
                ProvenanceRecord.Item(name: $0.key, digest: Digest(hashing: $0.value), bytes: $0.value.count)
            }
            let record = ProvenanceRecord(experiment: "run \(number)", title: "", versions: [:], steps: [])
            content["provenance.json"] = Array(ProvenanceCrate(record, files: items).json.utf8)
            runs.append(content)
            return content
        }

        /// What other verbs and the user keep there.
        func addOthers() throws {
            try FileManager.default.createDirectory(
                atPath: folder + "/heatmaps/deep", withIntermediateDirectories: true)
            for (name, text) in [
                ("report.html", "page 0"), ("notes.txt", "mine"), ("heatmaps/deep/1.png", "picture"),
            ] {
                try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            try FileManager.default.createSymbolicLink(atPath: folder + "/elsewhere", withDestinationPath: "/nowhere")
        }

        /// What is wrong with the folder as it lies there now.
        func fault(mayBeAside: Bool) -> String? {
            let files = FileManager.default
            var at = folder
            if !files.fileExists(atPath: at), mayBeAside {
                let aside = ((try? files.contentsOfDirectory(atPath: root)) ?? []).filter { $0.hasPrefix(".x#old-") }
                guard aside.count == 1 else { return "no folder, and \(aside.count) aside" }
                at = "\(root)/\(aside[0])"
            }
            guard let names = try? files.contentsOfDirectory(atPath: at) else { return "no folder" }
            let others: Set = ["report.html", "report-images", "notes.txt", "heatmaps", "elsewhere"]
            var found: Content = [:]
            for name in names where !others.contains(name) {
                found[name] = files.contents(atPath: "\(at)/\(name)").map { [UInt8]($0) }
            }
            guard runs.contains(found) else {
                return "files of no run: \(found.mapValues { String(decoding: $0.prefix(30), as: UTF8.self) })"
            }
            guard let page = files.contents(atPath: at + "/report.html"), pages.contains([UInt8](page)) else {
                return "the page is gone"
            }
            for (name, text) in [("notes.txt", "mine"), ("heatmaps/deep/1.png", "picture")]
            where files.contents(atPath: "\(at)/\(name)") != Data(text.utf8) {
                return "\(name) is gone"
            }
            return (try? files.destinationOfSymbolicLink(atPath: at + "/elsewhere")) == "/nowhere"
                ? nil : "the link is gone"
        }

        func unit(_ disk: any ResultsDisk) -> ResultsUnit { ResultsUnit(folder: folder, disk: disk, patience: 1e6) }

        /// A run that nothing happens to: the folder is its, and nothing lies beside.
        mutating func settle() throws -> String? {
            let content = run()
            _ = try unit(LocalResultsDisk()).write(content)
            if let fault = fault(mayBeAside: false) { return fault }
            guard
                FileManager.default.contents(atPath: folder + "/recall.json").map({ [UInt8]($0) })
                    == content["recall.json"]
            else { return "an older run's" }
            let left = try FileManager.default.contentsOfDirectory(atPath: root).filter {
                $0 != "x" && !$0.hasPrefix(".x#page")
            }
            return left.isEmpty ? nil : "left beside: \(left)"
        }
    }

    struct Tally {
        var writers = 0, deaths = 0, failures = 0, waits = 0, steps = 0
    }

    /// Several writers at once, each with its trouble; the folder is looked at between any two steps.
    /// - Returns: whether all was as the model says.
    static func play(seed: UInt64, _ tally: inout Tally) throws -> Bool {
        var fault: String?
        try World.with(seed) { world in
            let canExchange = world.random.below(4) > 0
            _ = try world.unit(LocalResultsDisk()).write(world.run())
            try world.addOthers()
            for _ in 0..<3 where fault == nil {
                let baton = Baton()
                let disks = (0..<1 + world.random.below(3)).map {
                    SteppedDisk($0, world.trouble(), baton: baton, canExchange: canExchange)
                }
                let works = disks.map { world.work($0) }
                let failures = Counter()
                for (id, work) in works.enumerated() {
                    baton.enter(id)
                    Thread.detachNewThread {
                        if !work() { failures.increment() }
                        baton.leave(id)
                    }
                }
                var random = world.random
                while baton.next({ count in
                    tally.steps += 1
                    fault = fault ?? world.fault(mayBeAside: !canExchange)
                    return random.below(count)
                }) {}
                world.random = random
                tally.writers += disks.count
                tally.deaths += disks.count(where: \.isDead)
                tally.failures += failures.value
                tally.waits += disks.reduce(0) { $0 + $1.pauses }
                fault = fault ?? world.fault(mayBeAside: !canExchange)
                if fault == nil, world.random.below(2) == 0 { fault = try world.settle() }
            }
            if fault == nil { fault = try world.settle() }
        }
        if let fault { Issue.record("seed \(seed): \(fault)") }
        return fault == nil
    }

    @Test func randomInterleavingsEndAsTheModelSays() throws {
        var tally = Tally()
        for seed in 0..<UInt64(60) where try !Self.play(seed: seed, &tally) { break }
        #expect(tally.deaths > 40 && tally.failures > tally.deaths && tally.waits > 100, "\(tally)")
    }

    /// As many as five seconds or LAVISE_FUZZ_SECONDS allow, from LAVISE_FUZZ_SEED on.
    @Test func fuzzResultsFolders() throws {
        let environment = ProcessInfo.processInfo.environment
        let end = Date().addingTimeInterval(environment["LAVISE_FUZZ_SECONDS"].flatMap(Double.init) ?? 5)
        let first = 1_000_000 * (1 + (environment["LAVISE_FUZZ_SEED"].flatMap(UInt64.init) ?? 1))
        var seed = first, tally = Tally()
        while Date() < end, try Self.play(seed: seed, &tally) { seed += 1 }
        print("\(seed - first) results folders, from seed \(first): \(tally)")
    }

    /// Dies, or has an error, at every single step of a run that replaces another, which left a file that this version
    /// knows only from its provenance.
    @Test(arguments: [true, false], [true, false]) func troubleAtEveryStep(canExchange: Bool, dies: Bool) throws {
        var step = 1, isOver = false
        while !isOver {
            try World.with(1) { world in
                while world.runs.last?["of-a-later-version.csv"] == nil {
                    _ = try world.unit(LocalResultsDisk()).write(world.run())
                }
                try world.addOthers()
                let disk = SteppedDisk(0, dies ? .death(at: step) : .error(EIO, at: step), canExchange: canExchange)
                var content = world.run()
                while content["of-a-later-version.csv"] != nil { content = world.run() }
                do {
                    _ = try world.unit(disk).write(content)
                    isOver = disk.steps < step
                } catch is Killed {} catch is ResultsError {}
                let fault = try world.fault(mayBeAside: !canExchange) ?? world.settle()
                #expect(fault == nil, "at step \(step)")
                if fault != nil { isOver = true }
            }
            step += 1
        }
        #expect(step > 25)
    }

    /// What is so already is not touched; provenance that differs in its times alone is no other.
    @Test func theSameAgainChangesNothing() throws {
        try World.with(2) { world in
            let unit = world.unit(LocalResultsDisk()), content = world.run()
            #expect(try unit.write(content))
            func inodes() throws -> [String: Int] {
                let names = try FileManager.default.contentsOfDirectory(atPath: world.folder)
                return try Dictionary(
                    uniqueKeysWithValues: names.map { name in
                        (
                            name,
                            try #require(
                                FileManager.default.attributesOfItem(atPath: "\(world.folder)/\(name)")[
                                    .systemFileNumber] as? Int)
                        )
                    })
            }
            let before = try inodes()
            #expect(try !unit.write(content))
            #expect(try inodes() == before)
            var other = content
            other["recall.json"] = Array("another".utf8)
            #expect(try unit.write(other))
            let after = try inodes()
            #expect(
                after.filter { before[$0.key] != $0.value }.map(\.key) == ["recall.json"],
                "only what changed was written")
        }
    }

    @Test func linksAndFoldersInAFilesPlaceAreRefused() throws {
        try World.with(3) { world in
            let unit = world.unit(LocalResultsDisk())
            _ = try unit.write(world.run())
            let outside = world.root + "/outside"
            try Data("outside".utf8).write(to: URL(fileURLWithPath: outside))
            for (name, make) in [
                (
                    "recall.json",
                    { try FileManager.default.createSymbolicLink(atPath: $0, withDestinationPath: outside) }
                ),
                (
                    "recall-seen.md",
                    { try FileManager.default.createSymbolicLink(atPath: $0, withDestinationPath: "/nowhere") }
                ),
                (
                    "deviations.csv",
                    { try FileManager.default.createDirectory(atPath: $0, withIntermediateDirectories: false) }
                ),
            ] as [(String, (String) throws -> Void)] {
                let path = "\(world.folder)/\(name)"
                try? FileManager.default.removeItem(atPath: path)
                try make(path)
                let asked = #expect(throws: ResultsError.self) { try world.place.check() }
                let written = #expect(throws: ResultsError.self) { _ = try unit.write(world.run()) }
                for error in [asked, written] {
                    #expect(error?.description.contains(name) == true, "\(String(describing: error))")
                }
                try FileManager.default.removeItem(atPath: path)
            }
            #expect(FileManager.default.contents(atPath: outside) == Data("outside".utf8))
            try world.place.check()
        }
    }

    @Test func placesThatCannotBeAreFoundBeforeTheWork() throws {
        try World.with(4) { world in
            let files = FileManager.default
            func refusal(_ name: String) -> String {
                do { try ResultsPlace(name, places: Places(project: world.root, data: "")).check() } catch {
                    return "\(error)"
                }
                return "nothing is wrong"
            }
            try Data().write(to: URL(fileURLWithPath: world.root + "/file"))
            try files.createSymbolicLink(atPath: world.root + "/dangling", withDestinationPath: "nowhere")
            #expect(refusal("file").contains("is no folder"))
            #expect(refusal("file/x").contains("is no folder"))
            #expect(refusal("dangling").contains("a link that leads nowhere"))
            #expect(refusal("dangling/x").contains("a link that leads nowhere"))
            #expect(refusal(String(repeating: "n", count: 250)).contains("the name has 250 bytes"))
            #expect(refusal("tables").contains("give the experiment another name"))
            // A link to a folder is followed, and stays one.
            try files.createDirectory(atPath: world.root + "/far/away", withIntermediateDirectories: true)
            try files.createSymbolicLink(atPath: world.root + "/near", withDestinationPath: "far/away")
            let near = ResultsPlace("near", places: Places(project: world.root, data: ""))
            try near.check()
            _ = try near.unit().write(world.run())
            #expect(try files.destinationOfSymbolicLink(atPath: world.root + "/near") == "far/away")
            #expect(files.fileExists(atPath: world.root + "/far/away/recall.json"))
            #expect(try files.contentsOfDirectory(atPath: world.root + "/far") == ["away"])
        }
    }

    @Test func aWriterThatNeverEndsIsNamed() throws {
        try World.with(5) { world in
            let disk = LocalResultsDisk()
            let lock = try #require(try disk.lock(world.root + "/.x#lock"))
            defer { lock.release(removing: true) }
            var unit = world.unit(disk)
            unit.patience = 0.1
            let error = #expect(throws: EngineError.self) { _ = try unit.write(world.run()) }
            guard case .lockTimeout(let job, let holder, _)? = error else {
                return #expect(Bool(false), "\(String(describing: error))")
            }
            #expect(job == "writing \(world.folder)" && holder == "process \(getpid())")
        }
    }
}

extension ResultsUnit {
    /// Writes a run's files.
    func write(_ content: ResultsUnitTests.Content) throws -> Bool {
        var content = content
        let provenance = content.removeValue(forKey: ProvenanceCrate.name) ?? []
        return try replaceRun(
            with: content.sorted { $0.key < $1.key }.map { File(name: $0.key, bytes: $0.value) },
            provenance: provenance)
    }
}

extension ResultsUnitTests.World {
    mutating func trouble() -> SteppedDisk.Trouble {
        let at = 1 + random.below(70)
        return [.none, .death(at: at), .death(at: at), .error(EIO, at: at), .full(from: at)][random.below(5)]
    }

    /// What a process does: a run, a page, or a heat map.
    /// - Returns: does it, and says whether it came to its end.
    mutating func work(_ disk: SteppedDisk) -> @Sendable () -> Bool {
        let unit = unit(disk), place = ResultsPlace("x", places: Places(project: root, data: root), disk: disk)
        switch random.below(6) {
        case 0:
            let page = Array("page \(pages.count)".utf8)
            pages.insert(page)
            return {
                Self.succeeds {
                    try unit.publish(["report-images", "report.html"]) { draft in
                        try disk.makeFolder(draft + "/report-images")
                        try disk.write(page, to: draft + "/report-images/1.jpg")
                        try disk.write(page, to: draft + "/report.html")
                    }
                }
            }
        case 1: return { Self.succeeds { _ = try place.write(Array("picture".utf8), to: "heatmaps/2.png") } }
        default:
            let content = run()
            return { Self.succeeds { _ = try unit.write(content) } }
        }
    }

    private static func succeeds(_ body: () throws -> Void) -> Bool {
        do { try body() } catch { return false }
        return true
    }
}

/// Counted by several threads.
private final class Counter: @unchecked Sendable {  // guarded by `lock`
    private let lock = NSLock()
    private var count = 0
    var value: Int { lock.withLock { count } }
    func increment() { lock.withLock { count += 1 } }
}
