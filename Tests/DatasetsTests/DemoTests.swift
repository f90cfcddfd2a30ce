import Datasets
import Foundation
import Imaging
import Testing

@Suite struct DemoTests {
    let folder = TemporaryFolder()

    private func draw(_ name: String, seed: UInt64) throws -> String {
        let path = folder.path + "/" + name
        try DemoScenes(seed: seed, training: 12, validation: 5).write(to: path)
        return path
    }

    private func bytes(_ path: String) throws -> [String: Data] {
        let names = try #require(FileManager.default.subpaths(atPath: path))
        return Dictionary(uniqueKeysWithValues: names.compactMap { name in FileManager.default.contents(atPath: path + "/" + name).map { (name, $0) } })
    }

    @Test func aSeedGivesItsBytes() throws {
        let one = try bytes(draw("one", seed: 3))
        #expect(try bytes(draw("two", seed: 3)) == one && one.count == 12 + 5 + 3)
        #expect(try bytes(draw("three", seed: 4))["train2017/000000000001.jpg"] != one["train2017/000000000001.jpg"])
    }

    @Test func isACOCODatasetWithWordVectors() throws {
        let root = try draw("scenes", seed: 0)
        var words: [String] = [], vectors: [String: [Float]] = [:]
        try GloveReader(root + "/glove.txt").forEach { words.append($0); vectors[$0] = Array($1) }
        #expect(words.count > 300 && Set(words).count == words.count && vectors["apple"]?.count == DemoScenes.dimensions)
        let annotations = [(Split.train, root + "/annotations/instances_train2017.json"), (.validation, root + "/annotations/instances_val2017.json")]
        let dataset = try COCODataset(annotations: annotations, imageFolders: [(.train, root + "/train2017"), (.validation, root + "/val2017")],
                                      hasVector: { vectors[$0] != nil }, rules: DatasetRules())
        #expect(dataset.concepts.count == 48)
        var samples = 0
        for (row, image) in dataset.images.enumerated() {
            let pixels = try decodeJPEG(image.file)
            for sample in try dataset.samples(ofImage: row, width: pixels.width, height: pixels.height) {
                samples += sample.mask.isEmpty ? 0 : 1
            }
        }
        #expect(samples > 2 * dataset.images.count)
        let json = try String(contentsOfFile: annotations[0].1, encoding: .utf8)
        #expect(json.contains(#""counts":["#), "an uncompressed RLE")
        #expect(json.contains(#""counts":""#), "a compressed RLE")
        #expect(json.contains(#""segmentation":[["#), "a polygon")
    }

    @Test func relatedWordsAreNear() throws {
        let root = try draw("words", seed: 1)
        var vectors: [String: [Float]] = [:]
        try GloveReader(root + "/glove.txt").forEach { vectors[$0] = Array($1) }
        func cosine(_ a: String, _ b: String) throws -> Float {
            let a = try #require(vectors[a]), b = try #require(vectors[b])
            func dot(_ x: [Float], _ y: [Float]) -> Float { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
            return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
        }
        #expect(try cosine("apple", "pear") > 0.4 && cosine("apple", "orchard") > 0.4)
        #expect(try abs(cosine("apple", "train")) < 0.25 && abs(cosine("apple", "court")) < 0.25)
    }

    /// The compressed string is what pycocotools writes for the same runs (golden: masks.txt).
    @Test func compressesAsPycocotools() {
        let lines = fixtureLines("masks.txt")
        var checked = 0
        for (runs, string) in zip(lines, lines.dropFirst()) where runs[0] == "runs" && string[0] == "string" {
            #expect(RunLengthMask.compress(runs[4...].map { Int($0)! }) == string[4])
            checked += 1
        }
        #expect(checked == 40)
    }
}
