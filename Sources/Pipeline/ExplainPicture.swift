import Engine
import Foundation
import HDF5
import Imaging
import LaViSE
import Networks
import Tensors

/// What a filter sees in a picture of the user's.
public struct SeenInPicture: Sendable {
    public let filter: Int
    /// The highest activation as a multiple of the filter's threshold T_u: above 1 the filter is active in the picture.
    public let strength: Double
    /// Share of the picture's area where the filter is active.
    public let area: Double
    /// The nearest words with their cosines, nearest first.
    public let words: [(text: String, similarity: Double)]
    public let heatMap: RGBImage
}

extension FilterExplainer {
    /// Explains a JPEG with the trained explainer, as evaluation does its images.
    /// - Parameters:
    ///   - filters: which; nil for the `count` that are the most active in the picture.
    /// - Throws: `ExperimentError`, `ImagingError`.
    public func explain(picture path: String, filters: [Int]?, count: Int) throws -> [SeenInPicture] {
        let own = experiment.variants[variant]
        guard let evaluate = experiment.plan.job(own.evaluate)?.stage as? EvaluateStage,
              let features = experiment.plan.job(own.features)?.stage as? FeaturesStage else { return [] }
        let backbone = try features.model.backbone(weights: input("weights", of: own.features), probes: features.probed ? 2 : 0)
        let picture = try decodeJPEG(path).centreCrop224()
        let summary = results.evaluation.summary, shape = backbone.shape, positions = shape.height * shape.width
        var maps = [Float](repeating: 0, count: shape.count)
        picture.pixels.withUnsafeBufferPointer { backbone.features(pixels: $0.baseAddress!, into: &maps) }
        func peak(_ index: Int) -> Float { maps[summary.filters[index] * positions..<(summary.filters[index] + 1) * positions].max() ?? 0 }
        func strength(_ index: Int) -> Double { Double(peak(index)) / Double(max(summary.thresholds[index], .leastNormalMagnitude)) }
        let chosen = try filters?.map(results.index(ofFilter:))
            ?? Array(summary.filters.indices.sorted { (strength($1), $0) < (strength($0), $1) }.prefix(count))

        let explainer = try Explainer(from: HDF5File.open(experiment.path(of: TrainStage.explainerName, own.train, jobs)))
        let embedding = try EmbeddingFile(experiment.path(of: EmbeddingFile.name, own.embedding, jobs))
        let vocabulary = try evaluate.vocabulary(embedding, embedding.rows(of: results.dataset.concepts), entities: input("entities", of: own.evaluate))
        var options = evaluate.options(threads: threads)
        options.methods = [method]
        let shown = MapSummary(
            filters: chosen.map { summary.filters[$0] }, imagesPerFilter: 1, topImages: [Int32](repeating: 0, count: chosen.count),
            maxima: chosen.map(peak), thresholds: chosen.map { summary.thresholds[$0] })
        let data = OnePicture(picture: picture, maps: maps, backbone: backbone, explainer: explainer)
        let said = try LaViSE.explain(data, summary: shown, vocabulary: vocabulary, options: options)
        let upsampling = Upsampling(height: shape.height, width: shape.width), s = said.wordsPerImage
        return chosen.enumerated().map { place, index in
            let filter = summary.filters[index]
            let region = Bitmap(upsampling.region(maps[filter * positions..<(filter + 1) * positions], above: summary.thresholds[index]))
            let words = said.methods[0].words[place * s..<(place + 1) * s], cosines = said.methods[0].similarities[place * s..<(place + 1) * s]
            return SeenInPicture(
                filter: filter, strength: strength(index), area: Double(region.count) / Double(Region.pixels),
                words: zip(words, cosines).map { (embedding.words[Int($0)], Double($1)) }, heatMap: picture.heatMap(of: region))
        }
    }

    /// The path of a job's input.
    private func input(_ name: String, of job: String) throws -> String {
        switch experiment.plan.job(job)?.inputs.first(where: { $0.name == name })?.source {
        case .file(let path)?: return path
        case .output(let source, let output)?: return try experiment.path(of: output, source, jobs)
        case nil: throw ExperimentError("\(job) has no input \(name); run the experiment again")
        }
    }
}

/// One picture without annotations, as evaluation reads images.
private struct OnePicture: EvaluationData {
    let picture: RGBImage
    let maps: [Float]
    let backbone: Backbone
    let explainer: Explainer

    var imageCount: Int { 1 }
    var channels: Int { backbone.shape.channels }
    var mapHeight: Int { backbone.shape.height }
    var mapWidth: Int { backbone.shape.width }

    func maps(_ image: Int, into out: UnsafeMutablePointer<Float>) { out.update(from: maps, count: maps.count) }

    func image(_ image: Int, into out: UnsafeMutablePointer<Float>) {
        picture.pixels.withUnsafeBufferPointer { Backbone.normalise(pixels: $0.baseAddress!, into: out) }
    }

    func truth(_ image: Int) -> [TruthSample] { [] }

    func features(of image: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>) { backbone.features(maskedImage: image, into: out) }

    func explain(_ inputs: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) { explainer.predict(inputs, count: count, into: out) }
}
