import Foundation
import HDF5
import LaViSE
import Tensors
import Testing

/// Files of the reference data that is no part of the repository.
enum Reference {
    static let folder: String = {
        if let set = ProcessInfo.processInfo.environment["LAVISE_REFERENCE"] { return set }
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return root.appending(path: "../shared").standardizedFileURL.path
    }()

    static func has(_ file: String) -> Bool { FileManager.default.fileExists(atPath: "\(folder)/\(file)") }
    static let isThere =
        has("reference/golden-paper.h5") && has("reference/golden-fact2023.h5")
        && has("data/glove.6B.300d.sample.txt")
}

/// The oracle's run on 24 real images, without the method `image`: that one needs the backbone.
@Suite(.enabled(if: Reference.isThere, "set LAVISE_REFERENCE to the folder with reference/ and data/"))
struct GoldenTests {
    @Test(arguments: ["golden-paper", "golden-fact2023"])
    func equalsTheOracle(name: String) throws {
        let golden = try Golden("\(Reference.folder)/reference/\(name).h5")
        let evaluation = try evaluate(golden.data, vocabulary: golden.vocabulary, options: golden.options)
        let file = golden.file, p = evaluation.summary.imagesPerFilter

        for (mine, theirs) in zip(evaluation.summary.thresholds, try file.read("evaluation/threshold", as: Float.self))
        {
            #expect(abs(mine - theirs) <= 1e-5)
        }
        let topImages = try file.read("evaluation/top_images", as: Int32.self)
        #expect(topImages.count == evaluation.summary.topImages.count)
        for (place, theirs) in topImages.enumerated() {
            let row = evaluation.summary.topImages[place]
            #expect((row < 0 ? -1 : Int32(golden.rows[Int(row)])) == theirs, "filter \(place / p), rank \(place % p)")
        }
        #expect(evaluation.groundTruthCount == (try file.read("evaluation/ground_truth", as: Int32.self)))

        #expect(evaluation.methods.count == 3)
        for said in evaluation.methods {
            let words = try file.read("evaluation/\(said.method.name)/words", as: Int32.self)
            #expect(golden.wrongWords(said, words, evaluation.wordsPerImage) == 0)
            let recall = try file.read("evaluation/\(said.method.name)/recall", as: Float.self)
            #expect(recall.count == said.recall.count)
            #expect(zip(recall, said.recall).allSatisfy { $0.isNaN == $1.isNaN })
            for (column, k) in evaluation.ks.enumerated() {
                let mine = try #require(evaluation.recallSums(of: said, k: k).recall)
                let theirs = stride(from: column, to: recall.count, by: 3).map { Double(recall[$0]) }.filter {
                    !$0.isNaN
                }
                #expect(abs(mine - theirs.reduce(0, +) / Double(theirs.count)) <= 0.002, "\(said.method)@\(k)")
            }
        }
    }

    @Test func threadsDoNotChangeTheBits() throws {
        let golden = try Golden("\(Reference.folder)/reference/golden-paper.h5")
        var options = golden.options
        let one = try evaluate(golden.data, vocabulary: golden.vocabulary, options: options)
        options.threads = 3
        let three = try evaluate(golden.data, vocabulary: golden.vocabulary, options: options)
        #expect(one.summary == three.summary)
        #expect(one.groundTruth == three.groundTruth)
        for (a, b) in zip(one.methods, three.methods) {
            #expect(a.words == b.words)
            #expect(a.similarities.map(\.bitPattern) == b.similarities.map(\.bitPattern))
            #expect(a.recall.map(\.bitPattern) == b.recall.map(\.bitPattern))
        }
    }
}

/// A golden file with what the evaluation needs of it.
struct Golden {
    struct Arguments: Decodable { let deviation: [String], images: String, vocabulary: String, p: Int }

    let file: HDF5File
    let data: GoldenData
    let vocabulary: Vocabulary
    let options: EvaluationOptions
    /// Row in the file of each evaluated image.
    let rows: [Int]

    init(_ path: String) throws {
        let file = try HDF5File.open(path, trusted: true)
        let text = try file.stringAttribute("arguments", on: "/")
        let arguments = try JSONDecoder().decode(Arguments.self, from: Data(text.utf8))
        let split: [UInt8] = try file.read("images/split")
        let rows = split.indices.filter { arguments.images == "all" || split[$0] == 1 }
        self.file = file
        self.rows = rows
        data = try GoldenData(file, rows: rows)
        vocabulary = try Self.vocabulary(try file.read("concepts/word"), all: arguments.vocabulary == "embedding")
        let deviations = Set(arguments.deviation)
        options = EvaluationOptions(
            topImages: arguments.p, methods: [.original, .activation, .projection],
            quantile: deviations.contains("lowQuantile") ? EvaluationOptions.lowQuantile : 0.995,
            unnormalisedAttention: deviations.contains("unnormalisedAttention"),
            gridMaskIoU: deviations.contains("gridMaskIoU"), threads: 2)
    }

