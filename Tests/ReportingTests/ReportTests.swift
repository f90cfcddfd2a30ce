import TestSupport
import Foundation
import Imaging
import Reporting
import Testing

@Suite struct ReportTests {
    static let words = [
        "dog", "cat", "person", "table", "chair", "</script>", "bus", "street \"sign\"", "tree", "boat", "kite",
    ]

    /// A report of everything, with `count` filters of 25 images; filter u's first word is `words[u % 11]`.
    static func report(filters count: Int, methods: [String] = ["projection"], rows: Int = 1, source: (Int) -> String)
        -> Report
    {
        let own = (0..<count).map { u -> ReportFilter in
            let images = (0..<25).map { rank -> ReportImage in
                let truth = rank % 2 == 0 ? [words[(u + 1) % 11], "zebra"] : []
                return ReportImage(id: "\(100_000 + u * 25 + rank)", maximum: 9 - Double(rank) / 4, truth: truth)
            }
            return ReportFilter(
                number: u, threshold: Double((u * 7919) % 1000) / 500, pairs: u % 5 == 4 ? 0 : u % 25 + 1,
                pictures: PictureSheet(source: source(u), strip: source(u).replacing("p/", with: "p/s"), count: 25),
                images: images)
        }
        let said = methods.indices.map { shift in
            ReportMethod(name: methods[shift], explanations: (0..<count).map { explanation(of: $0, shift: shift) })
        }
        let matrix = (0..<rows).map { row -> ReportRow in
            let layer = "layer\(row % 2 + 3)"
            let labels: [Report.Fact] = rows == 1 ? [] : [.init("seed", String(row)), .init("backbone.layer", layer)]
            return ReportRow(
                name: rows == 1 ? "coco_sample" : "seed \(row)", labels: labels, layer: layer, seed: String(row),
                filters: own, methods: said,
                base: ["dog": 0.25, "zebra": 0.5])
        }
        return Report(
            title: "ResNet-18 layer3 on 549 COCO images <b>", experiment: "coco_sample",
            facts: [
                .init("backbone", "ResNet-18, layer3, 256 filters"),
                .init("computed", "2026-11-27 04:02 UTC on host, lavise-pipeline 0.1.0"),
            ],
            links: ["filters.csv"], tables: [RecallTableTests.table],
            scores: [("Faithfulness", ScoreTableTests.table)], claims: ClaimTests.report,
            training: (0..<rows).map { _ in FigureTests.training },
            plots: [CollectedTable(.paperFigure7, from: []).plot],
            filters: ReportFilters(ks: [5, 10, 20], rows: matrix), stages: stages,
            provenance: [.init("features", "sha256 0000"), .init("version", "1.0")],
            reproduce: ["git checkout abc", "lavise-pipeline run experiments/coco_sample.json"])
    }

    private static func explanation(of u: Int, shift: Int) -> ReportExplanation {
        let own = (0..<9).map { words[(u + $0 + shift) % words.count] }
        return ReportExplanation(
            words: own.enumerated().map { rank, word -> ReportExplanation.Word in
                let lift = Double((u * 13 + rank) % 90) / 10
                return .init(
                    text: word, images: 25 - 2 * rank, similarity: 0.6 - Double(rank) * 0.03, lift: lift,
                    seen: min(u % 25 + 1, 3))
            },
            recall: u % 5 == 4 ? [nil, nil, nil] : [0.1, 0.2, 0.3].map { $0 * Double((u * 31) % 100) / 33 },
            verdict: u % 5 == 4 ? .none : u % 2 == 0 ? .supported : .doubtful,
            nearest: (0..<25).map { _ in Array(own.prefix(5)) })
    }

    static let stages = [
        ReportStage(
            name: "preprocess", state: "fresh", reason: "its first build", seconds: 12.3,
            made: "2026-11-27 04:02 UTC, host", fingerprint: "0badcafe"),
        ReportStage(name: "embedding", state: "fresh", seconds: 1.2, fingerprint: "12345678"),
        ReportStage(
            name: "features", state: "fresh", reason: "backbone.layer: layer4 → layer3", seconds: 41,
            fingerprint: "deadbeef", inputs: ["preprocess"]),
        ReportStage(
            name: "train", state: "fresh", seconds: 7, fingerprint: "feedface",
            inputs: ["preprocess", "embedding", "features"]),
        ReportStage(name: "train[1]", stage: "train", state: "stale", inputs: ["preprocess", "embedding", "features"]),
        ReportStage(
            name: "evaluate", state: "failed", reason: "upstream train", seconds: 171, fingerprint: "01234567",
            inputs: ["features", "train", "embedding"]),
        ReportStage(name: "tables", state: "stale", inputs: ["evaluate", "embedding"]),
    ]

