import Engine
import Fingerprints
import Foundation
import Testing

@Suite struct GarbageTests {
    static func plan(_ name: String, _ parameter: Int) throws -> Plan {
        try Plan(
            [
                Job(
                    id: name,
                    stage: TestStage(name: name, parameters: ["p": .int(parameter)]) { context in
                        try writeText("\(name) \(parameter)", context.output + "/out")
                    }, inputs: [])
            ], name: name)
    }

    @Test func onlyTheUnreachableGoes() throws {
        let shop = try Workshop()
        for parameter in 0..<3 { try shop.run(Self.plan("x", parameter)) }
        let kept = try shop.runner().run(Self.plan("y", 0))
        let published = try shop.runner().run(Self.plan("z", 0))[0].outputs[0].digest
        let plans = [try Self.plan("x", 2), try Self.plan("y", 0)]
        let keep = Keep(plans: plans, digests: [published])
        let promised = try shop.runner().collectGarbage(keep, dryRun: true)
        func jobs(_ kind: Garbage.Kind) -> [String] {
            promised.items.filter { $0.kind == kind }.map { $0.job ?? "" }.sorted()
        }
        #expect(jobs(.artifact) == ["x", "x"])
        #expect(promised.items.filter { $0.kind == .artifact }.map(\.bytes) == [3, 3])
        #expect(jobs(.trace) == ["x", "x", "z"])
        #expect(try shop.runner().collectGarbage(Keep(plans: plans, digests: [published], days: 1)).items.isEmpty)
        let garbage = try shop.runner().collectGarbage(keep)
        #expect(garbage.items.map(\.path) == promised.items.map(\.path))
        #expect(garbage.items.allSatisfy { !FileManager.default.fileExists(atPath: $0.path) })
        #expect(try shop.runner().collectGarbage(keep).items.isEmpty)
        #expect(FileManager.default.fileExists(atPath: try shop.store().path(of: published)))
        #expect(FileManager.default.fileExists(atPath: kept[0].outputs[0].path))
        #expect(try shop.run(plans[0]) + shop.run(plans[1]) == [])
        #expect(try shop.run(Self.plan("x", 0)) == ["x"])
    }

    @Test func aStaleExperimentKeepsItsLastOutputs() throws {
        let shop = try Workshop()
        try shop.run(Self.plan("x", 1))
        let garbage = try shop.runner().collectGarbage(Keep(plans: [Self.plan("x", 2)]))
        #expect(garbage.items.isEmpty)
        #expect(try shop.run(Self.plan("x", 1)) == [])
    }

    @Test func whatALiveRunUsesStays() throws {
        let shop = try Workshop()
        let gate = LockTests.Gate()
        let first = try Self.plan("x", 1).jobs[0]
        let second = Job(
            id: "second",
            stage: TestStage(name: "second") { context in
                gate.entered.change { $0 += 1 }
                while !gate.isOpen.value { Thread.sleep(forTimeInterval: 0.002) }
                try writeText("from " + readText(context.input("x")), context.output + "/out")
            }, inputs: [Input("x", .output(job: "x", name: "out"))])
        let plan = try Plan([first, second])
        let run = LockTests.background { try shop.run(plan) }
        LockTests.wait { gate.entered.value == 1 }
        let garbage = try shop.runner().collectGarbage(Keep())
        #expect(garbage.items.filter { $0.kind != .record }.isEmpty)
        gate.isOpen.change { $0 = true }
        LockTests.wait { run.value != nil }
        #expect(run.value == "fine")
        #expect(try shop.text(shop.runner().status(of: plan), "second") == "from x 1")
        #expect(try shop.runner().collectGarbage(Keep()).items.filter { $0.kind == .artifact }.count == 2)
    }

    @Test func scratchOfAFailedJobStaysWhileItsPlanDoes() throws {
        let shop = try Workshop()
        let plan = try Plan([
            Job(
                id: "s",
                stage: TestStage(name: "s") { context in
                    try writeText("half", context.scratch + "/shard")
                    throw CancellationError()
                }, inputs: [])
        ])
        #expect(throws: EngineError.self) { try shop.run(plan) }
        #expect(try shop.runner().collectGarbage(Keep(plans: [plan])).items.isEmpty)
        let garbage = try shop.runner().collectGarbage(Keep())
        #expect(garbage.items.contains { $0.kind == .scratch && $0.bytes == 4 })
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.storePath + "/work").isEmpty)
    }
}
