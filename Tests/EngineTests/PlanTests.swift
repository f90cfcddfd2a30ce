import Engine
import Testing

@Suite struct PlanTests {
    static func job(_ id: String, _ needs: [String] = [], outputs: [String] = ["out"]) -> Job {
        Job(
            id: id, stage: TestStage(name: id, outputs: outputs) { _ in },
            inputs: needs.map { Input($0, .output(job: $0, name: "out")) })
    }

    @Test func orderIsTopologicalAndStable() throws {
        let plan = try Plan([
            Self.job("d", ["b", "c"]), Self.job("b", ["a"]), Self.job("c", ["a"]), Self.job("a"), Self.job("e"),
        ])
        #expect(plan.jobs.map(\.id) == ["a", "b", "c", "d", "e"])
        #expect(plan.dependencies(of: "d").map(\.id) == ["b", "c"])
        #expect(plan.job("e")?.id == "e")
        #expect(plan.job("f") == nil)
    }

    static let faults: [([Job], PlanError)] = [
        ([job("a"), job("a")], PlanError.duplicateJob("a")),
        ([job("a", ["b"])], .unknownJob("b", input: "b", of: "a")),
        ([job("a", outputs: ["x", "x"])], .badOutputs(job: "a", outputs: ["x", "x"])),
        ([job("a", outputs: ["../x"])], .badOutputs(job: "a", outputs: ["../x"])),
        ([job("a", outputs: [])], .badOutputs(job: "a", outputs: [])),
        (
            [job("b", outputs: ["x"]), job("a", ["b"])],
            .unknownOutput("out", of: "b", input: "b", job: "a", known: ["x"])
        ),
        ([job("a", ["b", "b"]), job("b")], .duplicateInput(job: "a", name: "b")),
        ([job("z"), job("a", ["z", "b"]), job("b", ["c"]), job("c", ["a"])], .cycle(["c", "b", "a", "c"])),
    ]

    @Test(arguments: faults)
    func faultsAreFound(jobs: [Job], error: PlanError) {
        #expect(throws: error) { try Plan(jobs) }
    }
}
