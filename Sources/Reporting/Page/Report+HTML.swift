import Fingerprints

extension Report {
    /// The page: one file without network, fonts or scripts from elsewhere. Pictures are where their sheets' `source`
    /// says.
    public var html: String { opening + Self.closing }

    /// What ends the page.
    public static let closing = "</body>\n</html>\n"

    /// A JPEG in the page itself, to stand between `opening` and `closing`: read when a sheet with the source `#id` is
    /// shown.
    public static func embedded(_ id: String, base64: String) -> String {
        "<script type=\"text/plain\" id=\"\(escaped(id))\">\(base64)</script>\n"
    }

    /// The page but for its end.
    public var opening: String {
        let sections = [
            differenceSection, ownPictureSection, filterSection, conceptSection, comparisonSection, recallSection,
            scoreSection,
            claimSection, trainingSection, plotSection, stageSection, provenanceSection,
        ]
        let present = sections.compactMap { $0 }
        let links = present.map { "<a href=\"#\($0.id)\">\($0.title)</a>" }.joined(separator: "\n")
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="\(policy)">
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
            \(list(facts))\(linkList)</header>
            <nav aria-label="Sections">
            \(links)
            </nav>
            <main>
            \(present.map { "<section id=\"\($0.id)\">\n<h2>\($0.title)</h2>\n\($0.body)</section>\n" }.joined())</main>
            \(filters.map { $0.rows.isEmpty ? "" : ReportData(experiment: experiment, filters: $0).html } ?? "")<script>
            \(ReportAssets.script)</script>
            \(isServed ? "<script>\n\(ReportAssets.servedScript)</script>\n" : "")
            """
    }

    /// What the page may load: pictures beside it, and nothing from anywhere else.
    private var policy: String {
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
            + (isServed ? "connect-src 'self'; img-src 'self' data: blob:; " : "img-src 'self' file: data: blob:; ")
            + "base-uri 'none'; form-action 'none'"
    }

    struct Section {
        let id: String, title: String, body: String
    }

    private func list(_ facts: [Fact]) -> String {
        guard !facts.isEmpty else { return "" }
        return "<dl>\n" + facts.map { "<dt>\(escaped($0.name))</dt><dd>\(escaped($0.value))</dd>\n" }.joined()
            + "</dl>\n"
    }

    private var linkList: String {
        guard !links.isEmpty else { return "" }
        let items = links.map { "<a href=\"\(escaped($0))\">\(escaped($0))</a>" }
        return "<p>Tables beside this page: \(items.joined(separator: ", "))</p>\n"
    }

    private var differenceSection: Section? {
        guard let differences else { return nil }
        let body = differences.rows.isEmpty ? "<p>The experiments say the same.</p>\n" : differences.html
        return Section(id: "differences", title: "What differs", body: body)
    }

    private var recallSection: Section? {
        guard !tables.isEmpty || !moreTables.isEmpty else { return nil }
        let body = tables.map { table in
            let heading = table.concepts == .all ? "" : "<h3>Among the \(table.concepts.rawValue) concepts</h3>\n"
            let notes = table.footnotes.map { "<li>\(escaped($0))</li>" }.joined()
            return heading + table.textTable.html + (notes.isEmpty ? "" : "<ul class=\"notes\">\(notes)</ul>\n")
        }
        return Section(
            id: "recall", title: "Recall",
            body:
                "<p>Mean over the (filter, image) pairs with a ground truth, with the 95 % interval over filters.</p>\n"
                + body.joined() + moreTables.map { "<h3>\(escaped($0.title))</h3>\n" + $0.table.html }.joined())
    }

    private var scoreSection: Section? {
        guard !scores.isEmpty else { return nil }
        let body = scores.map { title, table in
            let changes =
                table.differences.map {
                    "<details><summary>\(escaped(table.differencesCaption))</summary>\n\($0.html)</details>\n"
                } ?? ""
            let notes = table.footnotes.map { "<li>\(escaped($0))</li>" }.joined()
            return "<h3>\(escaped(title))</h3>\n<p>\(escaped(table.caption)).</p>\n" + table.textTable.html + changes
                + (notes.isEmpty ? "" : "<ul class=\"notes\">\(notes)</ul>\n")
        }
        return Section(id: "evidence", title: "Evidence", body: body.joined())
    }

    private var comparisonSection: Section? {
        comparison.map { Section(id: "comparison", title: "Comparison", body: $0.html) }
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
            detail += checked.differs.map { ["not as the source: \($0)"] } ?? []
            let row = checked.row.map { "\(escaped($0)): " } ?? ""
            return "<li><span class=\"verdict\">\(checked.verdictText)</span> "
                + "<strong>\(row)\(escaped(checked.claim.text))</strong> <span class=\"quiet\">\(escaped(detail.joined(separator: ", ")))</span></li>\n"
        }
        return Section(
            id: "claims", title: "Claims",
            body: "<p>\(escaped(claims.summary)).</p>\n<ul class=\"claims\">\n\(items.joined())</ul>\n")
    }

    private var trainingSection: Section? {
        let figures = training.enumerated().filter { !$1.rows.isEmpty }.map { index, table in
            let best =
                table.best.map {
                    "<p class=\"quiet\">The epoch with the lowest validation loss, \($0), is the trained explainer.</p>\n"
                } ?? ""
            return "<div data-training=\"\(index)\"\(index == 0 ? "" : " hidden")>\n\(best)<div class=\"figures\">\n"
                + "<figure>\(table.lossPlot.svg)</figure>\n<figure>\(table.hitPlot.svg)</figure>\n</div>\n</div>\n"
        }
        return figures.isEmpty ? nil : Section(id: "training", title: "Training", body: figures.joined())
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
            return
                "<tr><td>\(escaped(stage.name))</td><td class=\"\(escaped(stage.state))\">\(escaped(stage.state))</td>"
                + "<td class=\"number\">\(time)</td><td>\(escaped(stage.made))</td>"
                + "<td><code>\(escaped(stage.fingerprint))</code></td><td>\(escaped(stage.reason))</td></tr>\n"
        }
        let isFresh = stages.allSatisfy { $0.state == "fresh" }
        let head = ["stage", "state", "time", "made", "fingerprint", isFresh ? "it ran because of" : "because of"]
            .map { "<th>\($0)</th>" }.joined()
        return Section(
            id: "stages", title: "How it was made",
            body:
                "<div class=\"made\">\n<div class=\"graph\">\(StageGraph(stages).svg)</div>\n<div class=\"scroll\"><table>\n"
                + "<thead><tr>\(head)</tr></thead>\n<tbody>\n\(rows.joined())</tbody>\n</table></div>\n</div>\n")
    }

    private var provenanceSection: Section? {
        guard !provenance.isEmpty || !reproduce.isEmpty else { return nil }
        let commands =
            reproduce.isEmpty
            ? "" : "<h3>Make this page again</h3>\n<pre>\(escaped(reproduce.joined(separator: "\n")))</pre>\n"
        return Section(id: "provenance", title: "Provenance", body: list(provenance) + commands)
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
        return
            "<div class=\"scroll\"><table>\n<thead><tr>\(head)</tr></thead>\n<tbody>\n\(body.joined())</tbody>\n</table></div>\n"
    }
}

extension TextTable.Cell {
    fileprivate var html: String {
        shown(missing: "–") {
            "<strong>\($0)</strong> <span class=\"quiet\">[\($1), \($2)]</span>"
        } text: {
            escaped($0)
        }
    }
}
