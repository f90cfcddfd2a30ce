import Engine
import Fingerprints
import Foundation
import TestSupport
import Testing

/// Real processes that really die, in a real folder.
@Suite(.waitsForExits) struct CrashTests {
    /// Three jobs; the middle one works in shards that it keeps in scratch. Lines go to files, for a dead process tells
    /// nothing.
    static func plan(_ folder: String) throws -> Plan {
        @Sendable func append(_ line: String, _ file: String) throws {
            try LocalFileSystem().append(Array((line + "\n").utf8), to: "\(folder)/\(file)")
        }
        let shards = TestStage(name: "shards") { context in
            var text = ""
            for shard in 0..<4 {
                let path = "\(context.scratch)/\(shard)"
                if !FileManager.default.fileExists(atPath: path) {
                    try append("\(shard)", "shards")
                    try writeText("shard \(shard) of \(readText(context.input("x")))\n", path + ".part")
                    context.faultPoint("shards.written")
                    try FileManager.default.moveItem(atPath: path + ".part", toPath: path)
                    try append("\(shard)", "kept")
                }
                context.faultPoint("shards.shard")
                text += try readText(path)
            }
            try writeText(text, context.output + "/out")
        }
        let folderStage = TestStage(name: "folder", outputs: ["folder", "file"]) { context in
            try FileManager.default.createDirectory(
                atPath: context.output + "/folder", withIntermediateDirectories: true)
            for index in 0..<3 { try writeText("\(index)", context.output + "/folder/\(index)") }
            try writeText("file", context.output + "/file")
        }
        return try Plan([
            Job(id: "folder", stage: folderStage, inputs: []),
            Job(id: "shards", stage: shards, inputs: [Input("x", .output(job: "folder", name: "file"))]),
            Job(
                id: "last", stage: TestStage.join("last", inputs: ["x", "d"]),
                inputs: [
                    Input("x", .output(job: "shards", name: "out")), Input("d", .output(job: "folder", name: "folder")),
                ]),
        ])
    }

    struct Writer: RunObserver {
        let folder: String
        func finished(_ status: JobStatus) {
            guard status.ran else { return }
            try? LocalFileSystem().append(Array("\(status.job)\n".utf8), to: "\(folder)/finished")
        }
    }

    /// What a child process does.
    static func run(_ folder: String, fault: String?, plan: Plan? = nil, jobs: Int = 1) throws -> [JobStatus] {
        let options = RunOptions(jobs: jobs, catchSignals: false, faults: FaultPoints(fault, log: nil))
        let store = try Store(at: "\(folder)/store")
        return try Runner(store: store, options: options, observer: Writer(folder: folder))
            .run(plan ?? Self.plan(folder))
    }

    static func lines(_ path: String) -> [String] {
        ((try? readText(path)) ?? "").split(separator: "\n").map(String.init)
    }

