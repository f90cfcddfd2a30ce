import Foundation
import Testing

/// `report`, `explain` and `show` on one small run: what they write must agree with each other and with the evaluation.
@Suite struct ReportVerbTests {
    /// What the page's script draws filters from.
    private static func data(_ html: String, _ id: String) throws -> Any {
        let text = try #require(html.components(separatedBy: "id=\"\(id)\">").last?.components(separatedBy: "</script>").first)
        return try JSONSerialization.jsonObject(with: Data(text.utf8))
    }

    /// What the page says of filter 0: its words, and of its images the id and the nearest words.
    private struct Shown {
        let words: [String]
        let images: [(id: String, near: [String])]

        init(_ html: String) throws {
            let page = try #require(try data(html, "page-data") as? [String: Any]), words = try #require(page["words"] as? [String])
            let row = try #require(try data(html, "row-0") as? [String: Any])
            #expect(row["n"] as? [Int] == [0, 1])
            let said = try #require((try data(html, "said-0-0") as? [String: Any])?["w"] as? [[[Any]]])
            let images = try #require(try data(html, "images-0") as? [[[Any]]]), near = try #require(try data(html, "near-0-0") as? [[[Int]]])
            self.words = said[0].compactMap { $0[0] as? Int }.map { words[$0] }
            self.images = zip(images[0], near[0]).map { ($0[0] as? String ?? "", $1.map { words[$0] }) }
        }
    }

    @Test func reportExplainAndShow() throws {
        try Command.with { command in
            try command.makeExperiment()
            let early = try command.run("report", "x.json")
            #expect(early.code == 2 && early.errors.contains("is not up to date; type: lavise-pipeline run x"), "\(early.errors)")
            let run = try command.run("run", "x.json")
            #expect(run.code == 0 && run.errors.contains("lavise-pipeline report x"), "\(run.errors)")

            let report = try command.run("report", "x.json")
            #expect(report.code == 0 && report.output == command.path("results/x/report.html") + "\n", "\(report.errors)")
            let html = try String(contentsOfFile: command.path("results/x/report.html"), encoding: .utf8)
            #expect(!FileManager.default.fileExists(atPath: command.path("results/x/report-images")), "a small page is one file")
            for text in ["Recall", "Training", "How it was made", "Provenance", "lavise-pipeline report x.json", "its first build", "<dt>computed</dt>", "href=\"filters.csv\"", "Concepts"] { #expect(html.contains(text), "\(text)") }
            let shown = try Shown(html)
            for number in [0, 1] {
                let sheet = try #require(html.components(separatedBy: "<script type=\"text/plain\" id=\"filter-\(number).jpg\">").last?.components(separatedBy: "</script>").first)
                let jpeg = try #require(Data(base64Encoded: sheet))
                #expect(jpeg.prefix(3) == Data([0xff, 0xd8, 0xff]))
            }
            try explain(command, shown)
            try show(command)
        }
    }

    private func explain(_ command: Command, _ shown: Shown) throws {
        let said = try command.run("explain", "x.json", "--filter", "0")
        let first = try #require(shown.words.first)
        #expect(said.code == 0 && said.output.contains("filter 0 by original") && said.output.contains(first), "\(said.errors)")
        let png = try Data(contentsOf: URL(fileURLWithPath: command.path("results/x/heatmaps/filter-0.png")))
        #expect(png.prefix(8) == Data([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))

        // A picture of the dataset, given as the user's own, is explained as the evaluation explained it.
        let image = try #require(shown.images.first), id = image.id
        let names = try FileManager.default.contentsOfDirectory(atPath: command.path("data/scenes/val2017"))
        let name = try #require(names.first { Int($0.split(separator: ".")[0]) == Int(id) })
        let seen = try command.run("explain", "x.json", "--filter", "0", "--image", command.path("data/scenes/val2017/\(name)"), "--json")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(seen.output.utf8)) as? [String: Any], "\(seen.errors)")
        let answer = try #require((object["filters"] as? [[String: Any]])?.first)
        let words = try #require(answer["words"] as? [[String: Any]]).compactMap { $0["word"] as? String }
        #expect(Array(words.prefix(5)) == image.near)
        #expect((answer["strength"] as? Double ?? 0) > 1 && (answer["area"] as? Double ?? 0) > 0)

        let top = try command.run("explain", "x.json", "--image", command.path("data/scenes/val2017/\(name)"))
        #expect(top.code == 0 && top.output.split(separator: "\n").count == 3, "\(top.output)\(top.errors)")
        #expect(top.output.split(separator: "\n").dropFirst().allSatisfy { !$0.hasSuffix(" ") })
        let found = try command.run("explain", "x.json", "--concept", first)
        #expect(found.code == 0 && found.output.contains("filter 0") && found.output.contains("of 2 filters have \"\(first)\""), "\(found.output)")
        for (arguments, text) in [
            (["--filter", "99"], "explains the filters 0 to 1"), (["--concept", first + "x"], "did you mean"), ([], "--filter NUMBER"),
            (["--filter", "0", "--method", "projection"], "evaluated original"), (["--filter", "0", "--image", command.path("x.json")], "not a picture that can be decoded"),
        ] {
            let outcome = try command.run(["explain", "x.json"] + arguments)
            #expect(outcome.code == 2 && outcome.errors.contains(text), "\(outcome.errors)")
        }
    }

    private func show(_ command: Command) throws {
        let shown = try command.run("show", "results/x/recall.csv")
        #expect(shown.code == 0 && shown.output.contains("evaluate  fingerprint") && shown.output.contains("← scenes/train2017"), "\(shown.output)\(shown.errors)")
        try command.edit("results/x/recall.csv") { $0.append(contentsOf: "x".utf8) }
        let changed = try command.run("show", "results/x/recall.csv")
        #expect(changed.code == 2 && changed.errors.contains("was changed since the run"), "\(changed.errors)")
    }
}
