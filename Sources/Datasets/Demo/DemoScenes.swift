import Fingerprints
import Foundation
import Imaging

/// The built-in dataset: scenes drawn from a seed, written as a COCO-style folder of JPEG files with a word embedding.
/// The same seed gives the same bytes. Things that are partly hidden are annotated as RLE, the others as polygons.
public struct DemoScenes: Sendable {
    private let seed: UInt64
    private let counts: [(split: Split, name: String, scenes: Int)]

    /// Numbers of a word vector.
    public static let dimensions = 300

    /// A dataset of `training` and `validation` scenes.
    public init(seed: UInt64, training: Int = 240, validation: Int = 80) {
        self.seed = seed
        counts = [(.train, "train2017", training), (.validation, "val2017", validation)]
    }

    /// Writes `train2017/`, `val2017/`, `annotations/instances_{train,val}2017.json` and `glove.txt` into `folder`,
    /// which is made if need be.
    /// - Throws: `ImagingError`, or the system's error when the folder cannot be written.
    public func write(to folder: String) throws {
        let files = FileManager.default
        try files.createDirectory(atPath: folder + "/annotations", withIntermediateDirectories: true)
        for (_, name, scenes) in counts {
            try files.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
            var images: [Value] = [], annotations: [Value] = []
            for number in 1...max(1, scenes) {
                var random = RandomSource(seed: seed, stream: "demo/\(name)/\(number)")
                let scene = DemoScene(&random), file = fileName(number)
                let (image, visible) = try DemoPainter.paint(scene)
                try write(encodeJPEG(image, quality: 92), to: folder + "/" + name + "/" + file)
                images.append(["id": .int(number), "file_name": .string(file), "width": .int(scene.width), "height": .int(scene.height)])
                annotations += annotate(scene, visible, image: number, from: annotations.count + 1)
            }
            let nouns = DemoWords.families.flatMap(\.drawn).enumerated().map { Value.object(["id": .int($0.offset + 1), "name": .string($0.element)]) }
            let json = Value.object(["images": .array(images), "annotations": .array(annotations), "categories": .array(nouns)]).json(pretty: false)
            try write(Array(json.utf8), to: folder + "/annotations/instances_\(name).json")
        }
        try write(Array(embedding().utf8), to: folder + "/glove.txt")
    }

    private func fileName(_ number: Int) -> String {
        String(repeating: "0", count: max(0, 12 - String(number).count)) + "\(number).jpg"
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    /// COCO annotations of the objects that can be seen well enough.
    private func annotate(_ scene: DemoScene, _ visible: [Bitmap], image: Int, from first: Int) -> [Value] {
        var annotations: [Value] = []
        for (object, mask) in zip(scene.objects, visible) {
            let whole = (try? RunLengthMask(polygon: object.polygon, width: scene.width, height: scene.height).bitmap.count) ?? 0
            guard mask.count >= 150, mask.count * 4 >= whole else { continue }
            let id = first + annotations.count
            let outline: Value
            if mask.count == whole {
                outline = .array([.array(object.polygon.map { .double($0) })])
            } else {
                let runs = mask.columnRuns
                outline = ["size": [.int(mask.height), .int(mask.width)],
                           "counts": id % 2 == 0 ? .string(RunLengthMask.compress(runs)) : .array(runs.map { .int($0) })]
            }
            annotations.append(["id": .int(id), "image_id": .int(image), "category_id": .int(object.kind + 1), "iscrowd": 0,
                                "area": .int(mask.count), "segmentation": outline])
        }
        return annotations
    }

    /// A word and 300 numbers a line. Words of a family share a direction: the cosine of two of them is about 0.6, of two
    /// of different families about 0.
    private func embedding() -> String {
        var text = ""
        func add(_ word: String, near centre: [Double]) {
            var random = RandomSource(seed: seed, stream: "demo/word/\(word)")
            text += word
            for i in 0..<Self.dimensions {
                let hundredThousandths = Int((0.3 * (centre[i] + 0.8 * random.normal()) * 100_000).rounded())
                let digits = String(abs(hundredThousandths))
                let padded = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
                text += (hundredThousandths < 0 ? " -" : " ") + padded.dropLast(5) + "." + padded.suffix(5)
            }
            text += "\n"
        }
        for (number, family) in DemoWords.families.enumerated() {
            var random = RandomSource(seed: seed, stream: "demo/family/\(number)")
            let centre = (0..<Self.dimensions).map { _ in random.normal() }
            for word in family.drawn + family.related { add(word, near: centre) }
        }
        for word in DemoWords.others { add(word, near: [Double](repeating: 0, count: Self.dimensions)) }
        return text
    }
}

extension Bitmap {
    /// Lengths of the runs down the columns, beginning with unset pixels (COCO's uncompressed RLE).
    fileprivate var columnRuns: [Int] {
        var runs = [0], value = false
        for x in 0..<width {
            for y in 0..<height {
                if self[x, y] != value {
                    value.toggle()
                    runs.append(0)
                }
                runs[runs.count - 1] += 1
            }
        }
        return runs
    }
}

extension RunLengthMask {
    /// COCO's compressed RLE string (pycocotools, `rleToString`).
    package static func compress(_ counts: [Int]) -> String {
        var bytes: [UInt8] = []
        for (i, count) in counts.enumerated() {
            var value = i > 2 ? count - counts[i - 2] : count
            while true {
                let five = value & 0x1F
                value >>= 5
                let done = five & 0x10 != 0 ? value == -1 : value == 0
                bytes.append(UInt8((done ? five : five | 0x20) + 48))
                if done { break }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
