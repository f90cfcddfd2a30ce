import Foundation
import Reporting

/// Groups of pictures: a CSV with the columns `file` and `group`. A file's path starts at the CSV's folder.
package struct GroupsFile {
    /// In the order of the file.
    let pictures: [(path: String, group: String)]
    /// The groups' names, in the order in which they come.
    let groups: [String]

    /// - Throws: `ExperimentError` naming the line and what was expected.
    package init(_ path: String) throws {
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw ExperimentError("--groups \(path): cannot be read: \(reason(error))")
        }
        let table: CSV
        do { table = try CSV(text, name: path) } catch let error as TableError {
            throw ExperimentError(
                "\(path)\(error.line.map { ":\($0)" } ?? ""): \(error.reason); expected a CSV with the columns file and group"
            )
        }
        let header = table.header.map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
        guard let files = header.firstIndex(of: "file"), let names = header.firstIndex(of: "group") else {
            throw ExperimentError(
                "\(path):1: the columns are \(table.header.joined(separator: ", ")); expected file and group")
        }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var seen: Set<String> = [], groups: [String] = []
        pictures = try table.rows.enumerated().map { index, row in
            let group = row[names].trimmingCharacters(in: .whitespaces), file = row[files]
            guard !group.isEmpty, !file.isEmpty else {
                throw ExperimentError("\(path):\(index + 2): expected a file and its group")
            }
            let whole = file.hasPrefix("/") ? file : folder + "/" + file
            guard FileManager.default.fileExists(atPath: whole) else {
                throw ExperimentError(
                    "\(path):\(index + 2): \(file) is not there; paths start at the folder of the CSV, \(folder)")
            }
            guard seen.insert(whole).inserted else {
                throw ExperimentError("\(path):\(index + 2): a second row for \(file)")
            }
            if !groups.contains(group) { groups.append(group) }
            return (whole, group)
        }
        guard groups.count > 1 else {
            throw ExperimentError(
                "\(path): expected at least two groups, found \(groups.isEmpty ? "none" : groups[0] + " alone")")
        }
        self.groups = groups
    }
}