    @Test func pageIsSelfContained() {
        let html = Self.report(filters: 3) { "heatmaps/\($0).png" }.html
        for outside in ["http://", "https://", "<link rel=\"stylesheet\"", "@import", "src=\""] {
            // The name of SVG's namespace is no address to load.
            #expect(!html.replacing("http://www.w3.org/2000/svg", with: "").contains(outside), "\(outside)")
        }
        #expect(html.contains("<h1>ResNet-18 layer3 on 549 COCO images &lt;b&gt;</h1>"))
        #expect(
            html.components(separatedBy: "</script>").count == html.components(separatedBy: "<script").count,
            "only our scripts end")
        #expect(html == Self.report(filters: 3) { "heatmaps/\($0).png" }.html)
        #expect(html.contains("default-src 'none'"))
    }

    /// Scores with their intervals, differences behind a press, and what is to be said of them.
    @Test func evidenceHasItsSection() {
        let html = Self.report(filters: 1) { "heatmaps/\($0).png" }.html
        for text in [
            "<a href=\"#evidence\">Evidence</a>", "<h3>Faithfulness</h3>\n<p>How well.</p>",
            "<th class=\"number\">cos (!)</th>",
            "<strong>0.250</strong> <span class=\"quiet\">[0.200, 0.300]</span>", "<li>cos fails</li>",
            "<details><summary>Differences against projection",
            "<strong>-0.125</strong> <span class=\"quiet\">[-0.200, -0.050]</span>",
        ] { #expect(html.contains(text), "\(text)") }
    }

    /// Words kept, agreement and concepts of several runs; none of one.
    @Test func comparisonHasItsSection() {
        var report = Self.report(filters: 1) { "heatmaps/\($0).png" }
        #expect(!report.html.contains("#comparison"))
        func run(_ name: String, _ words: [String]) -> RunWords {
            RunWords(
                name: name, layer: "net <b>", filters: Array(words.indices),
                words: words.map { [.init(text: $0, weight: 1)] })
        }
        report.comparison = RunComparison([
            run("seed 0", ["dog", "<i>", "cat"]), run("seed 1", ["dog", "cat", "cat"]),
        ])
        for text in [
            "<a href=\"#comparison\">Comparison</a>", "<h3>net &lt;b&gt;: 2 runs</h3>",
            "<p>Filters of two runs share 0.667 of their words' weight in the mean.</p>",
            "<summary>The 3 filters that keep least</summary>",
            "<td>1</td><td>seed 0</td><td>&lt;i&gt;</td><td class=\"number\">–</td>",
            "<td></td><td>seed 1</td><td>cat</td><td class=\"number\">0.000</td>",
            "<td>seed 1</td><td>net &lt;b&gt;</td><td></td><td>&lt;i&gt;</td>",
            "<td>cat</td><td class=\"number\">1</td><td class=\"number\">2</td>",
        ] { #expect(report.html.contains(text), "\(text)") }
    }

    /// Five pictures a row; of seven the strip has the first five, smaller.
    @Test func sheetsAndStrips() {
        func picture(_ number: Int) -> RGBImage {
            let side = PictureSheet.side
            return RGBImage(
                width: side, height: side, pixels: [UInt8](repeating: UInt8(30 * number), count: 3 * side * side))
        }
        let (sheet, strip) = PictureSheet.drawn((1...7).map(picture))
        #expect(sheet.width == 5 * 128 && sheet.height == 2 * 128 && strip.width == 5 * 48 && strip.height == 48)
        func levels(_ image: RGBImage, row: Int, side: Int) -> [UInt8] {
            (0..<5).map { image.pixels[3 * ((row * side + side / 2) * image.width + $0 * side + side / 2)] }
        }
        #expect(levels(sheet, row: 0, side: 128) == [30, 60, 90, 120, 150])
        #expect(levels(sheet, row: 1, side: 128).prefix(2) == [180, 210])
        #expect(levels(strip, row: 0, side: 48) == [30, 60, 90, 120, 150])
        #expect(PictureSheet.drawn([picture(1)]).strip.height == 48)
    }

    @Test func emptyReportHasNoSections() {
        let html = Report(title: "t", experiment: "e").html
        #expect(!html.contains("<section") && !html.contains("page-data\">"))
    }

    /// Inside an attribute a quote would end it: of a stage's state, of a picture's name.
    @Test func quotesInAttributesAreEscaped() {
        var report = Self.report(filters: 1) { "#filter-\($0).jpg" }
        report.stages = [ReportStage(name: "a\"<b>'", state: "fr\"e'sh", reason: "")]
        #expect(
            report.opening.contains("class=\"fr&quot;e&#39;sh\"")
                && report.opening.contains("<title>a&quot;&lt;b&gt;&#39;</title>"))
        #expect(!report.opening.contains("fr\"e'sh"))
        #expect(Report.embedded("x\"y", base64: "").contains("id=\"x&quot;y\""))
    }

    /// One box a stage; an arrow for everything that is read; none hidden by a box.
    @Test func graphHasAnArrowForEveryInput() {
        let svg = StageGraph(Self.stages).svg
        #expect(
            svg.components(separatedBy: "<rect").count - 1 == 6 && svg.contains("train ×2")
                && svg.contains("1 fresh, 1 stale"))
        #expect(
            svg.components(separatedBy: "class=\"head\"").count - 1 == 9,
            "one features, three train, three evaluate and two tables read")
        #expect(svg.contains("class=\"failed\""))
    }

    /// The epoch that is kept is marked in both figures.
    @Test func curvesMarkTheBestEpoch() {
        #expect(FigureTests.training.best == 10)
        #expect(
            FigureTests.training.lossPlot.svg.contains("best: 10")
                && FigureTests.training.hitPlot.svg.contains("best: 10"))
        var table = FigureTests.training
        table.rows[9].validLoss = .nan
        table.rows[3].validLoss = 1
        #expect(table.best == 4)
        #expect(TrainingTable(rows: []).best == nil && TrainingTable(rows: []).lossPlot.mark == nil)
    }
}
