import Engine
import Foundation
import HDF5
import Imaging
import LaViSE
import Networks
import Tensors

/// What a filter sees in a picture of the user's.
public struct SeenInPicture: Sendable {
    /// The channel.
    public let filter: Int
    /// The highest activation as a multiple of the filter's threshold T_u: above 1 the filter is active in the picture.
    /// nil where the threshold is not above 0, as of a filter that hardly ever fires: then no multiple says anything.
    public let strength: Double?
    /// Share of the picture's area where the filter is active.
    public let area: Double
    /// The nearest words with their cosines, nearest first.
    public let words: [(text: String, similarity: Double)]
    /// Where the filter is active, and beside it the values of its map.
    public let heatMap: RGBImage
}

extension SeenInPicture {
    /// The heat map with what is to be said of it.
    public func tile(of picture: String) -> RGBImage {
        heatMap.labelled([
            "filter \(filter): "
                + (strength.map { String(format: "%.2f of its threshold", $0) } ?? "no threshold above 0"),
            words.prefix(4).map(\.text).joined(separator: ", "), picture,
        ])
    }
}

extension FilterExplainer {
    /// Explains a picture with the trained explainer, as evaluation does its images, but upright where EXIF says how to
    /// turn it.
    /// - Parameters:
    ///   - filters: which; nil for the `count` that are the most active in the picture, of those whose threshold is
    ///     above 0.
    /// - Throws: `ExperimentError`, `ImagingError`.
    public func explain(picture path: String, filters: [Int]?, count: Int) throws -> [SeenInPicture] {
        let rule = results.experiment.backbone.preprocessing.crop, source = try self.source()
        let picture = try decodeUprightImage(path).centreCrop(rule)
        let summary = results.evaluation.summary, shape = source.shapes[0], positions = shape.height * shape.width
        let features = Array(try source.features(pixels: picture.pixels, count: 1)[0])
        let maps = results.units?.directions.maps(of: features, positions: positions) ?? features
        func peak(_ index: Int) -> Float {
            maps[summary.filters[index] * positions..<(summary.filters[index] + 1) * positions].max() ?? 0
        }
        let ranking = PictureRanking(peaks: summary.filters.indices.map(peak), thresholds: summary.thresholds)
        let chosen = try filters?.map(results.index(ofFilter:)) ?? Array(ranking.order.prefix(count))
        guard !chosen.isEmpty else {
            throw ExperimentError(
                "no filter of \(state.file.name) has a threshold above 0: none can be ranked; name one with --filter"
            )
        }

        let explainer = try ExplainerFile.explainer(state.path(of: files.explainer))
        let embedding = try EmbeddingFile(state.path(of: files.embedding), concepts: results.dataset.concepts)
        let (vocabulary, _) = try files.evaluate.vocabulary(
            embedding, embedding.rows(of: results.dataset.concepts),
            entities: state.path(of: .entities, into: files.evaluation.job))
        var options = files.evaluate.options(threads: threads)
        options.methods = [method]
        options.wordsPerImage = max(options.wordsPerImage, count)
        let firstUnit = results.units?.directions.channels ?? 0
        let shown = MapSummary(
            filters: chosen.map { summary.filters[$0] + firstUnit }, imagesPerFilter: 1,
            topImages: [Int32](repeating: 0, count: chosen.count),
            maxima: chosen.map(peak), thresholds: chosen.map { summary.thresholds[$0] })
        let one = OnePicture(
            picture: picture, maps: features, shape: shape, source: source,
            normalisation: results.experiment.backbone.preprocessing.normalisation, explainer: explainer)
        let data: any EvaluationData =
            try results.units.map {
                try DirectedImages(one, $0.directions, isFlat: options.flattenFeatures)
            } ?? one
        let said = try LaViSE.explain(data, summary: shown, vocabulary: vocabulary, options: options)
        let upsampling = Upsampling(height: shape.height, width: shape.width, side: picture.width),
            s = said.wordsPerImage
        return chosen.enumerated().map { place, index in
            let filter = summary.filters[index]
            let values = upsampling.apply(maps[filter * positions..<(filter + 1) * positions])
            let region = Bitmap(Region(values, above: summary.thresholds[index], side: picture.width))
            let words = said.methods[0].words[place * s..<(place + 1) * s],
                cosines = said.methods[0].similarities[place * s..<(place + 1) * s]
            return SeenInPicture(
                filter: filter, strength: ranking.strength(index),
                area: Double(region.count) / Double(picture.width * picture.height),
                words: zip(words, cosines).map { (embedding.words[Int($0)], Double($1)) },
                heatMap: picture.heatMap(of: region).beside(picture.heatMap(of: values, most: values.max() ?? 0)))
        }
    }

    /// What evaluation's maps come from.
    func source() throws -> any FeatureSource {
        let extraction = files.extraction, job = files.features.job
        return try extraction.model.only(results.experiment.backbone.layer).source(
            file: state.path(of: .model, into: job), weights: state.path(of: .weights, into: job),
            probes: extraction.parameters.probedBatchNorm ? 2 : 0)
    }

    /// Filters that cannot be ranked in any picture: their threshold is not above 0.
    public var unranked: Int { results.evaluation.summary.thresholds.count { $0 <= 0 } }
}

/// Filters by how far they exceed their threshold in a picture.
package struct PictureRanking: Sendable {
    /// The highest activation of every filter in the picture, and its threshold T_u.
    let peaks: [Float], thresholds: [Float]

    package init(peaks: [Float], thresholds: [Float]) {
        self.peaks = peaks
        self.thresholds = thresholds
    }

    /// The peak as a multiple of the threshold; nil where that is not above 0.
    package func strength(_ index: Int) -> Double? {
        thresholds[index] > 0 ? Double(peaks[index]) / Double(thresholds[index]) : nil
    }

    /// Indices of the filters that have a strength, the highest first; of equals the lower index.
    package var order: [Int] {
        peaks.indices.compactMap { index in strength(index).map { (index: index, strength: $0) } }
            .sorted { (-$0.strength, $0.index) < (-$1.strength, $1.index) }.map(\.index)
    }
}

/// One picture without annotations, as evaluation reads images.
private struct OnePicture: EvaluationData {
    let picture: RGBImage
    let maps: [Float]
    let shape: FeatureShape
    let source: any FeatureSource
    let normalisation: Normalisation
    let explainer: Explainer

    var imageCount: Int { 1 }
    var side: Int { picture.width }
    var channels: Int { shape.channels }
    var mapHeight: Int { shape.height }
    var mapWidth: Int { shape.width }
    var imagesAtOnce: Int { source.imagesAtOnce }

    func maps(_ image: Int, into out: UnsafeMutablePointer<Float>) { out.update(from: maps, count: maps.count) }

    func image(_ image: Int, into out: UnsafeMutablePointer<Float>) {
        normalisation.apply(picture.pixels, places: picture.width * picture.height, into: out)
    }

    func truth(_ image: Int) -> [TruthSample] { [] }

    func features(of images: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) throws {
        try source.features(maskedImages: images, count: count, into: out)
    }

    func explain(_ inputs: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) {
        explainer.predict(inputs, count: count, into: out)
    }
}
