import Engine
import Foundation
import HDF5
import Pipeline
import Reporting
import Testing

/// `evaluate.units`: directions of a layer in place of its channels.
@Suite struct UnitsTests {
    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
        path: "Fixtures/directions"
    ).path

    private static func json(_ units: String, more: String = "") -> String {
        """
        {"name": "units", "dataset": {"kind": "demo-scenes", "scenes": 160}, "embedding": {"kind": "demo-scenes"},
         "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": {"epochs": 1, "batchSize": 8},
         "evaluate": {"topImages": 3, "methods": ["original", "projection"], "units": "\(units)"\(more)}}
        """
    }

    /// As `make_directions.py` has them.
    private static let expected = (0..<6 * 64).map { (place: Int) -> Float in Float(place % 11 - 5) / 8 }

    @Test(arguments: ["f4.npy", "f8.npy", "f4.h5", "f8.h5", "state.pth", "state.safetensors"])
    func directionsAsPeopleHaveThem(name: String) throws {
        try Workspace.with(sharesStore: true) { workspace in
            let plan = try workspace.plan(Self.json("\(Self.fixtures)/\(name)"))
            let job = try #require(plan.variants[0].units).job, done = try workspace.run(plan.plan, until: ["units"])
            let file = try HDF5File.open(#require(done[job]).path("units.h5"))
            #expect(try file.shape(of: "directions") == [6, 64] && file.read("directions") == Self.expected)
            #expect(!file.contains("concepts"))
        }
    }

    @Test(arguments: [
        ("fortran.npy", "'fortran_order': True"), ("whole.npy", "'<i4'"), ("two.h5", "found 2: a, b"),
        ("cut.npy", "cut off"),
    ])
    func whatIsNoMatrixIsNamed(name: String, text: String) throws {
        try Workspace.with(sharesStore: true) { workspace in
            var path = "\(Self.fixtures)/\(name)"
            if name == "cut.npy" {
                path = workspace.root + "/cut.npy"
                try Data(contentsOf: URL(fileURLWithPath: Self.fixtures + "/f4.npy")).dropLast(1).write(
                    to: URL(fileURLWithPath: path))
            }
            let plan = try workspace.plan(Self.json(path))
            let error = #expect(throws: (any Error).self) { try workspace.run(plan.plan, until: ["units"]) }
            #expect("\(error.map { "\($0)" } ?? "")".contains(text), "\(error.map { "\($0)" } ?? "")")
        }
    }

    /// Directions along two channels: the words of those channels, by every method, in tables and evidence.
    @Test func aChannelAsADirectionHasItsWords() throws {
        try Workspace.with(sharesStore: true) { workspace in
            var weights = [Float](repeating: 0, count: 2 * 64)
            (weights[7], weights[64 + 3]) = (1, 1)
            let path = workspace.root + "/two.h5", file = try HDF5File.create(path)
            try file.write("w", weights, shape: [2, 64])
            try file.close()
            func table(_ plan: ExperimentPlan, _ name: String) throws -> String {
                let done = try workspace.run(plan.plan)
                return try String(
                    contentsOfFile: #require(done[plan.tables]).path("tables") + "/" + name, encoding: .utf8)
            }
            let channels = try workspace.plan(Self.json("channels", more: #", "filters": [3, 7]"#)),
                units = try workspace.plan(Self.json(path))
            for name in ["filters.csv", "faithfulness.csv"] {
                let own = try CSV(table(units, name), name: name), other = try CSV(table(channels, name), name: name)
                if name == "filters.csv" {
                    // Unit 0 is channel 7, unit 1 channel 3.
                    #expect(own.rows.map { $0[0] } == ["0", "1"])
                    #expect(
                        own.rows.map { Array($0.dropFirst()) } == other.rows.reversed().map { Array($0.dropFirst()) })
                } else {
                    func scores(_ csv: CSV) -> [ArraySlice<String>] {
                        csv.rows.filter { !["random", "linear"].contains($0[1]) }.map { $0[1...3] }
                    }
                    #expect(scores(own) == scores(other))
                }
            }
        }
    }

    /// Probes are fitted on the training images alone: METHOD 11 asks of them what they were not fitted on.
    @Test func probesAreOfTrainingImages() throws {
        try Workspace.with(sharesStore: true) { workspace in
            let plan = try workspace.plan(Self.json("probes"), settings: ["dataset.views=1"])
            let done = try workspace.run(plan.plan, until: ["units"]), jobs = plan.variants[0]
            let dataset = try HDF5File.open(#require(done[jobs.dataset.job]).path("dataset.h5"))
            let splits = try dataset.read("images/split", as: UInt8.self),
                views = try dataset.read("images/view", as: UInt8.self)
            let training = zip(splits, views).count { $0 == 0 && $1 == 0 }
            #expect(training > 0 && splits.contains(1) && views.contains(1))
            // The work is told in products: of layer1's 64 channels each with each, at 56 by 56 places.
            let job = try #require(jobs.units).job, fingerprint = try #require(done[job]?.fingerprint)
            let found = try workspace.project.store.provenance(of: fingerprint.hex)
            #expect(found.first?.trace.outcomes.first?.work == Double(training * 64 * 64 * 56 * 56))
        }
    }

    @Test func probesAreAskedForTheirConcepts() throws {
        try Workspace.with(sharesStore: true) { workspace in
            let plan = try workspace.plan(Self.json("probes")), done = try workspace.run(plan.plan)
            let tables = try #require(done[plan.tables]).path("tables"), job = try #require(plan.variants[0].units).job
            let concepts = try HDF5File.open(#require(done[job]).path("units.h5")).read("concepts", as: Int32.self)
            #expect(concepts.count > 3 && concepts == concepts.sorted())
            let csv = try CSV(String(contentsOfFile: tables + "/planted.csv", encoding: .utf8), name: "planted.csv")
            #expect(csv.header == ["experiment", "explanation", "metric", "score", "low", "high", "units"])
            let names = ["original", "projection", "net-dissect", "correlation", "linear", "constant", "random"]
            #expect(
                csv.rows.map { [$0[1], $0[2]] }
                    == names.flatMap { name in ["first", "among five", "meta-AUPRC"].map { [name, $0] } })
            #expect(csv.rows.allSatisfy { $0[6] == "\(concepts.count)" })
            func score(_ name: String, _ metric: String) throws -> Double {
                try #require(Double(csv.rows.first { $0[1] == name && $0[2] == metric }?[3] ?? ""))
            }
            for name in names {
                let first = try score(name, "first"), five = try score(name, "among five"),
                    area = try score(name, "meta-AUPRC")
                #expect(0 <= first && first <= area && area <= five && five <= 1, "\(name)")
            }
            // A constant is right once: of the concept itself.
            #expect(try score("constant", "first") <= 1 / Double(concepts.count) + 1e-6)
            #expect(try score("correlation", "among five") > score("random", "among five"))
        }
    }
}
