import Datasets
import Foundation
import Imaging
import Testing

/// Both sides of every deviation that lives in the data (METHOD 9), on cases computed by hand.
@Suite struct DeviationTests {
    let folder = TemporaryFolder()

    private func dataset(_ objects: [(image: Int, synset: String, box: [Int])], _ change: (inout DatasetRules) -> Void)
        throws -> VisualGenomeDataset
    {
        let images = Dictionary(grouping: objects) { $0.image }.sorted { $0.key < $1.key }.map { id, objects in
            let entries = objects.map {
                #"{"synsets": ["\#($0.synset)"], "x": \#($0.box[0]), "y": \#($0.box[1]), "w": \#($0.box[2]), "h": \#($0.box[3])}"#
            }
            return #"{"image_id": \#(id), "objects": [\#(entries.joined(separator: ","))]}"#
        }
        var rules = DatasetRules()
        (rules.minimumCount, rules.validationShare) = (1, 0.5)
        change(&rules)
        return try VisualGenomeDataset(
            objects: folder.write("objects.json", "[\(images.joined(separator: ","))]"), imageFolders: [""],
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
        let cropped = try [false, true].map { on in
            try dataset(objects) { $0.transposedBoxMask = on }.samples(ofImage: 0, width: 4, height: 2, view: view)[0]
                .mask
        }
        #expect(
            cropped == [
                mask("##", "..").nearest(width: 224, height: 224), mask(".#", "..").nearest(width: 224, height: 224),
            ])
        // Inside a square image both are the same.
        let square = try [false, true].map { on in
            try dataset(objects) { $0.transposedBoxMask = on }.samples(ofImage: 0, width: 4, height: 4)
        }
        #expect(square[0] == square[1] && !square[0][0].mask.isEmpty)
    }

    @Test func firstWordOfSynset() throws {
        let objects = [1, 2].flatMap {
            [
                (image: $0, synset: "street_sign.n.01", box: [0, 0, 1, 1]),
                (image: $0, synset: "dog.n.01", box: [0, 0, 1, 1]),
            ]
        }
        #expect(try dataset(objects) { $0.firstWordOfSynset = false }.concepts == ["dog"])
        #expect(try dataset(objects) { $0.firstWordOfSynset = true }.concepts == ["dog", "street"])
    }

    @Test func countInstances() throws {
        // Six images, three to train on. "dog": one in each image, 6 instances, 3 training images.
        // "flea": five on every image, 30 instances, 3 training images.
        let objects = (1...6).flatMap { id in
            [(image: id, synset: "dog.n.01", box: [0, 0, 1, 1])]
                + (0..<5).map { _ in (image: id, synset: "flea.n.01", box: [0, 0, 1, 1]) }
        }
        func concepts(_ minimum: Int, _ countInstances: Bool) throws -> [String] {
            try dataset(objects) {
                $0.minimumCount = minimum; $0.countInstances = countInstances
            }.concepts
        }
        #expect(try concepts(3, false) == ["dog", "flea"])
        #expect(throws: DatasetError.self) { try concepts(4, false) }
        #expect(try concepts(6, true) == ["dog", "flea"])
        #expect(try concepts(7, true) == ["flea"] && concepts(30, true) == ["flea"])
        #expect(throws: DatasetError.self) { try concepts(31, true) }
    }

