import Fingerprints

extension ScoreTable {
    /// A row an explanation and metric; matrix experiments have a further column `row`.
    public var csv: String {
        let isMatrix = rows.contains { $0.row != nil }
        return CSV(
            header: ["experiment", "explanation", "metric", "score", "low", "high", "units"]
                + (isMatrix ? ["row"] : []),
            rows: rows.map { row in
                [experiment, row.explanation, row.metric]
                    + [row.score, row.low, row.high].map { fixed($0, Decimals.stored) }
                    + [String(row.units)] + (isMatrix ? [row.row ?? ""] : [])
            }
        ).text
    }

    /// `{"schema": 1, "experiment", "title", "reference", "rows": […], "footnotes"}`; a row has its difference against
    /// the reference, where there is one.
    public var json: String {
        func number(_ value: Double?) -> Value { rounded(value, Decimals.stored).map(Value.double) ?? .null }
        let lines = rows.map { row -> Value in
            var members: [String: Value] = [
                "explanation": .string(row.explanation), "metric": .string(row.metric), "score": number(row.score),
                "low": number(row.low), "high": number(row.high), "units": .int(row.units),
            ]
            if reference != nil {
                members["difference"] = number(row.difference)
                members["difference_low"] = number(row.differenceLow)
                members["difference_high"] = number(row.differenceHigh)
            }
            if let name = row.row { members["row"] = .string(name) }
            return .object(members)
        }
        let value: Value = [
            "schema": 1, "experiment": .string(experiment), "title": .string(title), "rows": .array(lines),
            "reference": reference.map(Value.string) ?? .null, "footnotes": .array(footnotes.map(Value.string)),
        ]
        return value.json(pretty: true) + "\n"
    }

    /// Every file of the table by its name.
    public var files: [(name: String, text: String)] {
        [("md", markdown), ("csv", csv), ("tex", latex), ("json", json)].map { ("\(fileName).\($0)", $1) }
    }

    /// Reads the rows of `json`, without captions and marks.
    /// - Parameter name: the file, for errors.
    /// - Throws: `TableError`.
    public init(json text: String, name: String) throws {
        let document = try TableDocument(json: text, name: name)
        let rows = try document.rows.enumerated().map { index, line in
            guard let explanation = line["explanation"]?.stringValue, let metric = line["metric"]?.stringValue else {
                throw document.fail("rows[\(index)] has no explanation or no metric")
            }
            return ScoreRow(
                row: line["row"]?.stringValue, explanation: explanation, metric: metric,
                score: line["score"]?.doubleValue, low: line["low"]?.doubleValue, high: line["high"]?.doubleValue,
                units: line["units"]?.intValue ?? 0)
        }
        let file = name.split(separator: "/").last.map { String($0.prefix { $0 != "." }) } ?? name
        self.init(
            fileName: file, experiment: document.experiment, title: document.title, caption: "",
            rows: rows)
    }
}
