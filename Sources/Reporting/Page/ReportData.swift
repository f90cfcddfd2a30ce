import Fingerprints

/// What the page's script reads: one JSON document for what it needs at once, and one each for what it reads when it is
/// first looked at, so that a layer of thousands of filters is there at once.
struct ReportData {
    private let experiment: String
    private let filters: ReportFilters
    private let ids: [String: Int]
    private let words: [String]

    init(experiment: String, filters: ReportFilters) {
        self.experiment = experiment
        self.filters = filters
        var ids: [String: Int] = [:]
        var words: [String] = []
        func note(_ word: String) {
            guard ids[word] == nil else { return }
            ids[word] = words.count
            words.append(word)
        }
        for row in filters.rows {
            for explanation in row.methods.lazy.flatMap(\.explanations) {
                explanation.words.forEach { note($0.text) }
                for list in explanation.nearest { list.forEach(note) }
            }
            for image in row.filters.lazy.flatMap(\.images) { image.truth.forEach(note) }
            row.base.keys.sorted().forEach(note)
        }
        self.ids = ids
        self.words = words
    }

    /// The script elements.
    var html: String {
        var html = element("page-data", page)
        for (index, row) in filters.rows.enumerated() {
            html += element("row-\(index)", data(of: row))
            html += element(
                "images-\(index)",
                list(row.filters) { filter in
                    list(filter.images) { "[\(text($0.id)),\(number($0.maximum, 2)),\(list($0.truth, id))]" }
                })
            for (place, method) in row.methods.enumerated() {
                html += element("said-\(index)-\(place)", data(of: method))
                html += element(
                    "near-\(index)-\(place)", list(method.explanations) { list($0.nearest) { list($0, id) } })
            }
        }
        return html
    }

    private var page: String {
        let rows = list(filters.rows) { row in
            let labels = list(row.labels) { "[\(text($0.name)),\(text($0.value))]" }
            return
                "{\"name\":\(text(row.name)),\"labels\":\(labels),\"layer\":\(text(row.layer)),\"seed\":\(text(row.seed)),"
                + "\"methods\":\(list(row.methods) { text($0.name) }),\"shown\":\(row.shownMethod)}"
        }
        let categories = filters.categories.sorted { $0.key < $1.key }.map { "\(text($0.key)):\(text($0.value))" }
        let isAnnotated = filters.rows.contains(where: \.isAnnotated)
        return
            "{\"experiment\":\(text(experiment)),\"ks\":\(list(filters.ks, String.init)),\"words\":\(list(words, text)),"
            + "\"categories\":\(categories.isEmpty ? "null" : "{\(categories.joined(separator: ","))}"),"
            + "\"paired\":\(filters.isPaired),\"annotated\":\(isAnnotated),\"embedded\":\(isEmbedded),\"rows\":\(rows)}"
    }

    private var isEmbedded: Bool {
        filters.rows.contains { $0.filters.contains { $0.pictures?.source.hasPrefix("#") == true } }
    }

    private func data(of row: ReportRow) -> String {
        let hasPictures = row.filters.contains { $0.pictures != nil }
        let sheets =
            "{\"columns\":\(PictureSheet.columns),\"side\":\(PictureSheet.side),\"gap\":0,"
            + "\"names\":\(list(row.filters) { $0.pictures.map { text($0.source) } ?? "null" }),"
            + "\"stripSide\":\(PictureSheet.stripSide),"
            + "\"strips\":\(list(row.filters) { $0.pictures.map { text($0.strip) } ?? "null" }),"
            + "\"counts\":\(list(row.filters) { String($0.pictures?.count ?? 0) })}"
        return
            "{\"n\":\(list(row.filters) { String($0.number) }),\"t\":\(list(row.filters) { number($0.threshold, 4) }),"
            + "\"p\":\(list(row.filters) { String($0.pairs) }),\"annotated\":\(row.isAnnotated),"
            + "\"base\":\(list(row.base.sorted { $0.key < $1.key }) { "[\(id($0.key)),\(number($0.value, 4))]" }),"
            + "\"s\":\(hasPictures ? sheets : "null")}"
    }

    private func data(of method: ReportMethod) -> String {
        let said = list(method.explanations) { explanation in
            list(explanation.words) { word in
                let scores = word.scores.map { "," + number($0, 4) }.joined()
                return
                    "[\(id(word.text)),\(word.images),\(number(word.similarity, 3)),\(number(word.lift, 3)),\(word.seen)\(scores)]"
            }
        }
        return
            "{\"columns\":\(list(method.scores, text)),\"v\":\(list(method.explanations) { String($0.verdict.rawValue) }),"
            + "\"r\":\(list(method.explanations) { list($0.recall) { number($0, Decimals.shown) } }),\"w\":\(said)}"
    }

    private func element(_ id: String, _ json: String) -> String {
        "<script type=\"application/json\" id=\"\(id)\">\(json)</script>\n"
    }

    private func id(_ word: String) -> String { String(ids[word] ?? 0) }

    private func list<S: Sequence>(_ items: S, _ text: (S.Element) -> String) -> String {
        "[" + items.map(text).joined(separator: ",") + "]"
    }

    private func number(_ value: Double?, _ decimals: Int) -> String {
        let text = fixed(value, decimals)
        return text.isEmpty ? "null" : text
    }

    /// A JSON string in which no text can end the script element.
    private func text(_ text: String) -> String {
        Value.string(text).json(pretty: false).replacing("<", with: "\\u003c")
    }
}
