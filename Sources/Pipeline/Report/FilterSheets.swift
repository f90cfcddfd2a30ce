import Foundation
import Imaging
import LaViSE
import Reporting

/// A filter's thumbnails in one JPEG.
struct Sheet: Sendable {
    let name: String
    /// How many thumbnails it has.
    let pictures: Int
    let bytes: Int
    /// The small pictures of the list.
    let strip: String
    let stripBytes: Int
}

/// Draws every filter's sheet, a row of the matrix after the other. Rows whose filters see the same are drawn once.
struct FilterSheets {
    /// Filters drawn at once: 25 thumbnails each take 80 MB.
    private static let block = 64

    private let folder: String
    private let threads: Int
    private var drawn: [(features: String, summary: MapSummary)] = []
    /// Of every row so far, of every filter; nil for a filter without images.
    private(set) var rows: [[Sheet?]] = []

    init(folder: String, threads: Int) {
        self.folder = folder
        self.threads = threads
    }

    /// - Parameter features: path of the row's `features.h5`.
    mutating func draw(_ results: VariantResults, features: String, progress: (Int) -> Void) throws {
        let summary = results.evaluation.summary
        if let same = drawn.firstIndex(where: { $0.features == features && $0.summary == summary }) {
            drawn.append((features, summary))
            return rows.append(rows[same])
        }
        let pictures = try ReportPictures(results, features: features)
        let filters = summary.filters
        let prefix = rows.isEmpty ? "" : "\(rows.count)-"
        var sheets: [Sheet?] = []
        for start in stride(from: 0, to: filters.count, by: Self.block) {
            let block = start..<min(start + Self.block, filters.count)
            for (filter, images) in zip(
                filters[block], try pictures.heatMaps(block, side: PictureSheet.side, threads: threads))
            {
                guard !images.isEmpty else {
                    sheets.append(nil)
                    continue
                }
                let (sheet, strip) = PictureSheet.drawn(images)
                let names = (sheet: "\(prefix)filter-\(filter).jpg", strip: "\(prefix)strip-\(filter).jpg")
                sheets.append(
                    Sheet(
                        name: names.sheet, pictures: images.count, bytes: try write(sheet, names.sheet),
                        strip: names.strip, stripBytes: try write(strip, names.strip)))
            }
            progress(block.upperBound)
        }
        drawn.append((features, summary))
        rows.append(sheets)
    }

    /// - Returns: the bytes written.
    private func write(_ picture: RGBImage, _ name: String) throws -> Int {
        let jpeg = try encodeJPEG(picture, quality: 80)
        try Data(jpeg).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        return jpeg.count
    }
}
