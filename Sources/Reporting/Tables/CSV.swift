/// A comma-separated table as RFC 4180 has it, with LF line ends.
public struct CSV: Sendable, Equatable {
    /// The columns' names.
    public var header: [String]
    /// A cell a column each.
    public var rows: [[String]]

    /// - Parameter rows: each as long as the header.
    public init(header: [String], rows: [[String]]) {
        self.header = header
        self.rows = rows
    }

    /// The file's content; cells with commas, quotes or line ends are quoted.
    public var text: String {
        ([header] + rows).map { $0.map(Self.quoted).joined(separator: ",") + "\n" }.joined()
    }

    private static func quoted(_ cell: String) -> String {
        guard cell.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return cell }
        return "\"" + cell.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
    }

    /// Reads a table; every row must be as long as the header.
    /// - Parameter name: the file, for errors.
    /// - Throws: `TableError` with the line.
    public init(_ text: String, name: String) throws {
        var reader = Reader(text: Array(text.unicodeScalars))
        var records: [(line: Int, cells: [String])] = []
        while let record = try reader.record(name: name) { records.append(record) }
        guard let header = records.first?.cells else {
            throw TableError(file: name, line: 1, reason: "the table is empty")
        }
        for record in records.dropFirst() where record.cells.count != header.count {
            throw TableError(
                file: name, line: record.line, reason: "\(record.cells.count) cells under \(header.count) columns")
        }
        self.header = header
        rows = records.dropFirst().map(\.cells)
    }

    private struct Reader {
        let text: [Unicode.Scalar]
        var at = 0
        var line = 1

        mutating func record(name: String) throws -> (line: Int, cells: [String])? {
            guard at < text.count else { return nil }
            let first = line
            var cells: [String] = []
            while true {
                cells.append(try cell(name: name))
                guard at < text.count else { return (first, cells) }
                let end = text[at]
                at += 1
                if end == "," { continue }
                if end == "\r", at < text.count, text[at] == "\n" { at += 1 }
                line += 1
                return (first, cells)
            }
        }

        private mutating func cell(name: String) throws -> String {
            var cell = String.UnicodeScalarView()
            guard at < text.count, text[at] == "\"" else {
                while at < text.count, text[at] != ",", text[at] != "\n", text[at] != "\r" {
                    cell.append(text[at])
                    at += 1
                }
                return String(cell)
            }
            let first = line
            at += 1
            while at < text.count {
                let scalar = text[at]
                at += 1
                if scalar == "\"" {
                    guard at < text.count, text[at] == "\"" else { return String(cell) }
                    at += 1
                }
                if scalar == "\n" { line += 1 }
                cell.append(scalar)
            }
            throw TableError(file: name, line: first, reason: "a quote that never closes")
        }
    }
}

/// Why a results file is no table.
public struct TableError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file as it was given.
    public let file: String
    /// From 1; nil where the fault has no line.
    public let line: Int?
    /// What is wrong, without file and line.
    public let reason: String

    init(file: String, line: Int? = nil, reason: String) {
        self.file = file
        self.line = line
        self.reason = reason
    }

    /// `FILE:LINE: `, the reason, and what to do.
    public var description: String {
        "\(file)\(line.map { ":\($0)" } ?? ""): \(reason); write the results again with `lavise-pipeline run`"
    }
}
