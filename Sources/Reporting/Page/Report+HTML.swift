import Fingerprints

extension Report {
    /// The page: one file without network, fonts or scripts from elsewhere. Pictures are where their sheets' `source` says.
    public var html: String { opening + Self.closing }

    /// What ends the page.
    public static let closing = "</body>\n</html>\n"

    /// A JPEG in the page itself, to stand between `opening` and `closing`: read when a sheet with the source `#id` is shown.
    public static func embedded(_ id: String, base64: String) -> String {
        "<script type=\"text/plain\" id=\"\(escaped(id))\">\(base64)</script>\n"
    }

    /// The page but for its end.
    public var opening: String {
        let sections = [recallSection, claimSection, trainingSection, plotSection, filterSection, stageSection, provenanceSection]
        let present = sections.compactMap { $0 }
        let links = present.map { "<a href=\"#\($0.id)\">\($0.title)</a>" }.joined(separator: "\n")
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <link rel="icon" href="data:,">
            <title>\(escaped(title))</title>
            <style>
            \(ReportAssets.style)</style>
            </head>
            <body>
            <header>
            <p class="experiment">\(escaped(experiment))</p>
            <h1>\(escaped(title))</h1>
            \(list(facts))
            <nav>
            \(links)
            </nav>
            </header>
            <main>
            \(present.map { "<section id=\"\($0.id)\">\n<h2>\($0.title)</h2>\n\($0.body)</section>\n" }.joined())</main>
            <script type="application/json" id="filter-data">\(filterData)</script>
            <script>
            \(ReportAssets.script)</script>

            """
    }

    private struct Section {
        let id: String, title: String, body: String
    }

    private func list(_ facts: [Fact]) -> String {
        guard !facts.isEmpty else { return "" }
        return "<dl>\n" + facts.map { "<dt>\(escaped($0.name))</dt><dd>\(escaped($0.value))</dd>\n" }.joined() + "</dl>\n"
    }

    private var recallSection: Section? {
        guard !tables.isEmpty else { return nil }
        let body = tables.map { table in
            let heading = table.concepts == .all ? "" : "<h3>Among the \(table.concepts.rawValue) concepts</h3>\n"
            let notes = table.footnotes.map { "<li>\(escaped($0))</li>" }.joined()
            return heading + table.textTable.html + (notes.isEmpty ? "" : "<ul class=\"notes\">\(notes)</ul>\n")
        }
        return Section(
            id: "recall", title: "Recall",
            body: "<p>Mean over the (filter, image) pairs with a ground truth, with the 95 % interval over filters.</p>\n"
                + body.joined() + moreTables.map { "<h3>\(escaped($0.title))</h3>\n" + $0.table.html }.joined())
    }

    private var claimSection: Section? {
        guard let claims, !claims.claims.isEmpty else { return nil }
        let items = claims.claims.map { checked in
            var detail: [String] = []
            if case .recall(_, _, _, let published, let margin) = checked.claim {
                detail.append("published \(fixed(published, Decimals.shown)) ± \(fixed(margin, Decimals.shown))")
            }
            if let ours = checked.ours {
                detail.append(
                    "ours \(fixed(ours.value, Decimals.shown)) "
                        + "[\(fixed(ours.low, Decimals.shown)), \(fixed(ours.high, Decimals.shown))]")
            }
            detail += [checked.note, checked.source].filter { !$0.isEmpty }
            let row = checked.row.map { "\(escaped($0)): " } ?? ""
            return "<li><span class=\"verdict \(checked.verdict.rawValue)\">\(checked.verdict.rawValue)</span> "
                + "<strong>\(row)\(escaped(checked.claim.text))</strong> <span class=\"quiet\">\(escaped(detail.joined(separator: ", ")))</span></li>\n"
        }
        return Section(
            id: "claims", title: "Claims",
            body: "<p>\(escaped(claims.summary)).</p>\n<ul class=\"claims\">\n\(items.joined())</ul>\n")
    }

    private var trainingSection: Section? {
        guard let training, !training.rows.isEmpty else { return nil }
        return Section(
            id: "training", title: "Training",
            body: "<div class=\"figures\">\n<figure>\(training.lossPlot.svg)</figure>\n<figure>\(training.hitPlot.svg)</figure>\n</div>\n")
    }

    private var plotSection: Section? {
        guard !plots.isEmpty else { return nil }
        let figures = plots.map { "<figure>\($0.svg)</figure>\n" }.joined()
        return Section(id: "figures", title: "Figures", body: "<div class=\"figures\">\n\(figures)</div>\n")
    }

    private var stageSection: Section? {
        guard !stages.isEmpty else { return nil }
        let rows = stages.map { stage in
            let time = stage.seconds.map { fixed($0, 1) + " s" } ?? ""
            return "<tr><td>\(escaped(stage.name))</td><td>\(escaped(stage.state))</td><td class=\"number\">\(time)</td>"
                + "<td><code>\(escaped(stage.fingerprint))</code></td><td>\(escaped(stage.reason))</td></tr>\n"
        }
        let head = ["stage", "state", "time", "fingerprint", "reason"].map { "<th>\($0)</th>" }.joined()
        return Section(
            id: "stages", title: "How it was made",
            body: "<div class=\"scroll graph\">\(StageGraph(stages).svg)</div>\n<div class=\"scroll\"><table>\n<thead><tr>\(head)</tr></thead>\n"
                + "<tbody>\n\(rows.joined())</tbody>\n</table></div>\n")
    }

    private var provenanceSection: Section? {
        guard !provenance.isEmpty || !reproduce.isEmpty else { return nil }
        let commands = reproduce.isEmpty
            ? "" : "<h3>Make this page again</h3>\n<pre>\(escaped(reproduce.joined(separator: "\n")))</pre>\n"
        return Section(id: "provenance", title: "Provenance", body: list(provenance) + commands)
    }

    private var filterSection: Section? {
        guard let filters, !filters.filters.isEmpty else { return nil }
        let heads = [("filter", "filter", ""), ("words", "words", "")]
            + filters.ks.enumerated().map { ("recall\($0)", "recall@\($1)", " class=\"number\"") }
            + [("pairs", "pairs", " class=\"number\""), ("threshold", "threshold", " class=\"number\"")]
        let cells = heads.map { "<th\($0.2)><button type=\"button\" data-sort=\"\($0.0)\">\($0.1)</button></th>" }
        return Section(
            id: "filters", title: "Filters",
            body: """
                <p>\(filters.filters.count) filters\(filters.row.map { " of the row <em>\(escaped($0))</em>" } ?? "") by the words of <em>\(escaped(filters.method))</em>. Open a filter to see its words and images.</p>
                <p><input type="search" id="filter-search" placeholder="Search a word or a filter’s number" aria-label="Search filters"> <span id="filter-count" class="quiet" role="status"></span></p>
                <div class="scroll"><table id="filter-table">
                <thead><tr>\(cells.joined())</tr></thead>
                <tbody></tbody>
                </table></div>
                <noscript><p>Without scripts, see <code>filters.md</code> beside this page.</p></noscript>

                """)
    }

    /// What the page's script draws the filters from. `<` is escaped so that no text can end the script element.
    private var filterData: String {
        guard let filters, !filters.filters.isEmpty else { return "null" }
        func number(_ value: Double?, _ decimals: Int) -> Value { rounded(value, decimals).map(Value.double) ?? .null }
        let list = filters.filters.map { filter -> Value in
            var members: [String: Value] = [
                "f": .int(filter.row.filter), "t": number(filter.row.threshold, 4), "p": .int(filter.row.pairs),
                "r": .array(filter.row.recall.map { number($0, Decimals.shown) }),
                "w": .array(filter.row.words.map { [.string($0.text), .int($0.frequency), number($0.similarity, 3)] }),
                "i": .array(filter.images.map {
                    [.string($0.id), number($0.maximum, 2), .array($0.words.map(Value.string)), .array($0.truth.map(Value.string))]
                }),
            ]
            if let sheet = filter.pictures {
                members["s"] = [
                    .string(sheet.source), .int(sheet.columns), .int(sheet.count), .int(sheet.side), .int(sheet.gap),
                ]
            }
            return .object(members)
        }
        let data: Value = ["ks": .array(filters.ks.map(Value.int)), "filters": .array(list)]
        return data.json(pretty: false).replacing("<", with: "\\u003c")
    }
}

extension TextTable {
    /// The table in HTML; wide ones scroll on their own.
    var html: String {
        func cell(_ tag: String, _ index: Int, _ text: String) -> String {
            "<\(tag)\(index < textColumns ? "" : " class=\"number\"")>\(text)</\(tag)>"
        }
        let head = columns.enumerated().map { cell("th", $0, escaped($1)) }.joined()
        let body = rows.map { row in
            "<tr>" + row.enumerated().map { cell("td", $0, $1.html) }.joined() + "</tr>\n"
        }
        return "<div class=\"scroll\"><table>\n<thead><tr>\(head)</tr></thead>\n<tbody>\n\(body.joined())</tbody>\n</table></div>\n"
    }
}

extension TextTable.Cell {
    fileprivate var html: String {
        shown(missing: "–") { "<strong>\($0)</strong> <span class=\"quiet\">[\($1), \($2)]</span>" } text: { escaped($0) }
    }
}
