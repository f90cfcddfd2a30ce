import Fingerprints

/// The tidy files that programs read, and their way back.
extension RecallTable {
    private static let columns = [
        "experiment", "method", "k", "recall", "low", "high", "filters", "pairs", "published",
    ]

    /// A row a method and k; matrix experiments have a further column `row`.
    public var csv: String {
        let isMatrix = rows.contains { $0.row != nil }
        return CSV(
            header: Self.columns + (isMatrix ? ["row"] : []),
            rows: rows.map { row in
                let numbers = [row.recall, row.low, row.high].map { fixed($0, Decimals.stored) }
                return [experiment, row.method, String(row.k)] + numbers
                    + [String(row.filters), String(row.pairs), fixed(row.published, Decimals.stored)]
                    + (isMatrix ? [row.row ?? ""] : [])
            }
        ).text
    }

    /// `{"schema": 1, "experiment", "rows": […]}`, with `title`, `concepts`, `footnotes`, and `row` in matrix
    /// experiments.
    public var json: String {
        func number(_ value: Double?) -> Value { rounded(value, Decimals.stored).map(Value.double) ?? .null }
        let lines = rows.map { row -> Value in
            var members: [String: Value] = [
                "method": .string(row.method), "k": .int(row.k), "recall": number(row.recall), "low": number(row.low),
                "high": number(row.high), "filters": .int(row.filters), "pairs": .int(row.pairs),
                "published": number(row.published),
            ]
            if let name = row.row { members["row"] = .string(name) }
            return .object(members)
        }
        let value: Value = [
            "schema": 1, "experiment": .string(experiment), "title": .string(title),
            "concepts": .string(concepts.rawValue), "rows": .array(lines),
            "footnotes": .array(footnotes.map(Value.string)), "warnings": .array(warnings.map(Value.string)),
        ]
        return value.json(pretty: true) + "\n"
    }

    /// Reads `recall.csv`.
    /// - Parameter name: the file, for errors.
    /// - Throws: `TableError`.
    public init(csv text: String, name: String) throws {
        let table = try CSV(text, name: name)
        guard table.header.starts(with: Self.columns) else {
            throw TableError(
                file: name, line: 1, reason: "the columns are not \(Self.columns.joined(separator: ","))")
        }
        let isMatrix = table.header.count > Self.columns.count
        let rows = try table.rows.enumerated().map { index, cells in
            func number(_ column: Int) throws -> Double? {
                if cells[column].isEmpty { return nil }
                guard let number = Double(cells[column]) else {
                    throw TableError(
                        file: name, line: index + 2, reason: "\(Self.columns[column]) is no number: \(cells[column])")
                }
                return number
            }
            func count(_ column: Int) throws -> Int {
                guard let count = Int(cells[column]) else {
                    throw TableError(
                        file: name, line: index + 2, reason: "\(Self.columns[column]) is no count: \(cells[column])")
                }
                return count
            }
            return RecallRow(
                row: isMatrix ? cells[Self.columns.count] : nil, method: cells[1], k: try count(2),
                recall: try number(3),
                low: try number(4), high: try number(5), filters: try count(6), pairs: try count(7),
                published: try number(8))
        }
        self.init(experiment: table.rows.first?[0] ?? "", title: table.rows.first?[0] ?? "", rows: rows)
    }

    /// Reads `recall.json`.
    /// - Parameter name: the file, for errors.
    /// - Throws: `TableError`.
    public init(json text: String, name: String) throws {
        let document = try TableDocument(json: text, name: name)
        let rows = try document.rows.enumerated().map { index, line in
            guard let method = line["method"]?.stringValue, let k = line["k"]?.intValue else {
                throw document.fail("rows[\(index)] has no method or no k")
            }
            return RecallRow(
                row: line["row"]?.stringValue, method: method, k: k, recall: line["recall"]?.doubleValue,
                low: line["low"]?.doubleValue, high: line["high"]?.doubleValue, filters: line["filters"]?.intValue ?? 0,
                pairs: line["pairs"]?.intValue ?? 0, published: line["published"]?.doubleValue)
        }
        self.init(
            experiment: document.experiment, title: document.title,
            concepts: document.value["concepts"]?.stringValue.flatMap(ConceptShare.init) ?? .all, rows: rows,
            footnotes: document.value["footnotes"]?.arrayValue?.compactMap(\.stringValue) ?? [],
            warnings: document.value["warnings"]?.arrayValue?.compactMap(\.stringValue) ?? [])
    }
}
