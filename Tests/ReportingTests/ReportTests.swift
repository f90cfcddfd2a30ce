import Foundation
import Imaging
import Reporting
import Testing

@Suite struct ReportTests {
    static let words = ["dog", "cat", "person", "table", "chair", "</script>", "bus", "street \"sign\"", "tree", "boat", "kite"]

    /// A report of everything, with `count` filters of 25 images; filter u's first word is `words[u % 11]`.
    static func report(filters count: Int, source: (Int) -> String) -> Report {
        let filters = (0..<count).map { u -> ReportFilter in
            let own = (0..<9).map { words[(u + $0) % words.count] }
            let row = FilterRow(
                filter: u, threshold: Double((u * 7919) % 1000) / 500,
                words: own.enumerated().map { .init(text: $1, frequency: 25 - 2 * $0, similarity: 0.6 - Double($0) * 0.03) },
                recall: u % 5 == 4 ? [nil, nil, nil] : [0.1, 0.2, 0.3].map { $0 * Double((u * 31) % 100) / 33 },
                pairs: u % 5 == 4 ? 0 : u % 25 + 1)
            let images = (0..<25).map {
                ReportImage(id: "\(100_000 + u * 25 + $0)", maximum: 9 - Double($0) / 4, words: Array(own.prefix(5)), truth: $0 % 2 == 0 ? [own[1], "zebra"] : [])
            }
            return ReportFilter(row: row, pictures: PictureSheet(source: source(u), columns: 5, count: 25), images: images)
        }
        var table = RecallTableTests.table
        table.title = "x"
        return Report(
            title: "ResNet-18 layer3 on 549 COCO images <b>", experiment: "coco_sample",
            facts: [.init("backbone", "ResNet-18, layer3, 256 filters"), .init("data", "343 + 206 images, 1,932 samples, 92 concepts"), .init("protocol", "paper")],
            tables: [table], claims: ClaimTests.report, training: FigureTests.training, plots: [CollectedTable(.paperFigure7, from: []).plot],
            filters: ReportFilters(method: "projection", ks: [5, 10, 20], filters: filters),
            stages: [
                ReportStage(name: "preprocess", state: "fresh", reason: "", seconds: 12.3, fingerprint: "0badcafe"),
                ReportStage(name: "embedding", state: "fresh", seconds: 1.2, fingerprint: "12345678"),
                ReportStage(name: "features", state: "ran", reason: "backbone.layer: layer4 → layer3", seconds: 41, fingerprint: "deadbeef", inputs: ["preprocess"]),
                ReportStage(name: "train", state: "ran", reason: "upstream features", seconds: 7, fingerprint: "feedface", inputs: ["preprocess", "embedding", "features"]),
                ReportStage(name: "evaluate", state: "failed", reason: "upstream train", seconds: 171, fingerprint: "01234567", inputs: ["features", "train", "embedding"]),
                ReportStage(name: "tables", state: "stale", inputs: ["evaluate"]),
            ],
            provenance: [.init("features", "sha256 0000"), .init("version", "1.0")], reproduce: ["git checkout abc", "lavise-pipeline run experiments/coco_sample.json"])
    }

    @Test func pageIsSelfContained() {
        let html = Self.report(filters: 3) { "heatmaps/\($0).png" }.html
        for outside in ["http://", "https://", "<link rel=\"stylesheet\"", "@import", "src=\""] {
            // The name of SVG's namespace is no address to load.
            #expect(!html.replacing("http://www.w3.org/2000/svg", with: "").contains(outside), "\(outside)")
        }
        #expect(html.contains("<h1>ResNet-18 layer3 on 549 COCO images &lt;b&gt;</h1>"))
        #expect(html.components(separatedBy: "</script>").count == 3, "only our two scripts end")
        #expect(html == Self.report(filters: 3) { "heatmaps/\($0).png" }.html)
    }

    @Test func emptyReportHasNoSections() {
        let html = Report(title: "t", experiment: "e").html
        #expect(!html.contains("<section") && html.contains(">null</script>"))
    }

    // MARK: In a real browser

    static let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Runs the page in Chromium with a script at its end, and returns the DOM after it and what the console said.
    static func run(_ html: String, script: String) throws -> (dom: String, log: String) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "lavise-report-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let page = folder.appending(path: "report.html"), dom = folder.appending(path: "dom"), log = folder.appending(path: "log")
        let ending = "<script>\(script)</script>\n</body>"
        try html.replacing("</body>", with: ending).write(to: page, atomically: false, encoding: .utf8)
        for file in [dom, log] { FileManager.default.createFile(atPath: file.path, contents: nil) }
        let process = Process()
        process.executableURL = URL(filePath: try #require(chromium))
        process.arguments = [
            "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--user-data-dir=\(folder.path)/profile",
            "--window-size=1200,900", "--dump-dom", page.absoluteString,
        ]
        process.standardOutput = try FileHandle(forWritingTo: dom)
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        process.waitUntilExit()
        return (try String(contentsOf: dom, encoding: .utf8), try String(contentsOf: log, encoding: .utf8))
    }

    /// Every filter of the largest layer: the page draws, sorts, searches and opens, and the console stays silent.
    @Test(.enabled(if: chromium != nil, "needs Debian's chromium")) func worksInABrowser() throws {
        let page = Self.report(filters: 2048) { "#sheet-\($0)" }
        let sheet = Data(try encodeJPEG(RGBImage(width: 640, height: 640, pixels: [UInt8](repeating: 90, count: 640 * 640 * 3)), quality: 80))
        let html = page.opening + (0..<2048).map { Report.embedded("sheet-\($0)", base64: sheet.base64EncodedString()) }.joined() + Report.closing
        let (dom, log) = try Self.run(html, script: """
            const said = [], say = text => said.push(String(text));
            const rows = () => [...document.querySelectorAll("#filter-table tbody tr.shut")];
            const first = column => rows()[0].children[column].textContent;
            const sort = name => document.querySelector(`[data-sort=${name}]`).click();
            say(rows().length); say(first(0));
            sort("filter"); say(first(0));
            sort("threshold"); say(first(6)); sort("threshold"); say(first(6));
            sort("recall2"); say(first(4)); say(rows().at(-1).children[4].textContent);
            const box = document.getElementById("filter-search");
            const search = text => { box.value = text; box.dispatchEvent(new Event("input")); };
            search("1234"); say(rows().length); say(first(0));
            search("Street"); say(document.getElementById("filter-count").textContent);
            search("nothing at all"); say(rows().length);
            search("");
            const before = document.querySelectorAll(".tile").length;
            rows()[0].querySelector("button").click();
            say(before); say(document.querySelectorAll(".tile").length); say(document.querySelectorAll(".bar").length);
            rows()[0].querySelector("button").click();
            say(document.querySelectorAll(".tile").length);
            document.body.append(Object.assign(document.createElement("output"), { id: "said", textContent: said.join("|") }));
            """)
        let said = try #require(dom.components(separatedBy: "<output id=\"said\">").last?.components(separatedBy: "</output>").first)
        var best = 0.0
        for u in 0..<2048 where u % 5 != 4 { best = max(best, 0.3 * Double(u * 31 % 100) / 33) }
        let holders = (0..<2048).count { u in (0..<9).contains { Self.words[(u + $0) % 11].hasPrefix("street") } }
        #expect(said == "2048|0|2047|1.998|0.000|\(String(format: "%.3f", best))|–|1|1234|\(holders) of 2048|0|0|25|9|0")
        #expect(dom.contains("data-ready=\"true\""))
        #expect(!log.contains("CONSOLE"), "\(log)")
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
}
