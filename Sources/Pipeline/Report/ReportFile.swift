import Foundation
import Reporting

/// `report.html` with its pictures: in it where they are few, or else in a folder beside it.
struct ReportFile {
    /// Above this many bytes pictures lie in a folder beside the page.
    private static let mostBytesOfOneFile = 20_000_000

    let place: ResultsPlace
    /// The page's name without `.html`; its pictures lie in `NAME-images`.
    let name: String
    /// Whether pictures go into the page whatever their size.
    let singleFile: Bool

    /// Writes the page; all of it is there at once, when it is whole.
    /// - Parameter make: draws the pictures into a folder, and returns the page without them and, for every row of its
    ///   filters, every filter's sheet.
    /// - Throws: what `make` throws; `ResultsError`.
    func write(_ make: (_ folder: String) throws -> (page: Report, sheets: [[Sheet?]])) throws -> WrittenReport {
        let page = name + ".html"
        let images = name + "-images"
        return try place.unit().publish([page, images]) { folder in
            let files = FileManager.default
            let pictures = "\(folder)/\(images)"
            try files.createDirectory(atPath: pictures, withIntermediateDirectories: true)
            var (report, rows) = try make(pictures)
            let sheets = rows.flatMap { $0 }.compactMap { $0 }.reduce(into: [String: Int]()) {
                $0[$1.name] = $1.bytes
                $0[$1.strip] = $1.stripBytes
            }
            let pictureBytes = sheets.values.reduce(0, +)
            report.show(rows, at: "#")
            let isOneFile =
                singleFile
                || pictureBytes / 3 * 4 + report.opening.utf8.count <= Self.mostBytesOfOneFile
            if !isOneFile {
                let escaped = images.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? images
                report.show(rows, at: escaped + "/")
            }
            let bytes = try write(
                report, to: "\(folder)/\(page)", embedding: isOneFile ? sheets.keys.sorted() : [], from: pictures)
            if isOneFile { try files.removeItem(atPath: pictures) }
            return WrittenReport(
                page: "\(place.folder)/\(page)", bytes: bytes + (isOneFile ? 0 : pictureBytes),
                pictures: isOneFile ? nil : "\(place.folder)/\(images)")
        }
    }

    /// The page piece by piece: with all pictures of a large layer it has hundreds of megabytes.
    private func write(
        _ report: Report, to page: String, embedding names: [String], from folder: String
    ) throws -> Int {
        try Data(report.opening.utf8).write(to: URL(fileURLWithPath: page))
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: page))
        try handle.seekToEnd()
        for name in names {
            let picture = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
            try handle.write(contentsOf: Data(Report.embedded(name, base64: picture.base64EncodedString()).utf8))
        }
        try handle.write(contentsOf: Data(Report.closing.utf8))
        let bytes = try handle.offset()
        try handle.close()
        return Int(bytes)
    }
}

extension Report {
    /// Says where the sheets of every row's filters are: `base` and their names.
    fileprivate mutating func show(_ sheets: [[Sheet?]], at base: String) {
        for (row, own) in sheets.enumerated() {
            for (index, sheet) in own.enumerated() {
                filters?.rows[row].filters[index].pictures = sheet.map {
                    PictureSheet(source: base + $0.name, strip: base + $0.strip, count: $0.pictures)
                }
            }
        }
    }
}
