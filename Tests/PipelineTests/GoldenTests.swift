import Engine
import Foundation
import HDF5
import Pipeline
import Testing

/// The stages against the oracle's output for 12 + 12 real images (made by `reference/oracle.py`, outside this
/// project).
@Suite(.enabled(if: Reference.isHere, "needs the reference data: set LAVISE_REFERENCE"))
struct GoldenTests {
    private static func experiment(_ more: String) -> String {
        """
        {"name": "golden", "dataset": {"kind": "coco", "root": "coco-sample", "limit": 12},
         "embedding": {"kind": "glove", "path": "glove.6B.300d.sample.txt"},
         "backbone": {"architecture": "resnet18", "layer": "layer3", "weights": {"path": "resnet18-imagenet-layer3.pth"}},
         "train": {"epochs": 1, "batchSize": 16}, \(more)}
        """
    }
    private static let paper = experiment(#""evaluate": {"topImages": 10, "vocabulary": "concepts"}"#)
    private static let fact2023 = experiment(#""protocol": "fact2023", "evaluate": {"topImages": 10}"#)

    @Test func preprocessingAndFeaturesOfThePaper() throws {
        try check(Self.paper, "golden-paper.h5", trainingFeatures: "features")
    }

    @Test func preprocessingAndFeaturesOfFACT2023() throws {
        try check(Self.fact2023, "golden-fact2023.h5", trainingFeatures: "features_training")
    }

    private func check(_ json: String, _ goldenName: String, trainingFeatures: String) throws {
        try Workspace.with(data: Reference.data, sharesStore: true) { workspace in
            let golden = try HDF5File.open("\(Reference.root)/reference/\(goldenName)", trusted: true)
            let done = try workspace.run(workspace.plan(json).plan, until: ["features"])
            let dataset = try HDF5File.open(#require(done["preprocess"]).path("dataset.h5"))
            for name in ["images/id"] {
                #expect(try dataset.read(name, as: Int64.self) == golden.read(name, as: Int64.self))
            }
            for name in ["images/split", "images/pixels", "instances/mask224"] {
                #expect(try dataset.read(name, as: UInt8.self) == golden.read(name, as: UInt8.self), "\(name)")
            }
            for name in ["instances/image", "instances/concepts", "instances/offset"] {
                #expect(try dataset.read(name, as: Int32.self) == golden.read(name, as: Int32.self), "\(name)")
            }
            #expect(try dataset.readStrings("concepts/token") == golden.readStrings("concepts/token"))

            let features = try HDF5File.open(#require(done["features"]).path("features.h5")).dataset(
                "features", Float.self)
            let expected = try golden.dataset("features", Float.self)
            let evaluatesAll = goldenName.contains("fact"), splits = try golden.read("images/split", as: UInt8.self)
            for row in splits.indices where evaluatesAll || splits[row] == 1 {
                #expect(
                    try distance(features.read(rows: row..<row + 1), expected.read(rows: row..<row + 1)) < 1e-4,
                    "image \(row)")
            }
            let pooled = try HDF5File.open(#require(done["features"]).path("pooled.h5"))
            #expect(try distance(pooled.read("pooled"), Self.pool(golden, trainingFeatures)) < 1e-4)
            let masks: [UInt8] = try golden.read("instances/grid_mask")
            let areas = stride(from: 0, to: masks.count, by: 196).map { start in
                Int32(masks[start..<start + 196].count { $0 != 0 })
            }
            #expect(try pooled.read("area", as: Int32.self) == areas)
        }
    }

    /// Masked means over the grid, from the golden's own maps and masks.
    private static func pool(_ golden: HDF5File, _ name: String) throws -> [Float] {
        let maps = try golden.dataset(name, Float.self)
        let masks: [UInt8] = try golden.read("instances/grid_mask"),
            images: [Int32] = try golden.read("instances/image")
        return try images.enumerated().flatMap { sample, image in
            let map = try maps.read(rows: Int(image)..<Int(image) + 1)
            return (0..<256).map { channel in
                (0..<196).reduce(Float(0)) { masks[sample * 196 + $1] == 0 ? $0 : $0 + map[channel * 196 + $1] } / 196
            }
        }
    }

    /// Frobenius norm of the difference, relative to `b`.
    private func distance(_ a: [Float], _ b: [Float]) -> Double {
        #expect(a.count == b.count)
        let difference = zip(a, b).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
        return (difference / b.reduce(0.0) { $0 + pow(Double($1), 2) }).squareRoot()
    }

    @Test(arguments: [(Self.paper, "golden-paper.h5"), (Self.fact2023, "golden-fact2023.h5")])
    func evaluationWithTheGoldenExplainer(json: String, goldenName: String) throws {
        try Workspace.with(data: Reference.data, sharesStore: true) { workspace in
            let goldenPath = "\(Reference.root)/reference/\(goldenName)"
            let golden = try HDF5File.open(goldenPath), plan = try workspace.plan(json).plan
            let done = try workspace.run(plan, until: ["features"])
            let explainer = workspace.root + "/explainer.h5"
            try Self.copyExplainer(golden, to: explainer)
            // The planned stage, with the golden's explainer in place of a trained one.
            let job = try #require(plan.job("evaluate"))
            let inputs = try job.inputs.map { input in
                guard case .output(let source, let name) = input.source else { return input }
                return Input(
                    input.name, .file(name == "explainer.h5" ? explainer : try #require(done[source]).path(name)))
            }
            let outcome = try workspace.run(Plan([Job(id: "evaluate", stage: job.stage, inputs: inputs)]))
            let file = try HDF5File.open(#require(outcome["evaluate"]).path("evaluation.h5"))

            let thresholds: [Float] = try file.read("filters/threshold"),
                expected: [Float] = try golden.read("evaluation/threshold")
            #expect(zip(thresholds, expected).allSatisfy { abs($0 - $1) <= 1e-5 * max(1, abs($1)) })
            try Self.checkTopImages(file, golden)
            for method in ["original", "image", "activation", "projection"] {
                let ours: [Float] = try file.read("recall/\(method)"),
                    theirs: [Float] = try golden.read("evaluation/\(method)/recall")
                for k in 0..<3 {
                    #expect(
                        abs(Self.mean(ours, k) - Self.mean(theirs, k)) < 0.002,
                        "\(method), cut-off \(k): \(Self.mean(ours, k)) and \(Self.mean(theirs, k))")
                }
            }
        }
    }

    /// The same images for every filter, but for the order of equal maxima.
    private static func checkTopImages(_ file: HDF5File, _ golden: HDF5File) throws {
        let ours: [Int32] = try file.read("filters/top_images"),
            theirs: [Int32] = try golden.read("evaluation/top_images")
        let maxima: [Float] = try file.read("filters/maxima")
        #expect(ours.count == theirs.count)
        for place in ours.indices where ours[place] != theirs[place] {
            let filter = place / 10 * 10, at = try #require(ours[filter..<filter + 10].firstIndex(of: theirs[place]))
            #expect(abs(maxima[place] - maxima[at]) <= 1e-5 * abs(maxima[place]))
        }
    }

    private static func mean(_ recall: [Float], _ k: Int) -> Double {
        let values = stride(from: k, to: recall.count, by: 3).map { recall[$0] }.filter { !$0.isNaN }
        return values.reduce(0) { $0 + Double($1) } / Double(values.count)
    }

    private static func copyExplainer(_ golden: HDF5File, to path: String) throws {
        let file = try HDF5File.create(path)
        let parts = [
            "bn1": ["weight", "bias", "running_mean", "running_var"], "linear1": ["weight", "bias"],
            "bn2": ["weight", "bias", "running_mean", "running_var"], "linear2": ["weight", "bias"],
        ]
        for layer in parts.keys.sorted() {
            for part in parts[layer] ?? [] {
                let name = "explainer/\(layer)/\(part)"
                try file.write("\(layer)/\(part)", golden.read(name, as: Float.self), shape: golden.shape(of: name))
            }
        }
        try file.close()
    }
}