    @Test func aKillAtEveryFaultPoint() async throws {
        let reference = try Workshop()
        let log = reference.path("points")
        let options = RunOptions(catchSignals: false, faults: FaultPoints(nil, log: log))
        let expected = try reference.runner(options).run(Self.plan(reference.folder)).map(\.outputs).map {
            $0.map(\.digest)
        }
        let points = Self.lines(log)
        #expect(points.count > 40)
        for point in 1...points.count {
            let shop = try Workshop()
            let folder = shop.folder
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [folder = folder as String, fault = "\(point)" as String] in
                _ = try CrashTests.run(folder, fault: fault)
            }
            let finished = Self.lines(shop.path("finished"))
            let kept = Self.lines(shop.path("kept"))
            let shards = Self.lines(shop.path("shards"))
            let statuses = try Self.run(folder, fault: nil)
            #expect(statuses.map(\.outputs).map { $0.map(\.digest) } == expected, "\(points[point - 1])")
            #expect(Set(finished).isDisjoint(with: statuses.filter(\.ran).map(\.job)), "\(points[point - 1])")
            let again = Self.lines(shop.path("shards")).dropFirst(shards.count)
            #expect(Set(again).isDisjoint(with: kept), "shards repeated after \(points[point - 1])")
            let left = try FileManager.default.contentsOfDirectory(atPath: shop.storePath + "/work")
            #expect(left.allSatisfy { $0.hasPrefix("tmp-") }, "\(left) left after \(points[point - 1])")
            #expect(try Self.run(folder, fault: nil).allSatisfy { !$0.ran })
        }
    }

    /// Three plans that share jobs.
    static func overlapping(_ folder: String, _ index: Int) throws -> Plan {
        func stage(_ name: String) -> TestStage {
            TestStage(name: name) { context in
                try LocalFileSystem().append(Array("\(name)\n".utf8), to: "\(folder)/begun")
                Thread.sleep(forTimeInterval: 0.01)
                try writeText(name + ((try? readText(context.input("x"))) ?? ""), context.output + "/out")
            }
        }
        let common = (0..<4).map { number in
            Job(
                id: "common\(number)", stage: stage("common\(number)"),
                inputs: number == 0 ? [] : [Input("x", .output(job: "common\(number - 1)", name: "out"))])
        }
        let own = Job(
            id: "own\(index)", stage: stage("own\(index)"),
            inputs: [Input("x", .output(job: "common\(index + 1)", name: "out"))])
        return try Plan(common + [own], name: "plan\(index)")
    }

    @Test func eightProcessesOfWhichSomeAreKilled() async throws {
        for round in 0..<2 {
            let shop = try Workshop()
            let folder = shop.folder
            var random = RandomSource(seed: UInt64(round), stream: "kills")
            let faults: [String?] = (0..<8).map { $0 % 2 == 0 ? nil : "\(1 + random.below(60))" }
            await withTaskGroup { group in
                for index in 0..<8 {
                    let fault = faults[index]
                    group.addTask {
                        if let fault {
                            // It dies, or is done before it comes to that many places.
                            await #expect(processExitsWith: .failure) {
                                [folder = folder as String, index = index as Int, fault = fault as String] in
                                _ = try CrashTests.run(
                                    folder, fault: fault, plan: CrashTests.overlapping(folder, index % 3), jobs: 2)
                                exit(9)
                            }
                        } else {
                            await #expect(processExitsWith: .success) {
                                [folder = folder as String, index = index as Int] in
                                _ = try CrashTests.run(
                                    folder, fault: nil, plan: CrashTests.overlapping(folder, index % 3), jobs: 2)
                            }
                        }
                    }
                }
            }
            for index in 0..<3 {
                let statuses = try Self.run(folder, fault: nil, plan: Self.overlapping(folder, index))
                #expect(statuses.allSatisfy { $0.state == .fresh })
            }
            // Each job is finished once in all, and begun at most once more for each process that was killed.
            let finished = Self.lines(shop.path("finished"))
            #expect(Set(finished).count == finished.count)
            for job in Set(Self.lines(shop.path("begun"))) {
                #expect(Self.lines(shop.path("begun")).filter { $0 == job }.count <= 1 + 4)
            }
        }
    }

    /// Runs a stage that is sent SIGTERM, asks whether it should stop and, if it is deaf, is sent it again.
    static func terminated(isDeaf: Bool, _ folder: String) throws -> Int32? {
        let stage = TestStage(name: "s") { context in
            kill(getpid(), SIGTERM)
            while true {
                Thread.sleep(forTimeInterval: 0.01)
                if isDeaf { kill(getpid(), SIGTERM) } else { try context.checkCancelled() }
            }
        }
        let plan = try Plan([Job(id: "s", stage: stage, inputs: [])])
        do {
            _ = try Runner(store: Store(at: folder + "/store")).run(plan)
        } catch EngineError.cancelled(let signal) {
            return signal
        }
        return nil
    }

    @Test func aSignalIsAClearEndAndASecondTheUsualOne() async throws {
        let shop = try Workshop()
        let folder = shop.folder
        await #expect(processExitsWith: .exitCode(143)) { [folder = folder as String] in
            exit(128 + (try CrashTests.terminated(isDeaf: false, folder) ?? 0))
        }
        await #expect(processExitsWith: .signal(SIGTERM)) { [folder = folder as String] in
            _ = try CrashTests.terminated(isDeaf: true, folder)
        }
    }
}
