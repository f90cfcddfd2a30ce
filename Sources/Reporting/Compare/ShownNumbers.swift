import Foundation

/// The numbers that a table for people shows, held against those of the file for programs beside it.
public enum ShownNumbers {
    /// The first row of a Markdown or LaTeX table whose numbers are not those of its CSV, as far as they are shown; nil
    /// where all agree.
    /// - Parameters:
    ///   - table: the files' name: `recall`, `recall-seen`, `recall-unseen`, `deviations`, `seeds` or `filters`.
    ///   - text: `recall.md`'s or `recall.tex`'s.
    public static func disagreement(of text: String, with csv: CSV, table: String) -> String? {
        let expected = expected(csv, table)
        // A table of scores has one of their differences below it.
        let shown = scoreTables.contains(table) ? Array(rows(of: text).prefix(expected.count)) : rows(of: text)
        guard shown.count == expected.count else { return "\(shown.count) rows, not \(expected.count)" }
        for (cells, wanted) in zip(shown, expected) {
            let beside = cells.indices.filter { $0 >= wanted.words && !wanted.unknown.contains($0) }
            let own = beside.map { cells[$0] }.flatMap {
                numbers(in: $0, onlyBracketed: table == "filters" && $0.contains("("))
            }
            guard own.count == wanted.numbers.count, zip(own, wanted.numbers).allSatisfy(agree) else {
                return cells.prefix(wanted.words).joined(separator: ", ")
            }
        }
        return nil
    }

    private static let scoreTables = ["faithfulness", "planted", "agreement"]

    private struct Row {
        /// Cells from the left that hold words.
        var words: Int
        var numbers: [Double]
        /// Cells whose numbers the file for programs does not have.
        var unknown = 0..<0
    }

    private static func expected(_ csv: CSV, _ table: String) -> [Row] {
        func numbers(_ cells: [String], _ columns: [String]) -> [Double] {
            columns.compactMap { column in csv.header.firstIndex(of: column).flatMap { Double(cells[$0]) } }
        }
        switch table {
        case "deviations":
            let columns = ["recall", "low", "high", "change", "change_low", "change_high"]
            return csv.rows.map { Row(words: 1, numbers: numbers($0, columns)) }
        case "seeds":
            return groups(csv, ["method"]).map { group in
                Row(
                    words: 1,
                    numbers: group.flatMap { numbers($0, ["mean", "sd", "published"]) } + numbers(group[0], ["seeds"])
                )
            }
        case "filters":
            // By frequency, corr and IoU, which came with the lifts.
            let unknown = csv.header.contains("lifts") ? 2..<5 : 0..<0
            return csv.rows.map { Row(words: 1, numbers: filterNumbers(csv, $0), unknown: unknown) }
        case _ where scoreTables.contains(table):
            let names = csv.header.contains("row") ? ["row", "explanation"] : ["explanation"]
            // A row of the file for programs is one metric's; the table has a column for each, in the order in which
            // they come.
            let column = csv.header.firstIndex(of: "metric") ?? 0
            let order = groups(csv, ["metric"]).map { $0[0][column] }
            return groups(csv, names).map { group in
                let cells = order.compactMap { metric in group.first { $0[column] == metric } }
                return Row(words: names.count, numbers: cells.flatMap { numbers($0, ["score", "low", "high"]) })
            }
        default:
            let isMatrix = csv.header.contains("row")
            return groups(csv, isMatrix ? ["row", "method"] : ["method"]).map { group in
                Row(
                    words: isMatrix ? 2 : 1,
                    numbers: group.flatMap { numbers($0, ["recall", "low", "high", "published"]) }
                        + numbers(group[0], ["filters", "pairs"]))
            }
        }
    }

    /// Rows that have the same names, in the order of the first; in a group by k.
    private static func groups(_ csv: CSV, _ names: [String]) -> [[[String]]] {
        let columns = names.compactMap(csv.header.firstIndex), k = csv.header.firstIndex(of: "k")
        var order: [[String]] = [], groups: [[String]: [[String]]] = [:]
        for row in csv.rows {
            let key = columns.map { row[$0] }
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append(row)
        }
        return order.map { key in
            (groups[key] ?? []).sorted { a, b in k.map { (Int(a[$0]) ?? 0) < (Int(b[$0]) ?? 0) } ?? false }
        }
    }

    /// The first five words' frequency, cosine and lift, or ten words' without lifts; recall, pairs and threshold.
    private static func filterNumbers(_ csv: CSV, _ row: [String]) -> [Double] {
        func list(_ column: String) -> [Double] {
            csv.header.firstIndex(of: column).map { row[$0].split(separator: " ").compactMap { Double($0) } } ?? []
        }
        let counts = list("frequencies"), similarities = list("similarities"), lifts = list("lifts")
        let shown = zip(counts, similarities).enumerated().prefix(csv.header.contains("lifts") ? 5 : 10)
        let words = shown.flatMap { place, word in
            [word.0, word.1] + (lifts.count == counts.count ? [lifts[place]] : [])
        }
        return words + csv.header.filter { $0.hasPrefix("recall@") }.flatMap(list) + list("pairs") + list("threshold")
    }

    /// The rows of a table, without its header.
    private static func rows(of text: String) -> [[String]] {
        let lines = text.split(separator: "\n").map(String.init)
        if let start = lines.firstIndex(of: "\\midrule"), let end = lines.firstIndex(of: "\\bottomrule") {
            return lines[lines.index(after: start)..<end].map { $0.components(separatedBy: " & ") }
        }
        return lines.filter { $0.hasPrefix("| ") }.dropFirst(2).map { line in
            line.dropFirst(2).dropLast(2).components(separatedBy: " | ")
        }
    }

    private struct Number {
        var value: Double
        var decimals: Int
    }

    private static func numbers(in cell: String, onlyBracketed: Bool) -> [Number] {
        // A filter's words may have digits of their own: `mp3 (4, 0.21), …`.
        let parts =
            onlyBracketed
            ? cell.split(separator: ")").compactMap { $0.split(separator: "(").last.map(String.init) } : [cell]
        let words = parts.flatMap { $0.split { !($0.isASCII && ($0.isNumber || $0 == "." || $0 == "-")) } }
        return words.compactMap { word in
            Double(word).map {
                Number(
                    value: $0,
                    decimals: word.split(separator: ".", omittingEmptySubsequences: false).dropFirst().first?.count
                        ?? 0)
            }
        }
    }

    private static func agree(_ shown: Number, _ value: Double) -> Bool {
        var unit = 1.0
        for _ in 0..<shown.decimals { unit /= 10 }
        return shown.decimals == 0 ? shown.value == value : (shown.value - value).magnitude <= unit / 2 + 1e-6
    }
}
