import Foundation
import LaViSE
import Reporting

/// Another tool's labels of a layer's units: a CSV with the columns `unit` and `description`, as CLIP-Dissect, MILAN
/// and INVERT ship them; where it has a column `layer`, the rows of this layer.
package struct LabelFile {
    /// By unit.
    let descriptions: [Int: String]

    /// - Throws: `ExperimentError` naming the file, the line and what was expected.
    package init(_ path: String, layer: String, channels: Int) throws {
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw ExperimentError("\(path): cannot be read: \(reason(error))")
        }
        let table: CSV
        do { table = try CSV(text, name: path) } catch let error as TableError {
            throw ExperimentError(
                "\(error.file)\(error.line.map { ":\($0)" } ?? ""): \(error.reason); expected a CSV with the columns unit and description"
            )
        }
        let header = table.header.map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
        guard let units = header.firstIndex(of: "unit"), let texts = header.firstIndex(of: "description") else {
            throw ExperimentError(
                "\(path):1: the columns are \(table.header.joined(separator: ", ")); expected unit and description among them"
            )
        }
        let layers = header.firstIndex(of: "layer"),
            named = layers.map { column in Set(table.rows.map { $0[column] }) } ?? []
        // A file of one layer may call it as it likes.
        let isFiltered = named.count > 1
        if isFiltered, !named.contains(layer) {
            throw ExperimentError(
                "\(path): describes the layers \(named.sorted().joined(separator: ", ")), and none is \(layer)")
        }
        var found: [Int: String] = [:]
        for (index, row) in table.rows.enumerated() where !isFiltered || row[layers ?? 0] == layer {
            guard let unit = Int(row[units].trimmingCharacters(in: .whitespaces)), (0..<channels).contains(unit) else {
                throw ExperimentError(
                    "\(path):\(index + 2): unit is \"\(row[units])\", expected a number from 0 to \(channels - 1)")
            }
            guard found.updateValue(row[texts], forKey: unit) == nil else {
                throw ExperimentError("\(path):\(index + 2): a second description of unit \(unit)")
            }
        }
        guard !found.isEmpty else { throw ExperimentError("\(path): no unit is described") }
        descriptions = found
    }

    /// What the file says, in concepts: a description that is one, or else those among its words, in their order.
    /// - Returns: the explanations, and what names no concept.
    package func explanations(named name: String, units: [Int], concepts: [String]) -> (
        WordExplanations, EvidenceFile.Tool
    ) {
        let numbers = Dictionary(
            concepts.enumerated().map { ($1.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
        var tool = EvidenceFile.Tool(name: name, unnamed: 0, first: "")
        let words = units.map { unit -> [WordExplanations.Word] in
            guard let description = descriptions[unit] else { return [] }
            let found = Self.concepts(in: description, numbers)
            guard found.isEmpty else { return found.map { .init(concept: $0, weight: 1) } }
            if tool.unnamed == 0 { tool.first = description }
            tool.unnamed += 1
            return [.init(concept: nil, weight: 1)]
        }
        return (WordExplanations(name: name, words: words), tool)
    }

    private static func concepts(in description: String, _ numbers: [String: Int]) -> [Int] {
        let text = description.lowercased().trimmingCharacters(in: .whitespacesAndNewlines)
        for whole in [text, text.replacingOccurrences(of: "_", with: " ")] {
            if let number = numbers[whole] { return [number] }
        }
        var found: [Int] = []
        for word in text.split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "-" && $0 != "'" }) {
            if let number = numbers[String(word)], !found.contains(number) { found.append(number) }
        }
        return found
    }
}