    /// The concepts' or all words of the GloVe sample; a word's id is its line.
    static func vocabulary(_ concepts: [Int32], all: Bool) throws -> Vocabulary {
        let text = try String(contentsOfFile: "\(Reference.folder)/data/glove.6B.300d.sample.txt", encoding: .utf8)
        let lines = text.split(separator: "\n")
        let ids = all ? lines.indices.map(Int32.init) : concepts
        let numbers = ids.flatMap { lines[Int($0)].split(separator: " ").dropFirst().compactMap { Float($0) } }
        return try Vocabulary(vectors: Tensor(shape: [ids.count, 300], data: numbers), ids: ids)
    }

    /// Words that differ from the oracle's for another reason than two cosines within 1e-5.
    func wrongWords(_ said: Evaluation.Method, _ theirs: [Int32], _ s: Int) -> Int {
        var wrong = 0
        for start in stride(from: 0, to: theirs.count, by: s) {
            let mine = said.words[start..<start + s]
            for i in start..<start + s where mine[i] != theirs[i] {
                // A word that is missing from ours could only tie with our last.
                let at = mine.firstIndex(of: theirs[i]) ?? start + s - 1
                if !(abs(said.similarities[at] - said.similarities[i]) < 1e-5) { wrong += 1 }
            }
        }
        return wrong
    }
}

/// The golden's features, masks and explainer.
struct GoldenData: EvaluationData {
    let channels: Int, mapHeight: Int, mapWidth: Int
    let imageCount: Int
    let side = 224
    private let features: [[Float]]
    private let truths: [[TruthSample]]
    private let layers: [String: [Float]]

    init(_ file: HDF5File, rows: [Int]) throws {
        let shape = try file.shape(of: "features")
        (channels, mapHeight, mapWidth) = (shape[1], shape[2], shape[3])
        imageCount = rows.count
        let maps = try file.dataset("features", Float.self)
        features = try rows.map { try maps.read(rows: $0..<$0 + 1) }
        let word: [Int32] = try file.read("concepts/word"), offset: [Int32] = try file.read("instances/offset")
        let concepts: [Int32] = try file.read("instances/concepts"), image: [Int32] = try file.read("instances/image")
        let packed: [UInt8] = try file.read("instances/mask224")
        truths = rows.map { row in
            image.indices.filter { image[$0] == Int32(row) }.map { k in
                let bytes = packed[k * 6272..<(k + 1) * 6272]
                return TruthSample(
                    words: concepts[Int(offset[k])..<Int(offset[k + 1])].map { word[Int($0)] },
                    mask: mask { x, y in bytes[k * 6272 + (y * 224 + x) / 8] >> UInt8(7 - x % 8) & 1 == 1 })
            }
        }
        layers = try Dictionary(
            uniqueKeysWithValues: [
                "bn1/weight", "bn1/bias", "bn1/running_mean", "bn1/running_var", "linear1/weight", "linear1/bias",
                "bn2/weight", "bn2/bias", "bn2/running_mean", "bn2/running_var", "linear2/weight", "linear2/bias",
            ].map { ($0, try file.read("explainer/\($0)")) })
    }

    func maps(_ image: Int, into: UnsafeMutablePointer<Float>) {
        into.update(from: features[image], count: features[image].count)
    }
    func image(_ image: Int, into: UnsafeMutablePointer<Float>) {}
    func truth(_ image: Int) -> [TruthSample] { truths[image] }
    func features(of images: UnsafePointer<Float>, count: Int, into: UnsafeMutablePointer<Float>) {}

    func explain(_ inputs: UnsafePointer<Float>, count: Int, into: UnsafeMutablePointer<Float>) {
        let x = Array(UnsafeBufferPointer(start: inputs, count: count * channels))
        let hidden = linear(normalised(x, "bn1"), "linear1", count).map { max($0, 0) }
        let output = linear(normalised(hidden, "bn2"), "linear2", count)
        into.update(from: output, count: output.count)
    }

    private func layer(_ name: String) -> [Float] { layers[name] ?? [] }

    private func normalised(_ x: [Float], _ name: String) -> [Float] {
        let weight = layer("\(name)/weight"), bias = layer("\(name)/bias")
        let mean = layer("\(name)/running_mean"), variance = layer("\(name)/running_var")
        return x.indices.map { i in
            let c = i % weight.count
            return (x[i] - mean[c]) / (variance[c] + 1e-5).squareRoot() * weight[c] + bias[c]
        }
    }

    private func linear(_ x: [Float], _ name: String, _ count: Int) -> [Float] {
        let weight = layer("\(name)/weight"), bias = layer("\(name)/bias")
        var y = (0..<count).flatMap { _ in bias }
        let inputs = x.count / count, outputs = bias.count
        gemm(
            transposeA: false, transposeB: true, m: count, n: outputs, k: inputs, alpha: 1, a: x, lda: inputs,
            b: weight, ldb: inputs, beta: 1, c: &y, ldc: outputs)
        return y
    }
}
