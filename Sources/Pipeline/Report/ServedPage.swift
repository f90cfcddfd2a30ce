import Datasets
import Engine
import Foundation
import Imaging
import LaViSE
import Reporting

/// An experiment's page whose pictures are drawn when they are asked for.
public final class ServedPage: Sendable {
    private let page: ReportPage
    private let results: [VariantResults]
    private let pictures: [ReportPictures]

    /// - Throws: `ExperimentError` when a stage is not fresh.
    public init(_ page: ReportPage) throws {
        let results = try page.state.results()
        self.page = page
        self.results = results
        pictures = try page.rows.map { try ReportPictures(results[$0], features: page.features(ofRow: $0)) }
    }

    /// The page. Its pictures are at `sheet/ROW/FILTER.jpg` beside it, rows counted from 0.
    /// - Throws: what reading the results throws.
    public func html(arguments: [String]) throws -> String {
        var report = try page.report(results, arguments, links: [])
        for (place, row) in page.rows.enumerated() {
            let summary = results[row].evaluation.summary
            let p = summary.imagesPerFilter
            for index in summary.filters.indices {
                let count = (index * p..<(index + 1) * p).count { summary.topImages[$0] >= 0 }
                report.filters?.rows[place].filters[index].pictures =
                    count == 0
                    ? nil
                    : PictureSheet(
                        source: "sheet/\(place)/\(summary.filters[index]).jpg",
                        strip: "strip/\(place)/\(summary.filters[index]).jpg", count: count)
            }
        }
        report.isServed = true
        return report.html
    }

    /// A filter's thumbnails as a JPEG.
    /// - Parameter row: counted from 0 among those that are shown.
    /// - Throws: `ExperimentError` for a row or filter that there is not.
    public func sheet(row: Int, filter: Int) throws -> [UInt8] {
        try encodeJPEG(PictureSheet.drawn(heatMaps(row, filter)).sheet, quality: 80)
    }

    /// The first of a filter's thumbnails, small, as a JPEG.
    /// - Throws: as `sheet`.
    public func strip(row: Int, filter: Int) throws -> [UInt8] {
        try encodeJPEG(PictureSheet.drawn(heatMaps(row, filter)).strip, quality: 80)
    }

    private func heatMaps(_ row: Int, _ filter: Int) throws -> [RGBImage] {
        let index = try place(row, filter)
        return try pictures[row].heatMaps(index..<index + 1, side: PictureSheet.side, threads: 1)[0]
    }

    /// One of a filter's images whole: as the page outlines it beside the activation itself, as a PNG.
    /// - Parameter rank: from 0, the image with the highest activation.
    /// - Throws: `ExperimentError` for a row, filter or image that there is not.
    public func map(row: Int, filter: Int, rank: Int) throws -> [UInt8] {
        let index = try place(row, filter)
        guard let picture = try pictures[row].wholeMap(index, rank: rank) else {
            throw ExperimentError("filter \(filter) has no image \(rank)")
        }
        return try encodePNG(picture)
    }

    /// What the filters of a row see in a picture of the user's.
    /// - Parameters:
    ///   - file: path of the picture.
    ///   - method: by its name; nil for the row's own.
    ///   - filters: which; nil for the `count` most active.
    /// - Throws: `ExperimentError`, `ImagingError`.
    public func explain(picture file: String, row: Int, method: String?, filters: [Int]?, count: Int) throws
        -> [SeenInPicture]
    {
        guard pictures.indices.contains(row) else { throw ExperimentError("there is no row \(row)") }
        let label = page.state.file.label(page.rows[row])
        let explainer = try FilterExplainer(
            page.state, method: method, row: label, threads: page.threads)
        return try explainer.explain(picture: file, filters: filters, count: count)
    }

    private func place(_ row: Int, _ filter: Int) throws -> Int {
        guard pictures.indices.contains(row) else { throw ExperimentError("there is no row \(row)") }
        return try results[page.rows[row]].index(ofFilter: filter)
    }
}

extension ReportPictures {
    /// The crop with the region outlined, and beside it the crop under the activation in colours; nil for no such
    /// image.
    func wholeMap(_ index: Int, rank: Int) throws -> RGBImage? {
        let place = index * summary.imagesPerFilter + rank
        guard (0..<summary.imagesPerFilter).contains(rank), summary.topImages[place] >= 0 else { return nil }
        let row = Int(summary.topImages[place])
        let positions = maps.shape.height * maps.shape.width
        var features = [Float](repeating: 0, count: maps.shape.count)
        try maps.read(row, into: &features)
        let channel = summary.filters[index]
        let values = Upsampling(height: maps.shape.height, width: maps.shape.width, side: dataset.side).apply(
            features[channel * positions..<(channel + 1) * positions])
        let picture = RGBImage(width: dataset.side, height: dataset.side, pixels: try dataset.readPixels(row))
        let region = Bitmap(Region(values, above: summary.thresholds[index], side: dataset.side))
        return .grid([picture, picture.heatMap(of: region), picture.coloured(by: values)], columns: 3)
    }
}
