import HDF5
import LaViSE

/// `evaluation.h5`: what every filter's top images said.
///
/// `/filters/{index [U], top_images [U,p] (image rows, -1 none), maxima [U,p], threshold [U], words/<method> [U,p,s] (rows of the
/// embedding), similarity/<method> [U,p,s]}`, `/recall/<method>` [U,p,K], `/truth/{offset [U·p+1],
/// words}`, `/ks` [K], `/entities` (`UnmatchedEntities`); where the images have annotations `/scores/{concepts [C]
/// (rows of the embedding), images [1], correlation [U,C], iou [U,C]}`.
package enum EvaluationFile {
    static let name = "evaluation.h5"

    static func write(_ evaluation: Evaluation, imageRows: [Int], unmatched: UnmatchedEntities, to path: String) throws
    {
        let summary = evaluation.summary
        let u = summary.filters.count, p = summary.imagesPerFilter, s = evaluation.wordsPerImage,
            k = evaluation.ks.count
        let file = try HDF5File.create(path)
        try file.write("ks", evaluation.ks.map { Int32($0) })
        try file.write("filters/index", summary.filters.map { Int32($0) })
        try file.write(
            "filters/top_images", summary.topImages.map { $0 < 0 ? -1 : Int32(imageRows[Int($0)]) }, shape: [u, p])
        try file.write("filters/maxima", summary.maxima, shape: [u, p])
        try file.write("filters/threshold", summary.thresholds)
        for method in evaluation.methods {
            try file.write("filters/words/\(method.method.name)", method.words, shape: [u, p, s])
            try file.write("filters/similarity/\(method.method.name)", method.similarities, shape: [u, p, s])
            try file.write("recall/\(method.method.name)", method.recall, shape: [u, p, k])
        }
        var offsets: [Int32] = [0]
        for truth in evaluation.groundTruth { offsets.append(offsets[offsets.count - 1] + Int32(truth.count)) }
        try file.write("truth/offset", offsets)
        try file.write("truth/words", evaluation.groundTruth.flatMap { $0 })
        if let scores = evaluation.scores {
            let c = scores.concepts.count
            try file.write("scores/concepts", scores.concepts)
            try file.write("scores/images", [Int64(scores.images)])
            try file.write("scores/correlation", scores.correlation, shape: [u, c])
            try file.write("scores/iou", scores.intersectionOverUnion, shape: [u, c])
        }
        try unmatched.write(to: file)
        try file.close()
    }

    /// The evaluation back from its file; `topImages` are image rows of the preprocessed file.
    /// - Parameter known: the methods to look for; those that are there come out in the order of tables.
    static func read(_ path: String, methods known: [ExplanationMethod]) throws -> Evaluation {
        let file = try HDF5File.open(path)
        let ks: [Int32] = try file.read("ks"), filters: [Int32] = try file.read("filters/index")
        let offsets: [Int32] = try file.read("truth/offset"), words: [Int32] = try file.read("truth/words")
        let truth = zip(offsets, offsets.dropFirst()).map { Array(words[Int($0)..<Int($1)]) }
        var wordsPerImage = 0
        let methods = try known.inTableOrder.filter { file.contains("recall/\($0.name)") }.map { method in
            let name = method.name
            wordsPerImage = try file.shape(of: "filters/words/\(name)")[2]
            return Evaluation.Method(
                method: method, words: try file.read("filters/words/\(name)"),
                similarities: try file.read("filters/similarity/\(name)"), recall: try file.read("recall/\(name)"))
        }
        return Evaluation(
            summary: MapSummary(
                filters: filters.map { Int($0) }, imagesPerFilter: try file.shape(of: "filters/top_images")[1],
                topImages: try file.read("filters/top_images"), maxima: try file.read("filters/maxima"),
                thresholds: try file.read("filters/threshold")),
            ks: ks.map { Int($0) }, wordsPerImage: wordsPerImage, groundTruth: truth, methods: methods,
            scores: try scores(file))
    }

    private static func scores(_ file: HDF5File) throws -> ConceptScores? {
        guard try file.children().contains("scores") else { return nil }
        return ConceptScores(
            concepts: try file.read("scores/concepts"), images: try Int(file.read("scores/images", as: Int64.self)[0]),
            correlation: try file.read("scores/correlation"), intersectionOverUnion: try file.read("scores/iou"))
    }
}
