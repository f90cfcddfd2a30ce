import Engine
import Fingerprints
import Foundation
import Testing

@Suite struct WhyTests {
    /// images/ and words → preprocess → features → train (two parameters, one nested).
    static func plan(_ shop: Workshop, epochs: Int = 10, layers: Value = ["layer1", "layer2"], revision: Int = 1) throws
        -> Plan
    {
        try Plan(
            [
                Job(
                    id: "preprocess",
                    stage: TestStage.join("preprocess", inputs: ["images", "words"], revision: revision),
                    inputs: [
                        Input("images", .file(shop.path("images"))), Input("words", .file(shop.path("words"))),
                    ]),
                Job(
                    id: "features", stage: TestStage.join("features", inputs: ["x"], parameters: ["layer": 3]),
                    inputs: [Input("x", .output(job: "preprocess", name: "out"))]),
                Job(
                    id: "train",
                    stage: TestStage.join(
                        "train", inputs: ["x"], parameters: ["epochs": .int(epochs), "net": ["layers": layers]]),
                    inputs: [Input("x", .output(job: "features", name: "out"))]),
            ], name: "sample")
    }

    static func shop() throws -> Workshop {
        let shop = try Workshop()
        for index in 0..<9 { try shop.write("image \(index)", to: "images/\(index).jpg") }
        try shop.write("words", to: "words")
        return shop
    }

    @Test func nothingBuilt() throws {
        let shop = try Self.shop()
        let why = try shop.runner().why(Self.plan(shop), job: "train")
        #expect(why.description == "train is missing\n  never built")
    }

    @Test func theExactParameterOldAndNew() throws {
        let shop = try Self.shop()
        try shop.run(Self.plan(shop))
        let plan = try Self.plan(shop, epochs: 20, layers: ["layer1", "layer3"])
        let why = try shop.runner().why(plan, job: "train")
        #expect(
            why.description
                == "train is stale\n  parameter epochs: 10 → 20\n  parameter net.layers[1]: \"layer2\" → \"layer3\"")
        #expect(
            try shop.runner().status(of: plan).map { $0.reason?.description } == [
                nil, nil, "parameter epochs: 10 → 20",
            ])
        let longer = try shop.runner().why(Self.plan(shop, layers: ["layer1"]), job: "train")
        #expect(
            longer.steps[0].reasons == [
                .parameterChanged(key: "net.layers", old: ["layer1", "layer2"], new: ["layer1"])
            ])
    }

    @Test func anUpstreamChangeIsFollowedToTheFile() throws {
        let shop = try Self.shop()
        try shop.run(Self.plan(shop))
        try shop.write("other", to: "images/3.jpg")
        try shop.write("new", to: "images/x.jpg")
        let plan = try Self.plan(shop)
        let before = try shop.runner().why(plan, job: "train")
        #expect(before.steps.map(\.job) == ["train", "features", "preprocess"])
        #expect(before.steps[0].reasons == [.upstream(job: "features")])
        #expect(before.steps[2].details == ["3.jpg changed", "x.jpg is new"])
        guard case .inputChanged("images", _?, _?) = before.steps[2].reasons.first else {
            return #expect(Bool(false), "\(before)")
        }
        // The same once it ran: why it last did.
        try shop.run(plan)
        let after = try shop.runner().why(plan, job: "train")
        #expect(after.steps.map(\.job) == ["train", "features", "preprocess"])
        #expect(after.steps[2].details == ["3.jpg changed", "x.jpg is new"])
        #expect(after.description.hasPrefix("train is fresh; it last ran because of\n  input x: "))
        for index in 0..<8 { try shop.write("again", to: "images/\(index).jpg") }
        let many = try shop.runner().why(plan, job: "preprocess")
        #expect(many.steps[0].details.last == "and 3 more files")
    }

    @Test func revisionAndLostOutputs() throws {
        let shop = try Self.shop()
        let statuses = try shop.runner().run(Self.plan(shop))
        #expect(
            try shop.runner().why(Self.plan(shop, revision: 2), job: "preprocess").steps[0].reasons == [
                .revisionChanged(old: 1, new: 2)
            ])
        try LocalFileSystem().remove(statuses[1].outputs[0].path)
        let after = try shop.runner().status(of: Self.plan(shop))
        #expect(after.map(\.state) == [.fresh, .missing, .stale])
        #expect(after.map(\.reason) == [nil, .outputMissing(name: "out"), .upstream(job: "features")])
        #expect(try shop.run(Self.plan(shop)) == ["features"])
        #expect(throws: EngineError.self) { try shop.runner().why(Self.plan(shop), job: "nothing") }
    }

    @Test func reasonsAreValues() throws {
        let reasons: [Reason] = [
            .neverBuilt, .parameterChanged(key: "a", old: nil, new: 1),
            .inputChanged(name: "x", old: Digest(hashing: "a"), new: nil),
            .numericsKeyChanged(old: nil, new: Digest(hashing: "b")), .outputCorrupt(name: "o", detail: "d"),
            .failed(message: "m\nsecond line"),
        ]
        #expect(try JSONDecoder().decode([Reason].self, from: JSONEncoder().encode(reasons)) == reasons)
        #expect(
            reasons.map(\.description) == [
                "never built", "parameter a: none → 1", "input x is gone", "numerics key: none → 3e23e816",
                "output o is corrupt: d", "failed: m",
            ])
    }
}
