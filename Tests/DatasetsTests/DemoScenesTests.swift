import Datasets
import Fingerprints
import Foundation
import Imaging
import Testing

/// Just what the tests need of a COCO annotation file.
private struct AnnotationFile: Decodable {
    struct Info: Decodable { let description: String, year: Int }
    struct License: Decodable { let id: Int, name: String, url: String }
    struct Image: Decodable { let id: Int, file_name: String, width: Int, height: Int, license: Int }
    struct Category: Decodable { let id: Int, name: String, supercategory: String }
    struct Annotation: Decodable {
        let id: Int, image_id: Int, category_id: Int, area: Double, bbox: [Double], iscrowd: Int,
            segmentation: Segmentation
    }
    enum Segmentation: Decodable {
        case polygons([[Double]]), runs(size: [Int], counts: [Int]), compressed(size: [Int], counts: String)
        private enum Key: CodingKey { case size, counts }
        init(from decoder: any Decoder) throws {
            guard let object = try? decoder.container(keyedBy: Key.self) else {
                self = .polygons(try decoder.singleValueContainer().decode([[Double]].self))
                return
            }
            let size = try object.decode([Int].self, forKey: .size)
            if let text = try? object.decode(String.self, forKey: .counts) {
                self = .compressed(size: size, counts: text)
            } else {
                self = .runs(size: size, counts: try object.decode([Int].self, forKey: .counts))
            }
        }
    }
    let info: Info, licenses: [License], images: [Image], categories: [Category], annotations: [Annotation]
}

/// A folder of drawn scenes that goes with the value.
private final class Scenes {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("demo-\(UUID().uuidString)").path

