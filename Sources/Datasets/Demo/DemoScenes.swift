import Fingerprints
import Foundation
import Imaging

/// A small data set drawn from a seed: scenes in COCO's layout and word vectors in GloVe's format. The same seed gives
/// the same bytes.
///
/// 40 kinds of objects, each with a form, a texture and colours of its own, two to five a scene at different scales and
/// places on dull textured backgrounds, equally frequent in both splits. Later objects hide parts of earlier ones, at
/// most half; annotations are of the visible part, as COCO's are.
public struct DemoScenes: Sendable {
    private let seed: UInt64
    private let images: Int

    /// `images` scenes, every fourth of them for validation. 160 are enough for every kind to occur in both splits.
    public init(seed: UInt64, images: Int) {
        self.seed = seed
        self.images = images
    }

    /// Writes `train2017/` and `val2017/` (JPEG files of 320×211 to 480×384 pixels or upright),
    /// `annotations/instances_{train,val}2017.json` and `glove.txt` (300 numbers a word) into `folder`, which must
    /// exist.
    /// - Parameter drawn: hears how many scenes are drawn; what it throws ends the drawing.
    /// - Throws: the file system's error or ImagingError.
    public func write(to folder: String, drawn: (Int) throws -> Void = { _ in }) throws {
        try create("annotations", in: folder)
        var count = 0
        func next() throws {
            count += 1
            try drawn(count)
        }
        try write(split: "train2017", to: folder, drawn: next) { $0 % 4 != 3 }
        try write(split: "val2017", to: folder, drawn: next) { $0 % 4 == 3 }
        try Data(DemoWords(seed: seed).text.utf8).write(to: URL(fileURLWithPath: folder + "/glove.txt"))
    }

    private func write(split: String, to folder: String, drawn: () throws -> Void, holds: (Int) -> Bool) throws {
        try create(split, in: folder)
        var random = RandomSource(seed: seed, stream: "demo \(split)")
        var deck: [Int] = []
        var annotations = DemoAnnotations()
        for index in 0..<images where holds(index) {
            let kinds = (0..<2 + random.below(4)).map { _ in deal(&deck, &random) }
            let scene = DemoScene(
                kinds: kinds, endsWithGroup: random.below(10) == 0,
                random: RandomSource(seed: seed, stream: "demo scene \(index + 1)"))
            let digits = String(index + 1)
            let file = String(repeating: "0", count: 12 - digits.count) + digits + ".jpg"
            try Data(encodeJPEG(scene.image, quality: 92)).write(to: URL(fileURLWithPath: "\(folder)/\(split)/\(file)"))
            annotations.append(scene, id: index + 1, file: file)
            try drawn()
        }
        try Data(annotations.json.utf8).write(to: URL(fileURLWithPath: "\(folder)/annotations/instances_\(split).json"))
    }

    /// The next kind from a shuffled deck of all: every kind is as frequent as every other.
    private func deal(_ deck: inout [Int], _ random: inout RandomSource) -> Int {
        if deck.isEmpty {
            deck = Array(DemoKind.all.indices)
            random.shuffle(&deck)
        }
        return deck.removeLast()
    }

    private func create(_ name: String, in folder: String) throws {
        try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    }
}
