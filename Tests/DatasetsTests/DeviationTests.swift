import Datasets
import Foundation
import Imaging
import Testing

/// Both sides of every deviation that lives in the data (METHOD 9), on cases computed by hand.
@Suite struct DeviationTests {
    let folder = TemporaryFolder()

    private func dataset(_ objects: [(image: Int, synset: String, box: [Int])], _ change: (inout DatasetRules) -> Void) throws -> VisualGenomeDataset {
        let images = Dictionary(grouping: objects) { $0.image }.sorted { $0.key < $1.key }.map { id, objects in
            let entries = objects.map { #"{"synsets": ["\#($0.synset)"], "x": \#($0.box[0]), "y": \#($0.box[1]), "w": \#($0.box[2]), "h": \#($0.box[3])}"# }
            return #"{"image_id": \#(id), "objects": [\#(entries.joined(separator: ","))]}"#
        }
        var rules = DatasetRules()
        (rules.minimumCount, rules.validationShare) = (1, 0.5)
        change(&rules)
        return try VisualGenomeDataset(objects: folder.write("objects.json", "[\(images.joined(separator: ","))]"), imageFolders: [""],
                                       hasVector: { !$0.contains("_") }, rules: rules)
    }

    @Test func transposedBoxMask() throws {
        // In 4×2 pixels (width × height) the box covers columns 1 and 2 of the first row.
        let objects = [1, 2].map { (image: $0, synset: "dog.n.01", box: [1, 0, 2, 1]) }
        let right = try dataset(objects) { $0.transposedBoxMask = false }.samples(ofImage: 0, width: 4, height: 2)
        #expect(right[0].mask == mask(".##.", "....").crop224())
        // The transposed array has 4 rows of 2: of columns 1 and 2 only column 1 is inside.
        let wrong = try dataset(objects) { $0.transposedBoxMask = true }.samples(ofImage: 0, width: 4, height: 2)
        #expect(wrong[0].mask == mask(".#", "..", "..", "..").crop224())
        // A crop of columns 1 and 2, mirrored, sees what is left: the box's second column is lost.
        let view = CropView(x: 1, y: 0, width: 2, height: 2, mirrored: true, imageWidth: 4, imageHeight: 2)
        let cropped = try [false, true].map { on in try dataset(objects) { $0.transposedBoxMask = on }.samples(ofImage: 0, width: 4, height: 2, view: view)[0].mask }
        #expect(cropped == [mask("##", "..").nearest(width: 224, height: 224), mask(".#", "..").nearest(width: 224, height: 224)])
        // In a square image both are the same.
        let square = try [false, true].map { on in try dataset(objects) { $0.transposedBoxMask = on }.samples(ofImage: 0, width: 4, height: 4) }
        #expect(square[0] == square[1] && !square[0][0].mask.isEmpty)
    }

    @Test func firstWordOfSynset() throws {
        let objects = [1, 2].flatMap { [(image: $0, synset: "street_sign.n.01", box: [0, 0, 1, 1]), (image: $0, synset: "dog.n.01", box: [0, 0, 1, 1])] }
        #expect(try dataset(objects) { $0.firstWordOfSynset = false }.concepts == ["dog"])
        #expect(try dataset(objects) { $0.firstWordOfSynset = true }.concepts == ["dog", "street"])
    }

    @Test func countInstances() throws {
        // Six images, three to train on. "dog": one in each image, 6 instances, 3 training images.
        // "flea": five on every image, 30 instances, 3 training images.
        let objects = (1...6).flatMap { id in
            [(image: id, synset: "dog.n.01", box: [0, 0, 1, 1])] + (0..<5).map { _ in (image: id, synset: "flea.n.01", box: [0, 0, 1, 1]) }
        }
        func concepts(_ minimum: Int, _ countInstances: Bool) throws -> [String] {
            try dataset(objects) { $0.minimumCount = minimum; $0.countInstances = countInstances }.concepts
        }
        #expect(try concepts(3, false) == ["dog", "flea"])
        #expect(throws: DatasetError.self) { try concepts(4, false) }
        #expect(try concepts(6, true) == ["dog", "flea"])
        #expect(try concepts(7, true) == ["flea"] && concepts(30, true) == ["flea"])
        #expect(throws: DatasetError.self) { try concepts(31, true) }
    }

    @Test func splitByInstance() throws {
        // Ten images of ten boxes each.
        let objects = (1...10).flatMap { id in (0..<10).map { (image: id, synset: "dog.n.01", box: [$0, 0, 1, 1]) } }
        func rows(_ byInstance: Bool) throws -> (train: [Int64], validation: [Int64], instances: Int) {
            let dataset = try dataset(objects) { $0.splitByInstance = byInstance; $0.mergeInstances = false }
            let counts = try dataset.images.indices.map { try dataset.samples(ofImage: $0, width: 10, height: 10).count }
            let images = dataset.images
            return (images.filter { $0.split == .train }.map(\.id), images.filter { $0.split == .validation }.map(\.id),
                    zip(images, counts).filter { $0.0.split == .validation }.reduce(0) { $0 + $1.1 })
        }
        let byImage = try rows(false), byInstance = try rows(true)
        #expect(byImage.train.count == 5 && byImage.validation.count == 5 && Set(byImage.train).isDisjoint(with: byImage.validation))
        // Half of the 100 boxes validate in both; divided one by one, images are shared.
        #expect(byImage.instances == 50 && byInstance.instances == 50)
        #expect(!Set(byInstance.train).isDisjoint(with: byInstance.validation))
    }

    @Test func oneSamplePerInstance() throws {
        let objects = [1, 2].flatMap { id in
            [(image: id, synset: "dog.n.01", box: [2, 0, 1, 1]), (image: id, synset: "cat.n.01", box: [0, 0, 1, 1]), (image: id, synset: "dog.n.01", box: [0, 1, 1, 1])]
        }
        let merged = try dataset(objects) { $0.mergeInstances = true }.samples(ofImage: 0, width: 3, height: 2)
        #expect(merged.map(\.concepts) == [[0], [1]] && merged[1].mask == mask("..#", "#..").crop224())
        let apart = try dataset(objects) { $0.mergeInstances = false }.samples(ofImage: 0, width: 3, height: 2)
        #expect(apart.map(\.concepts) == [[0], [1], [1]])
        #expect(apart[1].mask == mask("..#", "...").crop224() && apart[2].mask == mask("...", "#..").crop224())
    }

    @Test func cropImageOnly() throws {
        let objects = [1, 2].map { (image: $0, synset: "dog.n.01", box: [0, 0, 2, 4]) }
        // The right half of 4×4 pixels, mirrored: the box, which covers the left half, is not in it.
        let view = CropView(x: 2, y: 0, width: 2, height: 4, mirrored: true, imageWidth: 4, imageHeight: 4)
        let follows = try dataset(objects) { $0.cropImageOnly = false }.samples(ofImage: 0, width: 4, height: 4, view: view)
        #expect(follows[0].mask.isEmpty)
        let stays = try dataset(objects) { $0.cropImageOnly = true }.samples(ofImage: 0, width: 4, height: 4, view: view)
        #expect(stays[0].mask == mask("##..", "##..", "##..", "##..").crop224())
    }

    /// The authors' code draws with replacement, so that some ranks would be missing and others double.
    @Test func seenConceptsAreDrawnWithoutReplacement() {
        let seen = seenConcepts(count: 92, fraction: 0.7, seed: 5)
        #expect(seen.count(where: { $0 }) == 64)
        #expect(seen == seenConcepts(count: 92, fraction: 0.7, seed: 5) && seen != seenConcepts(count: 92, fraction: 0.7, seed: 6))
        // 3.5 and 2.5 are rounded up, 0.7 · 92 = 64.4 down; shares beyond 0…1 are all or none.
        let counts = [(5, 0.7), (5, 0.5), (92, 0.7), (4, 2), (4, -1)].map { count, fraction in
            seenConcepts(count: count, fraction: fraction, seed: 5).count { $0 }
        }
        #expect(counts == [4, 3, 64, 4, 0])
        let fewer = seenConcepts(count: 92, fraction: 0.3, seed: 5)
        #expect(zip(fewer, seen).allSatisfy { !$0 || $1 })
        #expect(seenConcepts(count: 3, fraction: 1, seed: 5) == [true, true, true] && seenConcepts(count: 0, fraction: 0.7, seed: 5).isEmpty)
    }
}
