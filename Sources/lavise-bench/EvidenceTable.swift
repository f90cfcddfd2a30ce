import Fingerprints
import LaViSE
import Tensors

/// What the table of evidence costs once there are maps: layers of METHOD's sizes, drawn. `bench/evidence.py` is a
/// run's by NumPy.
struct EvidenceTable {
    private static let layers = [("resnet18 layer4", 512), ("resnet50 layer4", 2048)]
    private static let images = 5000, concepts = 92

    func measure() throws -> String {
        var text =
            "| layer | units | images | concepts | maps and masks s | all metrics and rows s | sanity tests s |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        for (name, units) in Self.layers {
            let data = DrawnMaps(imageCount: Self.images, channels: units, concepts: Self.concepts),
                channels = Array(0..<units)
            // Of normal numbers 0.5 % lie above it.
            let thresholds = [Float](repeating: 2.576, count: units)
            var sums: EvidenceSums?
            let look = try seconds {
                sums = try EvidenceSums(
                    of: data, units: channels, thresholds: thresholds, concepts: Self.concepts, threads: benchThreads)
            }
            guard let sums else { continue }
            let half = Faithfulness.Half(sums: sums, explanations: [])
            let rows = try seconds {
                _ = try Faithfulness(
                    [(half, half)], metrics: EvidenceMetric.allCases, frequent: 0, seed: 0, threads: benchThreads)
            }
            let sanity = try seconds {
                _ = try SanityTest.all(
                    data, sums: sums, units: channels, thresholds: thresholds, metrics: EvidenceMetric.allCases,
                    seed: 0, threads: benchThreads)
            }
            text +=
                "| \(name) | \(units) | \(Self.images) | \(Self.concepts) | \(number(look, 1)) | \(number(rows, 1)) | \(number(sanity, 1)) |\n"
        }
        return text
    }
}

/// Images with five concepts each, a rectangle of a fifth of the side, and maps of normal numbers.
private struct DrawnMaps: EvaluationData {
    let imageCount: Int, channels: Int, concepts: Int
    let side = 224, mapHeight = 7, mapWidth = 7
    private let numbers: [Float]
    private static let reserve = 1 << 16

    init(imageCount: Int, channels: Int, concepts: Int) {
        self.imageCount = imageCount
        self.channels = channels
        self.concepts = concepts
        var random = RandomSource(seed: 0, stream: "bench/evidence")
        numbers = (0..<2 * Self.reserve).map { _ in Float(random.normal()) }
    }

    func maps(_ image: Int, into out: UnsafeMutablePointer<Float>) {
        numbers.withUnsafeBufferPointer { numbers in
            for place in 0..<channels * 49 {
                out[place] = numbers[(place &* 31 &+ image &* 7919) & (2 * Self.reserve - 1)]
            }
        }
    }

    func truth(_ image: Int) -> [TruthSample] {
        (0..<5).map { sample in
            var bits = [UInt64](repeating: 0, count: Region.wordCount(side: side))
            let x = (image * 37 + sample * 53) % 180, y = (image * 71 + sample * 29) % 180
            for row in y..<y + 44 {
                for pixel in row * 224 + x..<row * 224 + x + 44 { bits[pixel / 64] |= 1 << UInt64(pixel % 64) }
            }
            return TruthSample(words: [Int32((image * 13 + sample * 17 + image / 7) % concepts)], mask: bits)
        }
    }

    // The table asks neither pixels nor the backbone nor the explainer.
    func image(_ image: Int, into out: UnsafeMutablePointer<Float>) {}
    func features(of images: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) {}
    func explain(_ inputs: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) {}
}
