import Engine
import Fingerprints
import Foundation
import Testing
import TestSupport

/// What a collection must leave.
@Suite struct GarbageRootsTests {
    private static func reader(_ path: String, parameter: Int = 0) throws -> Plan {
        try Plan(
            [
                Job(
                    id: "r", stage: TestStage.join("r", inputs: ["in"], parameters: ["p": .int(parameter)]),
                    inputs: [Input("in", .file(path))])
            ], name: "r")
    }

    @Test func aPublishedFingerprintKeepsItsTraceAndAllItLeft() throws {
        let shop = try Workshop()
        let published = try shop.runner().run(GarbageTests.plan("x", 0))[0]
        let fingerprint = try #require(published.fingerprint)
        let garbage = try shop.runner().collectGarbage(Keep(digests: [fingerprint]))
        #expect(garbage.items.allSatisfy { $0.kind == .record })
        #expect(try shop.run(GarbageTests.plan("x", 0)) == [])
    }

    @Test func inputsThatCannotBeLookedAtAreNamedAndNothingGoes() throws {
        let shop = try Workshop()
        try shop.write("1", to: "in")
        let plan = try Self.reader(shop.path("in"))
        try shop.run(plan)
        try shop.run(Self.reader(shop.path("in"), parameter: 1))
        try FileManager.default.moveItem(atPath: shop.path("in"), toPath: shop.path("away"))
        for dryRun in [true, false] {
            let error = #expect(throws: EngineError.self) {
                try shop.runner().collectGarbage(Keep(plans: [plan]), dryRun: dryRun)
            }
            #expect(error?.description.contains("\(shop.path("in")) (r of r)") == true, "\(String(describing: error))")
        }
        // A plan that never ran here has nothing to lose.
        let other = try Plan(plan.jobs, name: "other")
        #expect(
            try shop.runner().collectGarbage(Keep(plans: [other], planNames: ["r"])).items.filter { $0.kind != .record }
                .isEmpty)
        // Asked to go on: what was there last stays, and what was before goes.
        let garbage = try shop.runner().collectGarbage(Keep(plans: [plan], mayMissInputs: true))
        #expect(garbage.items.filter { $0.kind == .trace }.map(\.job) == ["r"])
        try FileManager.default.moveItem(atPath: shop.path("away"), toPath: shop.path("in"))
        #expect(try shop.run(Self.reader(shop.path("in"), parameter: 1)) == [])
        #expect(try shop.run(plan) == ["r"])
    }

    @Test func allThatAnUnreadableExperimentEverHadStays() throws {
        let shop = try Workshop()
        for parameter in 0..<3 { try shop.run(GarbageTests.plan("x", parameter)) }
        try shop.run(GarbageTests.plan("y", 0))
        let garbage = try shop.runner().collectGarbage(Keep(planNames: ["x"]))
        #expect(garbage.items.filter { $0.kind == .artifact }.map(\.job) == ["y"])
        for parameter in 0..<3 { #expect(try shop.run(GarbageTests.plan("x", parameter)) == []) }
    }

    @Test(arguments: ["schema", "fields.schema"])
    func whatANewerProgramMadeStays(key: String) throws {
        let shop = try Workshop()
        let status = try shop.runner().run(GarbageTests.plan("x", 0))[0]
        let fingerprint = try #require(status.fingerprint).hex,
            path = "store/ac/\(fingerprint.prefix(2))/\(fingerprint)"
        let text = try readText(shop.path(path))
        let newer =
            key == "schema"
            ? text.replacingOccurrences(of: "\"schema\": 2", with: "\"schema\": 3")
            : text.replacingOccurrences(of: "\"schema\": 1", with: "\"schema\": 2")
        #expect(newer != text)
        try shop.write(newer, to: path)
        _ = try shop.runner().collectGarbage(Keep())
        #expect(try readText(shop.path(path)) == newer)
        #expect(FileManager.default.fileExists(atPath: status.outputs[0].path))
        // A damaged one of today's format is of no use to anyone.
        try shop.write(String(text.prefix(100)), to: path)
        #expect(
            try shop.runner().collectGarbage(Keep()).items.filter { $0.kind != .record }.map(\.kind) == [
                .trace, .artifact,
            ])
    }

    @Test func onlyWhatWasNamedGoes() throws {
        let shop = try Workshop()
        try shop.run(GarbageTests.plan("x", 0))
        let promised = try shop.runner().collectGarbage(Keep(), dryRun: true)
        try shop.run(GarbageTests.plan("y", 0))
        let garbage = try shop.runner().collectGarbage(Keep(), only: Set(promised.items.map(\.path)))
        #expect(garbage.items.map(\.path) == promised.items.map(\.path) && !garbage.items.isEmpty)
        #expect(try shop.run(GarbageTests.plan("y", 0)) == [])
    }

    // MARK: Beside a run

    private static func plan(_ process: MemoryProcess, _ ran: Box<Int>) throws -> Plan {
        try Plan(
            [
                Job(
                    id: "x",
                    stage: TestStage(name: "x") { context in
                        ran.change { $0 += 1 }
                        try process.write(Array("made".utf8), to: context.output + "/out")
                    }, inputs: [])
            ], name: "x")
    }

    private static func runner(_ process: MemoryProcess) throws -> Runner {
        Runner(
            store: try Store(at: "/store", fileSystem: process, time: process),
            options: RunOptions(catchSignals: false, faults: .off))
    }

    /// The artifact lies in its place, and nothing but a pin says whose it is.
    @Test func betweenAdoptionAndTraceTheArtifactStays() throws {
        let disk = MemoryDisk(), ran = Box(0), collections = Box(0)
        let process = disk.startProcess(), collector = disk.startProcess()
        process.before.withLock {
            $0 = { operation, path in
                guard operation == "move to", path.hasPrefix("/store/ac/"), !path.contains("/tmp-") else { return }
                disk.advance(seconds: 100)
                let garbage = try Self.runner(collector).collectGarbage(Keep())
                #expect(garbage.items.filter { $0.kind == .artifact }.isEmpty)
                collections.change { $0 += 1 }
            }
        }
        let status = try Self.runner(process).run(Self.plan(process, ran))[0]
        #expect(collections.value > 0)
        #expect(try collector.read(status.outputs[0].path) == Array("made".utf8))
        #expect(try Self.runner(collector).run(Self.plan(collector, ran)).map(\.ran) == [false] && ran.value == 1)
    }

    /// A run begins and ends while a collection looks at its experiments; deciding then takes long.
    @Test func whatIsPublishedWhileACollectionMarksStays() throws {
        let disk = MemoryDisk(), ran = Box(0)
        let process = disk.startProcess(), collector = disk.startProcess()
        let hasRun = Box(false)
        collector.before.withLock {
            $0 = { operation, path in
                if operation == "lock", path == "/store/locks/gc", !hasRun.value {
                    hasRun.change { $0 = true }
                    disk.advance(seconds: 1)
                    _ = try Self.runner(process).run(Self.plan(process, ran))
                }
                if operation == "list", path == "/store/cas" { disk.advance(seconds: 100) }
            }
        }
        let garbage = try Self.runner(collector).collectGarbage(Keep())
        #expect(hasRun.value && garbage.items.filter { $0.kind == .artifact || $0.kind == .trace }.isEmpty)
        #expect(try Self.runner(process).run(Self.plan(process, ran)).map(\.ran) == [false] && ran.value == 1)
    }
}
