import Foundation

/// A document with sections between `<!-- NAME -->` and `<!-- end NAME -->` that programs write.
struct Document {
    let path: String

    func replace(_ name: String, with text: String) throws {
        let start = "<!-- \(name) -->\n", end = "<!-- end \(name) -->"
        let whole = try String(contentsOfFile: path, encoding: .utf8)
        guard let from = whole.range(of: start), let to = whole.range(of: end, range: from.upperBound..<whole.endIndex)
        else {
            throw BenchError("\(path) has no lines \(start.dropLast()) and \(end): put them where the section belongs")
        }
        try whole.replacingCharacters(in: from.upperBound..<to.lowerBound, with: text).write(
            toFile: path, atomically: true, encoding: .utf8)
    }
}
