import Fingerprints

/// A table's JSON as far as it is alike in all: schema 1, an experiment and rows.
struct TableDocument {
    let value: Value
    let experiment: String
    let rows: [Value]
    private let name: String

    /// - Parameter name: the file, for errors.
    init(json text: String, name: String) throws(TableError) {
        self.name = name
        do {
            value = try Value(json: text)
        } catch {
            throw TableError(file: name, line: error.line, reason: error.message)
        }
        guard value["schema"]?.intValue == 1 else { throw TableError(file: name, reason: "schema is not 1") }
        guard let experiment = value["experiment"]?.stringValue, let rows = value["rows"]?.arrayValue else {
            throw TableError(file: name, reason: "experiment or rows is missing")
        }
        (self.experiment, self.rows) = (experiment, rows)
    }

    var title: String { value["title"]?.stringValue ?? experiment }

    func fail(_ reason: String) -> TableError { TableError(file: name, reason: reason) }
}
