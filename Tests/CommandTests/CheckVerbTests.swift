import Fingerprints
import Foundation
import TestSupport
import Testing

/// `check`: claims by row, over seeds, and how it exits. Claims speak of the most frequent concepts, as what an
/// explainer has learned in one epoch is the same for all filters, which tells no error.
@Suite(.waits) struct CheckVerbTests {
    private func write(_ command: Command, matrix: String, claims: String) throws {
        try command.write(
            "x.json",
            """
            {"name": "x", "dataset": {"kind": "coco", "root": "scenes"}, "embedding": {"kind": "glove", "path": "scenes/glove.txt"},
             "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": {"epochs": 1, "batchSize": 8},
             "evaluate": {"filters": [0, 1, 2, 3, 4, 5, 6, 7], "topImages": 4, "methods": ["original"], "vocabulary": "concepts"}, "matrix": \(matrix), "claims": \(claims)}
            """)
    }

    @Test func rowsOfAMatrixWithSeeds() throws {
        try Command.with { command in
            try command.makeExperiment()
            try write(
                command, matrix: "{\"train.epochs\": [1, 2]}",
                claims: """
                    [{"source": "S", "row": "2", "method": "most-frequent", "k": 20, "published": 0.5, "margin": 1},
                     {"source": "S", "method": "most-frequent", "k": 20, "published": 1, "margin": 0}]
                    """)
            let early = try command.run("check", "x.json", "--seeds", "0..2")
            #expect(early.code == 2 && early.errors.contains("type: lavise-pipeline run x"), "\(early.errors)")
            #expect(try command.run("run", "x.json", "--seeds", "0..2").code == 0)
            let checked = try command.run("check", "x.json", "--seeds", "0..2", "--json")
            #expect(checked.code == 0 || checked.code == 4, "\(checked.errors)")
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(checked.output.utf8)) as? [String: Any])
            let claims = try #require(object["claims"] as? [[String: Any]])
            // The first claim speaks of one row, the second of both; the seeds of a row are one result.
            #expect(claims.compactMap { $0["row"] as? String } == ["2", "1", "2"])
            #expect(claims[0]["verdict"] as? String == "reproduced")
            #expect(
                claims.allSatisfy {
                    $0["seeds"] as? Int == 3 && $0["filters"] as? Int == 8 && ($0["pairs"] as? Int ?? 0) > 0
                })

            try write(
                command, matrix: "{\"train.epochs\": [1, 2]}",
                claims: "[{\"source\": \"S\", \"row\": \"3\", \"method\": \"original\", \"k\": 5, \"published\": 0.5}]")
            let stray = try command.run("check", "x.json", "--seeds", "0..2")
            #expect(
                stray.code == 2 && stray.errors.contains("speaks of the row \"3\"; rows are \"1\", \"2\""),
                "\(stray.output)\(stray.errors)")
        }
    }

    @Test func refutedClaimsExitWithFourAndObjectsReadAsWords() throws {
        try Command.with { command in
            try command.makeExperiment()
            try write(
                command,
                matrix: "{\"protocol.deviations\": [[], {\"embeddingVocabulary\": false, \"lowQuantile\": true}]}",
                claims: """
                    [{"source": "S", "row": "no embeddingVocabulary + lowQuantile", "method": "most-frequent", "k": 20, "published": 1, "margin": 0}]
                    """)
            #expect(try command.run("run", "x.json").output.contains("| no embeddingVocabulary + lowQuantile |"))
            // One seed refutes nothing.
            let one = try command.run("check", "x.json")
            #expect(
                one.code == 0 && one.output.contains("one seed, 8 filters") && one.output.contains("1 inconclusive"),
                "\(one.output)\(one.errors)")
            #expect(try command.run("run", "x.json", "--seeds", "0..3").code == 0)
            let checked = try command.run("check", "x.json", "--seeds", "0..3")
            #expect(checked.output.contains("4 seeds, 8 filters"), "\(checked.output)")
            #expect(checked.code == 4 && checked.output.contains("1 refuted"), "\(checked.output)\(checked.errors)")
            #expect(checked.output.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(checked.output)")
            let page = try command.run("report", "x.json", "--row", "no embeddingVocabulary + lowQuantile")
            #expect(page.code == 0, "\(page.errors)")
            let html = try String(contentsOfFile: command.path("results/x/report.html"), encoding: .utf8)
            #expect(
                html.contains("\"name\":\"no embeddingVocabulary + lowQuantile\"") && !html.contains("id=\"row-1\"")
                    && html.contains("What each deviation changes"))
            let unknown = try command.run("report", "x.json", "--row", "nothing")
            #expect(unknown.code == 2 && unknown.errors.contains("rows of x are \"none\""), "\(unknown.errors)")
        }
    }

    @Test func seedsAreAddedUntilClaimsAreSettled() throws {
        try Command.with { command in
            try command.makeExperiment()
            func check(_ published: Double, _ margin: Double, _ options: String...) throws -> Command.Outcome {
                try write(
                    command, matrix: "{}",
                    claims: """
                        [{"source": "S", "method": "most-frequent", "k": 20, "published": \(published), "margin": \(margin)}]
                        """)
                return try command.run(["check", "x.json", "--until-settled"] + options)
            }
            let settled = try check(0.55, 0.5, "--budget", "6")
            #expect(
                settled.code == 0 && settled.output.contains("6 seeds, 8 filters")
                    && settled.output.contains("1 reproduced"), "\(settled.output)\(settled.errors)")
            #expect(settled.errors.contains("looks at 3, 6 seeds; at most "), "\(settled.errors)")
            // Three left it open.
            #expect(settled.errors.contains("3 seeds: x: 1 claim: 0 reproduced, 1 inconclusive"), "\(settled.errors)")
            // What can never be settled costs the budget and no more.
            let open = try check(0.5, 0, "--budget", "4")
            #expect(open.output.contains("4 seeds") || open.output.contains("3 seeds"), "\(open.output)")
            let few = try check(0.5, 1, "--budget", "2")
            #expect(few.code == 2 && few.errors.contains("--budget 2: expected at least 3 seeds"), "\(few.errors)")
            let both = try check(0.5, 1, "--seeds", "0..4")
            #expect(both.code == 2 && both.errors.contains("--until-settled chooses the seeds"), "\(both.errors)")
        }
    }

    /// What was set is not the claim's source: nothing is reproduced by it, in `check` and on the page. What no recall
    /// depends on changes nothing.
    @Test func whatWasSetIsOfOtherSettings() throws {
        try Command.with { command in
            try command.makeExperiment()
            try write(
                command, matrix: "{}",
                claims: """
                    [{"source": "S", "method": "most-frequent", "k": 20, "published": 0.5, "margin": 1}]
                    """)
            // The seeds are then all of its matrix.
            try command.edit("x.json") {
                $0 = Data(
                    String(decoding: $0, as: UTF8.self).replacingOccurrences(of: #""matrix": {}, "#, with: "").utf8)
            }
            func checked(_ settings: [String]) throws -> (verdict: String, differs: String?, page: String) {
                let arguments = ["x.json", "--seeds", "0..2"] + settings.flatMap { ["--set", $0] }
                #expect(try command.run(["run"] + arguments).code == 0)
                let end = try command.run(["check"] + arguments + ["--json"])
                let claims = try Value(json: Array(end.output.utf8))["claims"]?.arrayValue
                let claim = try #require(claims?.first, "\(end)")
                let told = try command.run(["check"] + arguments).output
                let written = try command.run(["report"] + arguments + ["--output", command.path("page")])
                #expect(written.code == 0, "\(written.errors)")
                let html = try String(contentsOfFile: command.path("page/report.html"), encoding: .utf8)
                let section = html.components(separatedBy: "<ul class=\"claims\">").last ?? ""
                #expect(told.contains("on other settings") == (claim["differs"]?.stringValue != nil), "\(told)")
                return (
                    claim["verdict"]?.stringValue ?? "", claim["differs"]?.stringValue,
                    section.components(separatedBy: "</ul>")[0]
                )
            }
            let own = try checked(["evaluate.bootstrap=200", "title=Another"])
            #expect(own.verdict == "reproduced" && own.differs == nil)
            #expect(own.page.contains(">reproduced</span>") && !own.page.contains("other settings"))
            let other = try checked(["train.epochs=2", "train.dropout=0"])
            #expect(other.verdict == "reproduced")
            #expect(other.differs == "train.dropout 0 in place of the default; train.epochs 2 in place of 1")
            #expect(other.page.contains(">reproduced on other settings</span>"), "\(other.page)")
            #expect(other.page.contains("not as the source: train.dropout 0 in place of the default"))
        }
    }
}
