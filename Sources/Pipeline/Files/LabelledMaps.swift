import LaViSE

/// Maps and masks of some images, concepts by their numbers.
struct LabelledMaps: EvaluationData {
    let dataset: DatasetFile
    let maps: MapFile
    let rows: [Int]

    var imageCount: Int { rows.count }
    var side: Int { dataset.side }
    var channels: Int { maps.shape.channels }
    var mapHeight: Int { maps.shape.height }
    var mapWidth: Int { maps.shape.width }

    func maps(_ image: Int, into out: UnsafeMutablePointer<Float>) throws { try maps.read(rows[image], into: out) }

    func truth(_ image: Int) throws -> [TruthSample] {
        let samples = dataset.samples(ofImage: rows[image])
        return try zip(samples, dataset.readMasks(samples)).map { sample, mask in
            TruthSample(words: Array(dataset.concepts(ofSample: sample)), mask: mask.bits)
        }
    }

    // Scores ask neither pixels nor the backbone nor the explainer.
    func image(_ image: Int, into out: UnsafeMutablePointer<Float>) {}
    func features(of images: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) {}
    func explain(_ inputs: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) {}
}
