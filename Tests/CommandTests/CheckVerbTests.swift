import Foundation
import Testing

/// `check`: claims by row, over seeds, and how it exits.
@Suite struct CheckVerbTests {
    private func write(_ command: Command, matrix: String, claims: String) throws {
        try command.write("x.json", """
            {"name": "x", "dataset": {"kind": "coco", "root": "scenes"}, "embedding": {"kind": "glove", "path": "scenes/glove.txt"},
             "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": {"epochs": 1, "batchSize": 8},
             "evaluate": {"filters": [0, 1], "topImages": 2, "methods": ["original"]}, "matrix": \(matrix), "claims": \(claims)}
            """)
    }

    @Test func rowsOfAMatrixWithSeeds() throws {
        try Command.with { command in
            try command.makeExperiment()
            try write(command, matrix: "{\"train.epochs\": [1, 2]}", claims: """
                [{"source": "S", "row": "2", "method": "original", "k": 5, "published": 0.5, "margin": 1},
                 {"source": "S", "method": "original", "k": 5, "published": 1, "margin": 0}]
                """)
            let early = try command.run("check", "x.json", "--seeds", "0..1")
            #expect(early.code == 2 && early.errors.contains("type: lavise-pipeline run x"), "\(early.errors)")
            #expect(try command.run("run", "x.json", "--seeds", "0..1").code == 0)
            let checked = try command.run("check", "x.json", "--seeds", "0..1", "--json")
            #expect(checked.code == 0 || checked.code == 4, "\(checked.errors)")
            let object = try #require(try JSONSerialization.jsonObject(with: Data(checked.output.utf8)) as? [String: Any])
            let claims = try #require(object["claims"] as? [[String: Any]])
            // The first claim speaks of one row, the second of both; the seeds of a row are one result.
            #expect(claims.compactMap { $0["row"] as? String } == ["2", "1", "2"])
            #expect(claims[0]["verdict"] as? String == "reproduced")

            try write(command, matrix: "{\"train.epochs\": [1, 2]}", claims: "[{\"source\": \"S\", \"row\": \"3\", \"method\": \"original\", \"k\": 5, \"published\": 0.5}]")
            let stray = try command.run("check", "x.json", "--seeds", "0..1")
            #expect(stray.code == 2 && stray.errors.contains("speaks of the row \"3\"; rows are \"1\", \"2\""), "\(stray.output)\(stray.errors)")
        }
    }

    @Test func refutedClaimsExitWithFourAndObjectsReadAsWords() throws {
        try Command.with { command in
            try command.makeExperiment()
            try write(command, matrix: "{\"protocol.deviations\": [[], {\"embeddingVocabulary\": false, \"lowQuantile\": true}]}", claims: """
                [{"source": "S", "row": "none", "method": "original", "k": 20, "published": 1, "margin": 0}]
                """)
            #expect(try command.run("run", "x.json").output.contains("| no embeddingVocabulary + lowQuantile |"))
            let checked = try command.run("check", "x.json")
            #expect(checked.code == 4 && checked.output.contains("1 refuted"), "\(checked.output)\(checked.errors)")
            #expect(checked.output.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(checked.output)")
            let page = try command.run("report", "x.json", "--row", "no embeddingVocabulary + lowQuantile")
            #expect(page.code == 0, "\(page.errors)")
            let html = try String(contentsOfFile: command.path("results/x/report.html"), encoding: .utf8)
            #expect(html.contains("of the row <em>no embeddingVocabulary + lowQuantile</em>") && html.contains("What each deviation changes"))
            let unknown = try command.run("report", "x.json", "--row", "nothing")
            #expect(unknown.code == 2 && unknown.errors.contains("rows of x are \"none\""), "\(unknown.errors)")
        }
    }
}
