import Imaging
import LaViSE
import Tensors

/// Heat maps of filters in their top images: the region where the map exceeds the threshold bright and outlined, the
/// rest dimmed.
struct ReportPictures: Sendable {
    let dataset: DatasetFile
    let maps: MapFile
    let summary: MapSummary

    /// - Parameter features: path of `features.h5`.
    init(_ results: VariantResults, features: String) throws {
        dataset = results.images
        maps = try MapFile(features, units: results.units?.directions)
        summary = results.evaluation.summary
    }

    /// The top images of the filter at `index`, best first: where it is active, and beside it the values of its map, in
    /// the colours of one scale for all.
    func tiles(ofFilter index: Int, threads: Int) throws -> [RGBImage] {
        let p = summary.imagesPerFilter, rows = summary.topImages[index * p..<(index + 1) * p].filter { $0 >= 0 }
        let upsampling = Upsampling(height: maps.shape.height, width: maps.shape.width, side: dataset.side),
            positions = maps.shape.height * maps.shape.width
        let channel = summary.filters[index], most = summary.maxima[index * p]
        let drawn = SharedResults<RGBImage>(count: rows.count)
        try concurrently(rows.count, threads: threads) { i in
            let picture = RGBImage(
                width: dataset.side, height: dataset.side, pixels: try dataset.readPixels(Int(rows[i])))
            var features = [Float](repeating: 0, count: maps.shape.count)
            try maps.read(Int(rows[i]), into: &features)
            let values = upsampling.apply(features[channel * positions..<(channel + 1) * positions])
            drawn[i] = picture.heatMap(
                of: Bitmap(Region(values, above: summary.thresholds[index], side: picture.width))
            )
            .beside(picture.heatMap(of: values, most: most))
        }
        return drawn.values
    }

    /// The heat maps of the filters at `indices`, each filter's best image first; every image is read once.
    /// - Parameter side: pixels a side, at most the crop's.
    func heatMaps(_ indices: Range<Int>, side: Int, threads: Int) throws -> [[RGBImage]] {
        let p = summary.imagesPerFilter
        let first = indices.lowerBound * p
        var places: [Int32: [Int]] = [:]
        for place in first..<indices.upperBound * p where summary.topImages[place] >= 0 {
            places[summary.topImages[place], default: []].append(place)
        }
        let images = places.sorted { $0.key < $1.key }
        let drawn = SharedResults<RGBImage>(count: indices.count * p)
        let upsampling = Upsampling(height: maps.shape.height, width: maps.shape.width, side: dataset.side)
        let positions = maps.shape.height * maps.shape.width
        try concurrently(images.count, threads: threads) { i in
            let (row, places) = images[i]
            let picture = RGBImage(
                width: dataset.side, height: dataset.side, pixels: try dataset.readPixels(Int(row)))
            var features = [Float](repeating: 0, count: maps.shape.count)
            try maps.read(Int(row), into: &features)
            for place in places {
                let channel = summary.filters[place / p]
                let region = upsampling.region(
                    features[channel * positions..<(channel + 1) * positions], above: summary.thresholds[place / p])
                drawn[place - first] = picture.heatMap(of: Bitmap(region)).resized(width: side, height: side)
            }
        }
        return (0..<indices.count).map { filter in (filter * p..<(filter + 1) * p).compactMap { drawn[$0] } }
    }
}

extension Bitmap {
    init(_ region: Region) {
        self.init(width: region.side, height: region.side)
        bits = region.bits
    }
}