    init(seed: UInt64, images: Int) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try DemoScenes(seed: seed, images: images).write(to: folder)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func annotations(_ split: String) throws -> AnnotationFile {
        let path = "\(folder)/annotations/instances_\(split).json"
        return try JSONDecoder().decode(AnnotationFile.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// The digest of every file, by its path in the folder.
    func digests() throws -> [String: Digest] {
        var out: [String: Digest] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            guard let bytes = FileManager.default.contents(atPath: "\(folder)/\(path)"), path.contains(".") else {
                continue
            }
            out[path] = Digest(hashing: [UInt8](bytes))
        }
        return out
    }

    func vectors() throws -> [String: [Float]] {
        var out: [String: [Float]] = [:], lines = 0
        try GloveReader("\(folder)/glove.txt").forEach {
            out[$0] = Array($1); lines += 1
        }
        #expect(out.count == lines, "every word once")
        return out
    }
}

private func cosine(_ a: [Float], _ b: [Float]) -> Float {
    func dot(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
}

/// COCO's run lengths from their text, as `rleFrString` of maskApi.c.
private func runLengths(_ text: String) -> [Int] {
    var counts: [Int] = [], value = 0, shift = 0
    for byte in text.utf8 {
        let bits = Int(byte) - 48
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32 != 0 { continue }
        if bits & 16 != 0 { value |= -1 << shift }
        counts.append(counts.count > 2 ? value + counts[counts.count - 2] : value)
        (value, shift) = (0, 0)
    }
    return counts
}

@Suite struct DemoScenesTests {
    private static let splits = ["train2017", "val2017"]

    @Test func sameSeedSameBytesOtherSeedOtherBytes() throws {
        let first = try Scenes(seed: 5, images: 8).digests(), again = try Scenes(seed: 5, images: 8).digests()
        #expect(first == again)
        #expect(first.count == 8 + 3)
        let other = try Scenes(seed: 6, images: 8).digests()
        #expect(Set(other.keys) == Set(first.keys))
        for (path, digest) in first { #expect(other[path] != digest, "\(path) does not depend on the seed") }
    }

    @Test func imagesDecodeToTheSizeTheyAreSaidToHave() throws {
        let scenes = try Scenes(seed: 1, images: 40)
        var upright = 0
        for (split, count) in zip(Self.splits, [30, 10]) {
            let file = try scenes.annotations(split)
            #expect(file.images.count == count)
            for image in file.images {
                #expect(image.file_name == String(format: "%012d.jpg", image.id))
                let decoded = try decodeImage("\(scenes.folder)/\(split)/\(image.file_name)")
                #expect(decoded.width == image.width && decoded.height == image.height)
                #expect(
                    (320...480).contains(max(image.width, image.height))
                        && (211...384).contains(min(image.width, image.height)))
                if image.height > image.width { upright += 1 }
            }
        }
        #expect((1..<40).contains(upright))
    }

    @Test func annotationsAreCOCOs() throws {
        let scenes = try Scenes(seed: 2, images: 160)
        var ids = Set<Int>(), kinds = [0, 0, 0]
        for split in Self.splits {
            let file = try scenes.annotations(split)
            #expect(Set(file.licenses.map(\.id)).isSuperset(of: file.images.map(\.license)))
            #expect(file.categories.map(\.id) == Array(1...40) && Set(file.categories.map(\.name)).count == 40)
            let images = Dictionary(uniqueKeysWithValues: file.images.map { ($0.id, $0) })
            for annotation in file.annotations {
                #expect(ids.insert(annotation.id).inserted, "annotation ids are unique over both files")
                let image = try #require(images[annotation.image_id])
                let box = annotation.bbox
                try #require(box.count == 4)
                #expect(box[0] >= 0 && box[1] >= 0 && box[2] > 0 && box[3] > 0)
                #expect(box[0] + box[2] <= Double(image.width) + 0.01 && box[1] + box[3] <= Double(image.height) + 0.01)
                #expect(annotation.area > 0 && annotation.area <= box[2] * box[3] + 0.01)
                let size: [Int], counts: [Int]
                switch annotation.segmentation {
                case .polygons(let polygons):
                    kinds[0] += 1
                    #expect(annotation.iscrowd == 0)
                    #expect(!polygons.isEmpty && polygons.allSatisfy { $0.count >= 6 && $0.count % 2 == 0 })
                    continue
                case .runs(size: let s, counts: let c): (size, counts, kinds[1]) = (s, c, kinds[1] + 1)
                case .compressed(size: let s, counts: let c):
                    (size, counts, kinds[2]) = (s, runLengths(c), kinds[2] + 1)
                }
                #expect(size == [image.height, image.width])
                #expect(counts.allSatisfy { $0 >= 0 } && counts.reduce(0, +) == image.width * image.height)
                let visible = stride(from: 1, to: counts.count, by: 2).reduce(0) { $0 + counts[$1] }
                #expect(Double(visible) == annotation.area, "the mask has as many pixels as its area says")
                if case .runs = annotation.segmentation {
                    #expect(annotation.iscrowd == 1)
                } else {
                    #expect(annotation.iscrowd == 0)
                }
            }
        }
        #expect(kinds.allSatisfy { $0 > 0 }, "polygons, crowds and compressed run lengths: \(kinds)")
    }

    @Test func categoriesAreBalancedInBothSplits() throws {
        let scenes = try Scenes(seed: 3, images: 160)
        for split in Self.splits {
            let file = try scenes.annotations(split)
            let counts = Dictionary(grouping: file.annotations, by: \.category_id).mapValues(\.count)
            #expect(Set(counts.keys) == Set(file.categories.map(\.id)), "every category occurs in \(split)")
            let frequencies = counts.values.sorted()
            // A deck of all kinds is dealt out again and again; only an object without a free place is missing.
            #expect(frequencies[frequencies.count - 1] - frequencies[0] <= 2, "\(frequencies)")
        }
    }

    @Test func relatedWordsAreNearerThanUnrelatedOnes() throws {
        let scenes = try Scenes(seed: 4, images: 4)
        let vectors = try scenes.vectors()
        #expect(vectors.count > 400 && vectors.values.allSatisfy { $0.count == 300 })
        for category in try scenes.annotations("train2017").categories {
            #expect(vectors[category.name] != nil, "\(category.name) has no vector")
        }
        func similarity(_ a: String, _ b: String) throws -> Float {
            cosine(try #require(vectors[a]), try #require(vectors[b]))
        }
        for (word, related, unrelated) in [
            ("zebra", "mane", "lemon"), ("lemon", "citrus", "brick"), ("star", "galaxy", "carpet"),
            ("red", "green", "monday"), ("one", "seven", "tiger"), ("flag", "banner", "tomato"),
        ] {
            #expect(
                try similarity(word, related) > similarity(word, unrelated) + 0.2, "\(word): \(related), \(unrelated)")
        }
        #expect(
            try similarity("zebra", "tiger") > similarity("zebra", "brick") + 0.05,
            "kinds of one theme are near each other")
    }

    @Test func aFolderThatCannotBeWrittenIsAnError() {
        #expect(throws: (any Error).self) { try DemoScenes(seed: 0, images: 1).write(to: "/dev/null/demo") }
    }
}
