import Engine
import Foundation
import TestSupport
import Testing

/// A store whose own small files are damaged: what does not read back as it was written counts as absent.
@Suite struct StoreFuzzTests {
    @Test func damagedRecordsCostTimeOnly() throws {
        let environment = ProcessInfo.processInfo.environment
        let seconds = environment["LAVISE_FUZZ_SECONDS"].flatMap(Double.init) ?? 1
        var mutator = ByteMutator(seed: environment["LAVISE_FUZZ_SEED"].flatMap(UInt64.init) ?? 1, stream: "store")
        let shop = try Workshop()
        try shop.write("some text", to: "data/a.txt")
        try shop.write("more text", to: "data/b.txt")
        let plan = try Plan([
            Job(id: "a", stage: TestStage.join("a", inputs: ["d"]), inputs: [Input("d", .file(shop.path("data")))]),
            Job(
                id: "b", stage: TestStage.join("b", inputs: ["x"], parameters: ["p": 1.5]),
                inputs: [Input("x", .output(job: "a", name: "out"))]),
        ])
        let expected = try shop.runner().run(plan).map(\.outputs)
        let end = Date().addingTimeInterval(seconds)
        var rounds = 0
        while Date() < end || rounds < 50 {
            let files = try FileManager.default.subpathsOfDirectory(atPath: shop.storePath).filter { path in
                ["ac/", "history/", "stat/", "tables/", "listings/", "failures/", "locks/"].contains {
                    path.hasPrefix($0)
                } && path.count > 40
            }.sorted()
            let path = shop.storePath + "/" + files[rounds % files.count]
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            try Data(mutator.mutate(bytes)).write(to: URL(fileURLWithPath: path))
            _ = try shop.runner().status(of: plan)
            _ = try shop.runner().why(plan, job: "b").description
            _ = try shop.runner().predict(plan)
            let outputs = try shop.runner().run(plan).map(\.outputs)
            guard outputs == expected else { return #expect(outputs == expected, "round \(rounds), \(path)") }
            for record in outputs.joined() { #expect(FileManager.default.fileExists(atPath: record.path)) }
            rounds += 1
        }
        if environment["LAVISE_FUZZ_SECONDS"] != nil { print("\(rounds) damaged records of a store") }
    }
}