    /// Ten images of ten boxes each: an image is there once, in the split that it has without the deviation, with all
    /// of its samples; half of these validate, wherever their image is.
    @Test func splitByInstance() throws {
        let objects = (1...10).flatMap { id in
            (0..<10).map { (image: id, synset: $0 < 5 ? "dog.n.01" : "cat.n.01", box: [$0, 0, 1, 1]) }
        }
        for merge in [false, true] {
            func read(_ byInstance: Bool) throws -> VisualGenomeDataset {
                try dataset(objects) {
                    $0.splitByInstance = byInstance; $0.mergeInstances = merge
                }
            }
            let byImage = try read(false), byInstance = try read(true), each = merge ? 2 : 10
            #expect(byInstance.images == byImage.images && byInstance.images.count == 10)
            for row in 0..<10 {
                let samples = try [byImage, byInstance].map { try $0.samples(ofImage: row, width: 10, height: 10) }
                #expect(samples[0] == samples[1] && samples[0].count == each)
                #expect(
                    byImage.sampleSplits(ofImage: row) == nil && byInstance.sampleSplits(ofImage: row)?.count == each)
            }
            let splits = (0..<10).compactMap { byInstance.sampleSplits(ofImage: $0) }
            #expect(splits.joined().count { $0 == .validation } == 5 * each)
            #expect(splits.contains { Set($0).count == 2 }, "no image is shared")
        }
    }

    /// Two synsets of one object with the same first word: F has two instances, the method one.
    @Test func instancePerSynset() throws {
        let text = (1...4).map { id in
            #"{"image_id": \#(id), "objects": [{"synsets": ["street.n.01", "street_sign.n.01"], "x": 0, "y": 0, "w": 1, "h": 1}]}"#
        }
        let path = folder.write("synsets.json", "[\(text.joined(separator: ","))]")
        func read(_ perSynset: Bool, minimum: Int) throws -> VisualGenomeDataset {
            var rules = DatasetRules()
            (rules.minimumCount, rules.validationShare, rules.mergeInstances) = (minimum, 0.5, false)
            (rules.firstWordOfSynset, rules.countInstances, rules.instancePerSynset) = (true, true, perSynset)
            return try VisualGenomeDataset(objects: path, imageFolders: [""], hasVector: { _ in true }, rules: rules)
        }
        #expect(try read(false, minimum: 4).samples(ofImage: 0, width: 2, height: 2).count == 1)
        #expect(try read(true, minimum: 8).samples(ofImage: 0, width: 2, height: 2).count == 2)
        #expect(throws: DatasetError.self) { try read(false, minimum: 5) }
        #expect(throws: DatasetError.self) { try read(true, minimum: 9) }
    }

    /// Boxes that begin outside, in a square image. The method clips them; F's slices count a bound below 0 from the
    /// far end.
    @Test(arguments: [
        ([-1, 0, 2, 1], ["#...", "....", "....", "...."], ["....", "....", "....", "...."]),  // -1:1 is 3:1, empty
        ([-3, 0, 2, 1], ["....", "....", "....", "...."], [".##.", "....", "....", "...."]),  // -3:-1 is 1:3
        ([0, -2, 1, 1], ["....", "....", "....", "...."], ["....", "....", "#...", "...."]),  // rows -2:-1 are 2:3
        ([-9, 0, 8, 1], ["....", "....", "....", "...."], ["###.", "....", "....", "...."]),  // -9:-1 is 0:3
        ([2, 0, 9, 1], ["..##", "....", "....", "...."], ["..##", "....", "....", "...."]),
    ])
    func cornersBelowZero(box: [Int], clipped: [String], sliced: [String]) throws {
        let objects = [1, 2].map { (image: $0, synset: "dog.n.01", box: box) }
        for (isOn, rows) in [(false, clipped), (true, sliced)] {
            let samples = try dataset(objects) { $0.transposedBoxMask = isOn }.samples(ofImage: 0, width: 4, height: 4)
            #expect(samples[0].mask == mask(rows[0], rows[1], rows[2], rows[3]).crop224(), "\(isOn)")
        }
    }

    @Test func oneSamplePerInstance() throws {
        let objects = [1, 2].flatMap { id in
            [
                (image: id, synset: "dog.n.01", box: [2, 0, 1, 1]), (image: id, synset: "cat.n.01", box: [0, 0, 1, 1]),
                (image: id, synset: "dog.n.01", box: [0, 1, 1, 1]),
            ]
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
        let follows = try dataset(objects) { $0.cropImageOnly = false }.samples(
            ofImage: 0, width: 4, height: 4, view: view)
        #expect(follows[0].mask.isEmpty)
        let stays = try dataset(objects) { $0.cropImageOnly = true }.samples(
            ofImage: 0, width: 4, height: 4, view: view)
        #expect(stays[0].mask == mask("##..", "##..", "##..", "##..").crop224())
    }

    /// The authors' code draws with replacement, so that some ranks would be missing and others double.
    @Test func seenConceptsAreDrawnWithoutReplacement() {
        let seen = seenConcepts(count: 92, fraction: 0.7, seed: 5)
        #expect(seen.count(where: { $0 }) == 64)
        #expect(
            seen == seenConcepts(count: 92, fraction: 0.7, seed: 5)
                && seen != seenConcepts(count: 92, fraction: 0.7, seed: 6))
        // 3.5 and 2.5 are rounded up, 0.7 · 92 = 64.4 down; shares beyond 0…1 are all or none.
        let counts = [(5, 0.7), (5, 0.5), (92, 0.7), (4, 2), (4, -1)].map { count, fraction in
            seenConcepts(count: count, fraction: fraction, seed: 5).count { $0 }
        }
        #expect(counts == [4, 3, 64, 4, 0])
        let fewer = seenConcepts(count: 92, fraction: 0.3, seed: 5)
        #expect(zip(fewer, seen).allSatisfy { !$0 || $1 })
        #expect(
            seenConcepts(count: 3, fraction: 1, seed: 5) == [true, true, true]
                && seenConcepts(count: 0, fraction: 0.7, seed: 5).isEmpty)
    }
}
