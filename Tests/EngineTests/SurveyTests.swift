import Engine
import Foundation
import Testing

/// What an answer about several plans looks at.
@Suite struct SurveyTests {
    /// What several plans share and is sound is looked at once; what is not may be made meanwhile.
    @Test func whatASurveyHasSeenStands() throws {
        let shop = try Workshop()
        try shop.write("abc", to: "a.txt")
        let plan = try RunTests.chain(shop), survey = Survey()
        func expect(_ states: [JobState], in survey: Survey) throws {
            let found = try shop.runner().status(of: plan, in: survey).map(\.state)
            #expect(found == states)
        }
        try expect([.missing, .missing, .missing], in: survey)
        try shop.run(plan)
        try expect([.fresh, .fresh, .fresh], in: survey)
        let output = try #require(try shop.runner().status(of: plan).first?.outputs.first)
        try FileManager.default.removeItem(atPath: output.path)
        try expect([.fresh, .fresh, .fresh], in: survey)
        try expect([.missing, .stale, .stale], in: Survey())
        try shop.write("xyz", to: "a.txt")
        try expect([.fresh, .fresh, .fresh], in: survey)
        try expect([.stale, .stale, .stale], in: Survey())
    }

    /// Several plans at once, each as it stands alone.
    @Test func plansStandTogetherAsAlone() throws {
        let shop = try Workshop()
        try shop.write("abc", to: "a.txt")
        try shop.run(RunTests.chain(shop), RunOptions(until: ["second"], catchSignals: false))
        let parameters = [1, 2, 1, 3, 2]
        let runner = try shop.runner(RunOptions(jobs: 4, catchSignals: false))
        let together = try runner.survey(parameters.count) { index, status in
            try status(RunTests.chain(shop, parameter: parameters[index])).map(\.state)
        }
        #expect(
            try together == parameters.map { try runner.status(of: RunTests.chain(shop, parameter: $0)).map(\.state) })
        #expect(together[0] == [.fresh, .fresh, .missing] && together[1] == [.fresh, .stale, .missing])
    }
}
