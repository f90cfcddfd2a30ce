import Engine
import Fingerprints
import Foundation
import Testing

@Suite struct RunTests {
    /// a.txt → first → second (with a parameter) → third.
    static func chain(_ shop: Workshop, parameter: Int = 1, revision: Int = 1, uppercase: Bool = false) throws -> Plan {
        let first = TestStage(name: "first", revision: revision) { context in
            let text = try readText(context.input("text"))
            try writeText(String(text.prefix(3)), context.output + "/out")
        }
        return try Plan([
            Job(id: "first", stage: first, inputs: [Input("text", .file(shop.path("a.txt")))]),
            Job(
                id: "second", stage: TestStage.join("second", inputs: ["x"], parameters: ["p": .int(parameter)]),
                inputs: [Input("x", .output(job: "first", name: "out"))]),
            Job(
                id: "third", stage: TestStage.join("third", inputs: ["y"]),
                inputs: [Input("y", .output(job: "second", name: "out"))]),
        ])
    }

    @Test func runsOnceAndOnlyWhatChanged() throws {
        let shop = try Workshop()
        try shop.write("abcdef", to: "a.txt")
        #expect(try shop.run(Self.chain(shop)) == ["first", "second", "third"])
        #expect(try shop.run(Self.chain(shop)) == [])
        #expect(try shop.run(Self.chain(shop, parameter: 2)) == ["second", "third"])
        #expect(try shop.run(Self.chain(shop, parameter: 1)) == [])
        try shop.write("abd", to: "a.txt")
        let statuses = try shop.runner().run(Self.chain(shop))
        #expect(statuses.filter(\.ran).map(\.job) == ["first", "second", "third"])
        #expect(try shop.text(statuses, "third") == "{\"p\":1}abd")
    }

    @Test func anIrrelevantChangeStopsWhereTheBytesAgree() throws {
        let shop = try Workshop()
        try shop.write("abcdef", to: "a.txt")
        try shop.run(Self.chain(shop))
        try shop.write("abcxyz", to: "a.txt")
        let statuses = try shop.runner().run(Self.chain(shop))
        #expect(statuses.filter(\.ran).map(\.job) == ["first"])
        #expect(statuses.filter(\.cutOff).map(\.job) == ["second", "third"])
        #expect(try shop.run(Self.chain(shop, revision: 2)) == ["first"])
    }

