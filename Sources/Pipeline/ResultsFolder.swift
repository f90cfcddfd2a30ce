import Foundation
import Reporting

extension RecallTable {
    /// The recall table of a results folder, or of a `.csv` or `.json` file.
    /// - Throws: `ExperimentError` when there is none, `TableError` when it cannot be read as one.
    public init(resultsAt path: String) throws {
        let file = path.hasSuffix(".csv") || path.hasSuffix(".json") ? path : path + "/recall.json"
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw ExperimentError("\(file): no such table; name a results folder, recall.csv or recall.json")
        }
        try self.init(text, file: file)
    }

    private init(_ text: String, file: String) throws {
        self = try file.hasSuffix(".csv") ? RecallTable(csv: text, name: file) : RecallTable(json: text, name: file)
    }
}
