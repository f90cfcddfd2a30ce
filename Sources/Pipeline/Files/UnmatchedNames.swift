import Datasets
import HDF5

/// Categories and synsets without a concept as `dataset.h5` keeps them, and as they are told:
/// `/unmatched/{name, match} string [U], annotations int64 [U]`; the group is absent where every name has a concept.
/// `/partly` has the same of names that lost some of their words; `match` are those that they kept.
package enum UnmatchedNames {
    package static let none = "unmatched", partly = "partly"

    package static func write(_ names: [UnmatchedName], to file: HDF5File, group: String = none) throws {
        guard !names.isEmpty else { return }
        try file.write("\(group)/name", strings: names.map(\.name))
        try file.write("\(group)/annotations", names.map { Int64($0.annotations) })
        try file.write("\(group)/match", strings: names.map { $0.match ?? "" })
    }

    package static func read(from file: HDF5File, group: String = none) throws -> [UnmatchedName] {
        guard try file.children().contains(group) else { return [] }
        let names = try file.readStrings("\(group)/name"), matches = try file.readStrings("\(group)/match")
        let annotations: [Int64] = try file.read("\(group)/annotations")
        return zip(zip(names, matches), annotations).map {
            UnmatchedName(name: $0.0, annotations: Int($1), match: $0.1.isEmpty ? nil : $0.1)
        }
    }

    /// One sentence about names that lost some of their words; nil where there are none.
    package static func partNote(_ names: [UnmatchedName], most: Int) -> String? {
        guard !names.isEmpty else { return nil }
        let told = names.prefix(most).map { name in
            let count = "\(name.annotations) annotation\(name.annotations == 1 ? "" : "s")"
            return "\(printable(name.name)) (\(count)) is taken as \(printable(name.match ?? ""))"
        }
        let rest = names.count - told.count
        return "\(names.count) names have a word without a vector, which is left out of them: "
            + told.joined(separator: ", ") + (rest > 0 ? ", and \(rest) more (/partly in dataset.h5)" : "")
    }

    /// One sentence about all of them; the `most` with the most annotations by name. nil where there are none.
    package static func note(_ names: [UnmatchedName], most: Int) -> String? {
        guard !names.isEmpty else { return nil }
        let told = names.prefix(most).map { name in
            let count = "\(name.annotations) annotation\(name.annotations == 1 ? "" : "s")"
            return "\(printable(name.name)) (\(count))" + (name.match.map { ": did you mean \(printable($0))?" } ?? "")
        }
        let total = names.reduce(0) { $0 + $1.annotations }, rest = names.count - told.count
        let way = names.contains { $0.match != nil } ? "; dataset.words=folded takes those that have a match" : ""
        return "\(names.count) names have no word vector, \(total) annotations are left out with them: "
            + told.joined(separator: ", ")
            + (rest > 0 ? ", and \(rest) more (/unmatched in dataset.h5)" : "") + way
    }

}

/// A text without characters that act on a terminal, and with blanks that can be told apart.
func printable(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: "\\u{\(String(scalar.value, radix: 16))}"
        case .spaceSeparator where scalar != " ": "\\u{\(String(scalar.value, radix: 16))}"
        default: String(Character(scalar))
        }
    }.joined()
}