    @Test func touchReRunsNothingAndAnEditWithItsTimeRestoredDoes() throws {
        let shop = try Workshop()
        try shop.write("abcdef", to: "a.txt")
        try shop.run(Self.chain(shop))
        let files = FileManager.default
        try files.setAttributes([.modificationDate: Date()], ofItemAtPath: shop.path("a.txt"))
        #expect(try shop.run(Self.chain(shop)) == [])
        Thread.sleep(forTimeInterval: 0.15)
        #expect(try shop.run(Self.chain(shop)) == [])
        let date = try files.attributesOfItem(atPath: shop.path("a.txt"))[.modificationDate]
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: shop.path("a.txt")))
        try handle.write(contentsOf: Data("X".utf8))
        try handle.close()
        try files.setAttributes([.modificationDate: date as Any], ofItemAtPath: shop.path("a.txt"))
        #expect(try shop.run(Self.chain(shop)) == ["first", "second", "third"])
    }

    @Test func folderInputsSeeEveryFile() throws {
        let shop = try Workshop()
        for name in ["d/a", "d/b", "d/sub/c"] { try shop.write(name, to: name) }
        let plan = try Plan([
            Job(id: "all", stage: TestStage.join("all", inputs: ["d"]), inputs: [Input("d", .file(shop.path("d")))])
        ])
        let statuses = try shop.runner().run(plan)
        #expect(try shop.text(statuses, "all") == "a=d/a;b=d/b;sub=;sub/c=d/sub/c;")
        #expect(try shop.run(plan) == [])
        try shop.write("other", to: "d/sub/c")
        #expect(try shop.run(plan) == ["all"])
        try shop.write("new", to: "d/e")
        #expect(try shop.run(plan) == ["all"])
        try FileManager.default.moveItem(atPath: shop.path("d/e"), toPath: shop.path("d/f"))
        #expect(try shop.run(plan) == ["all"])
        try FileManager.default.removeItem(atPath: shop.path("d/f"))
        #expect(try shop.run(plan) == [])
        #expect(try shop.runner().status(of: plan).map(\.state) == [.fresh])
    }

    @Test func folderOutputsAndSeveralOutputs() throws {
        let shop = try Workshop()
        let stage = TestStage(name: "make", outputs: ["folder", "file"]) { context in
            try FileManager.default.createDirectory(
                atPath: context.output + "/folder/deep", withIntermediateDirectories: true)
            try writeText("1", context.output + "/folder/one")
            try writeText("2", context.output + "/folder/deep/two")
            try writeText("3", context.output + "/file")
        }
        let plan = try Plan([
            Job(id: "make", stage: stage, inputs: []),
            Job(
                id: "use", stage: TestStage.join("use", inputs: ["f", "g"]),
                inputs: [
                    Input("f", .output(job: "make", name: "folder")), Input("g", .output(job: "make", name: "file")),
                ]),
        ])
        let statuses = try shop.runner().run(plan)
        #expect(try shop.text(statuses, "use") == "deep=;deep/two=2;one=1;3")
        #expect(try shop.run(plan) == [])
        for record in statuses[0].outputs {
            let mode = try FileManager.default.attributesOfItem(atPath: record.path)[.posixPermissions] as? Int
            #expect(mode == (record.name == "folder" ? 0o555 : 0o444))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.storePath + "/work").isEmpty)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: shop.storePath + "/locks").filter { $0 != "gc" }.isEmpty
        )
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.storePath + "/pins").isEmpty)
    }

    @Test func numericsKeyCountsForNumericStagesOnly() throws {
        let shop = try Workshop()
        func plan(_ machine: String) throws -> Plan {
            try Plan([
                Job(
                    id: "n",
                    stage: TestStage(name: "n", key: Digest(hashing: machine)) {
                        try writeText("n", $0.output + "/out")
                    }, inputs: []),
                Job(id: "m", stage: TestStage(name: "m") { try writeText("m", $0.output + "/out") }, inputs: []),
            ])
        }
        try shop.run(plan("machine"))
        let other = try plan("another machine")
        let reasons = try shop.runner().status(of: other).map(\.reason)
        #expect(
            reasons == [
                .numericsKeyChanged(old: Digest(hashing: "machine"), new: Digest(hashing: "another machine")), nil,
            ])
        #expect(try shop.run(other) == ["n"])
    }

    @Test func failureIsRememberedAndScratchIsKept() throws {
        let shop = try Workshop()
        struct Broken: Error, CustomStringConvertible { var description: String { "NaN in epoch 2" } }
        let stage = TestStage(name: "train") { context in
            let path = context.scratch + "/epoch"
            let epoch = (try? readText(path)) ?? ""
            try writeText(epoch + "x", path)
            if epoch.count < 2 { throw Broken() }
            try writeText("trained \(epoch)", context.output + "/out")
        }
        let plan = try Plan([Job(id: "train", stage: stage, inputs: [])])
        for _ in 0..<2 {
            let error = #expect(throws: EngineError.self) { try shop.run(plan) }
            #expect(error?.description == "train failed: NaN in epoch 2")
            let status = try shop.runner().status(of: plan)[0]
            #expect(status.state == .failed)
            #expect(status.reason?.description == "failed: NaN in epoch 2")
        }
        #expect(shop.lines.withLock { $0.filter { $0 == "failed train: train failed: NaN in epoch 2" }.count } == 2)
        let statuses = try shop.runner().run(plan)
        #expect(try shop.text(statuses, "train") == "trained xx")
        #expect(try shop.runner().status(of: plan)[0].state == .fresh)
    }

    /// A large input, artifact or output is not hashed in silence, and not to the end when the run is cancelled.
    @Test func hashingIsHeardOf() throws {
        let shop = try Workshop()
        try shop.write("", to: "large")
        #expect(truncate(shop.path("large"), 60_000_000) == 0)
        let stage = TestStage(name: "copy") {
            try FileManager.default.copyItem(atPath: $0.input("x"), toPath: $0.output + "/out")
        }
        let plan = try Plan([Job(id: "copy", stage: stage, inputs: [Input("x", .file(shop.path("large")))])])
        func heard() -> [String] {
            shop.lines.withLock { lines in
                defer { lines = [] }
                return lines.filter { $0.hasSuffix(" MB hashed") || $0.hasPrefix("started") }
            }
        }
        let cancelled = RunOptions(catchSignals: false)
        cancelled.cancellation.cancel()
        #expect(throws: EngineError.self) { try shop.runner(cancelled).status(of: plan) }
        try shop.run(plan)
        let lines = heard(), start = try #require(lines.firstIndex { $0.hasPrefix("started") })
        #expect(lines[..<start].last == "progress copy: 60/60 MB hashed")
        #expect(lines.last == "progress copy: 60/60 MB hashed")
        _ = try shop.runner().status(of: plan)
        #expect(heard() == [])
        _ = try shop.runner(RunOptions(verify: true, catchSignals: false)).status(of: plan)
        #expect(heard().filter { $0 == "progress copy: 60/60 MB hashed" }.count >= 2)
    }

    @Test func stagesThatBreakTheirContractFail() throws {
        let shop = try Workshop()
        let bodies: [(String, @Sendable (StageContext) throws -> Void)] = [
            ("it left no output out", { _ in }),
            (
                "it left extra, which it does not declare as an output",
                { context in
                    try writeText("", context.output + "/out")
                    try writeText("", context.output + "/extra")
                }
            ),
            (
                "its output out holds the symbolic link out; outputs must be whole",
                { context in
                    try FileManager.default.createSymbolicLink(
                        atPath: context.output + "/out", withDestinationPath: "/etc/passwd")
                }
            ),
            ("bad asks for an input y that it does not declare; it has x", { _ = try $0.input("y") }),
        ]
        try shop.write("x", to: "x")
        for (message, body) in bodies {
            let plan = try Plan([
                Job(id: "bad", stage: TestStage(name: "bad", body: body), inputs: [Input("x", .file(shop.path("x")))])
            ])
            let error = #expect(throws: EngineError.self) { try shop.run(plan) }
            #expect(error?.description == "bad failed: \(message)")
        }
    }

    @Test func selection() throws {
        let shop = try Workshop()
        try shop.write("abc", to: "a.txt")
        func options(only: [String] = [], from: [String] = [], until: [String] = [], force: [String] = []) -> RunOptions
        {
            RunOptions(only: only, from: from, until: until, force: force, catchSignals: false)
        }
        let plan = try Self.chain(shop)
        #expect(try shop.run(plan, options(until: ["second"])) == ["first", "second"])
        let error = #expect(throws: EngineError.self) {
            try shop.run(Self.chain(shop, parameter: 5), options(only: ["third"]))
        }
        #expect(
            error?.description.hasPrefix("third needs second, which is not up to date (parameter p: 1 → 5)") == true)
        #expect(try shop.run(plan, options(only: ["third"])) == ["third"])
        #expect(try shop.run(plan, options(force: ["second"])) == ["second"])
        #expect(try shop.run(Self.chain(shop, parameter: 6), options(from: ["second"])) == ["second", "third"])
        try shop.write("xyz", to: "a.txt")
        let statuses = try shop.runner(options(only: ["first"])).run(plan)
        #expect(statuses.map(\.ran) == [true, false, false])
        #expect(throws: EngineError.self) { try shop.run(plan, options(only: ["fourth"])) }
    }

    @Test func aMissingInputIsNamed() throws {
        let shop = try Workshop()
        let plan = try Self.chain(shop)
        let statuses = try shop.runner().status(of: plan)
        #expect(statuses[0].reason == .inputMissing(name: "text", path: shop.path("a.txt")))
        #expect(statuses.map(\.state) == [.missing, .missing, .missing])
        let error = #expect(throws: EngineError.self) { try shop.run(plan) }
        #expect(error?.description == "first needs \(shop.path("a.txt")) as its input text, and there is nothing there")
    }

    @Test func anInputThatChangesWhileReadIsNotTrusted() throws {
        let shop = try Workshop()
        try shop.write("abc", to: "a.txt")
        let stage = TestStage(name: "s") { context in
            try writeText(readText(context.input("t")), context.output + "/out")
            try shop.write("changed", to: "a.txt")
        }
        let plan = try Plan([Job(id: "s", stage: stage, inputs: [Input("t", .file(shop.path("a.txt")))])])
        let error = #expect(throws: EngineError.self) { try shop.run(plan) }
        guard case .inputChangedDuringRun = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(try shop.run(plan) == ["s"])
    }

    @Test func threadsAreShared() throws {
        let shop = try Workshop()
        let seen = Box<[Int]>([])
        func stage(_ name: String) -> TestStage {
            TestStage(name: name) { context in
                seen.change { $0.append(context.threads) }
                // All four have begun before one ends, whoever is slow.
                let start = Date()
                while seen.value.count < 4, -start.timeIntervalSinceNow < 30 { Thread.sleep(forTimeInterval: 0.002) }
                try writeText(name, context.output + "/out")
            }
        }
        let plan = try Plan((0..<4).map { Job(id: "j\($0)", stage: stage("j\($0)"), inputs: []) })
        let ran = try shop.run(plan, RunOptions(jobs: 4, catchSignals: false))
        #expect(ran.count == 4)
        #expect(seen.value == [1, 1, 1, 1])
        let alone = try Plan([Job(id: "alone", stage: stage("alone"), inputs: [])])
        try shop.run(alone, RunOptions(jobs: 4, catchSignals: false))
        #expect(seen.value.last == 4)
    }

    /// Who still runs when the others have ended has their threads, too.
    @Test func threadsOfEndedJobsAreGivenToTheOthers() throws {
        let shop = try Workshop()
        let seen = Box<[Int]>([])
        func job(_ name: String, _ body: @escaping @Sendable (StageContext) -> Void) -> Job {
            let stage = TestStage(name: name) { context in
                seen.change { $0.append(context.threads) }
                body(context)
                try writeText(name, context.output + "/out")
            }
            return Job(id: name, stage: stage, inputs: [])
        }
        @Sendable func wait(until isSo: () -> Bool) {
            let start = Date()
            while !isSo(), -start.timeIntervalSinceNow < 30 { Thread.sleep(forTimeInterval: 0.002) }
        }
        let long = job("long") { context in
            wait { context.threads == 5 }
            seen.change { $0.append(context.threads) }
        }
        let short = job("short") { _ in wait { seen.value.count == 2 } }
        try shop.run(Plan([long, short]), RunOptions(jobs: 5, catchSignals: false))
        #expect(seen.value == [2, 2, 5])
    }

    /// A job that is left out is ready beside one that runs, and takes nothing from it.
    @Test func whatIsLeftOutTakesNoThreads() throws {
        let shop = try Workshop()
        let seen = Box<[String: Int]>([:])
        func job(_ name: String) -> Job {
            let stage = TestStage(name: name) { context in
                seen.change { $0[name] = context.threads }
                try writeText(name, context.output + "/out")
            }
            return Job(id: name, stage: stage, inputs: [])
        }
        let plan = try Plan(["before", "chosen", "after"].map(job))
        try shop.run(plan, RunOptions(jobs: 4, only: ["chosen"], catchSignals: false))
        #expect(seen.value == ["chosen": 4])
    }

    @Test func exportWritesOnceAndWhole() throws {
        let shop = try Workshop()
        try shop.write("abc", to: "a.txt")
        let statuses = try shop.runner().run(Self.chain(shop))
        let output = try #require(statuses.last?.outputs.first)
        let target = shop.path("results/new/recall.md")
        #expect(try shop.store().export(output, to: target))
        #expect(try readText(target) == "{\"p\":1}abc")
        #expect(try !shop.store().export(output, to: target))
        try FileManager.default.removeItem(atPath: target)
        try shop.write("edited", to: "results/new/recall.md")
        #expect(try shop.store().export(output, to: target))
        #expect(try readText(target) == "{\"p\":1}abc")
        // A copy of the user's own: to edit it in place harms no artifact.
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: target))
        try handle.write(contentsOf: Data("edited".utf8))
        try handle.close()
        #expect(try readText(output.path) == "{\"p\":1}abc")
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.path("results/new")) == ["recall.md"])
        #expect(try shop.run(Self.chain(shop)) == [])
    }
}

/// A value shared between threads of a test.
final class Box<Content: Sendable>: Sendable {
    private let content: LockedValue<Content>
    init(_ content: Content) { self.content = LockedValue(content) }
    var value: Content { content.with { $0 } }
    func change(_ body: (inout Content) -> Void) { content.with(body) }
}

// The value is touched only under the lock.
final class LockedValue<Content>: @unchecked Sendable {
    private let lock = NSLock()
    private var content: Content
    init(_ content: Content) { self.content = content }
    func with<Result>(_ body: (inout Content) -> Result) -> Result {
        lock.lock()
        defer { lock.unlock() }
        return body(&content)
    }
}
