import Fingerprints

/// The tidy files that programs read.
extension CollectedTable {
    private struct Entry {
        let row: PublishedTable.Row, method: String, published: Double?, ours: Number?

        var numbers: [Double?] { [published, ours?.value, ours?.low, ours?.high] }
    }

    /// A published number each, with what `pick` says its column is; nil leaves the column out.
    private func entries<T>(_ pick: (PublishedTable.Measure) -> T?) -> [(entry: Entry, of: T)] {
        zip(published.rows, ours).flatMap { row, ours in
            published.columns.enumerated().compactMap { index, column in
                pick(column.measure).map {
                    (Entry(row: row, method: column.method, published: row.values[index], ours: ours[index]), $0)
                }
            }
        }
    }

    private var recalls: [(entry: Entry, of: Int)] { entries { if case .recall(let k) = $0 { k } else { nil } } }

    private var agreements: [(entry: Entry, of: String)] {
        entries { if case .agreement(let metric) = $0 { metric } else { nil } }
    }

    /// The table as `tables --json` has it: in `rows` an entry a published recall, in `agreement` one of another measure;
    /// null where the experiment was not run.
    public var value: Value {
        func members(_ entry: Entry, _ name: String) -> [String: Value] {
            let numbers = entry.numbers.map { rounded($0, Decimals.stored).map(Value.double) ?? .null }
            let keys = ["published", name, "low", "high"]
            return [
                "experiment": .string(entry.row.experiment), "row": .string(entry.row.label),
                "method": .string(entry.method),
            ].merging(zip(keys, numbers)) { $1 }
        }
        return [
            "name": .string(published.name), "source": .string(published.source),
            "caption": .string(published.caption),
            "rows": .array(
                recalls.map { .object(members($0.entry, "recall").merging(["k": .int($0.of)]) { $1 }) }),
            "agreement": .array(
                agreements.map { .object(members($0.entry, "score").merging(["metric": .string($0.of)]) { $1 }) }),
        ]
    }

    /// By their names: `NAME.csv` has a row a published recall, `NAME-agreement.csv` one a number of another measure.
    public var csvs: [(name: String, text: String)] {
        func csv<T>(_ header: [String], _ entries: [(entry: Entry, of: T)], _ text: (T) -> String) -> String? {
            let rows = entries.map { entry, of in
                [entry.row.experiment, entry.row.label, entry.method, text(of)]
                    + entry.numbers.map { fixed($0, Decimals.stored) }
            }
            return rows.isEmpty
                ? nil : CSV(header: ["experiment", "row", "method"] + header + ["low", "high"], rows: rows).text
        }
        return [
            (published.name, csv(["k", "published", "recall"], recalls) { String($0) }),
            ("\(published.name)-agreement", csv(["metric", "published", "score"], agreements) { $0 }),
        ].compactMap { name, text in text.map { (name, $0) } }
    }
}
