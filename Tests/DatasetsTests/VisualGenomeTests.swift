import Datasets
import Fingerprints
import Foundation
import Imaging
import TestSupport
import Testing

/// `objects.json` with one object a (image, synsets, box).
private func objectsJSON(_ objects: [(image: Int, synsets: [String], box: [Int])]) -> String {
    let images = Dictionary(grouping: objects) { $0.image }.sorted { $0.key > $1.key }
    return "["
        + images.map { id, objects in
            let entries = objects.map { object in
                let synsets = object.synsets.map { "\"\($0)\"" }.joined(separator: ", ")
                return
                    #"{"synsets": [\#(synsets)], "h": \#(object.box[3]), "object_id": 1, "names": ["x"], "w": \#(object.box[2]), "y": \#(object.box[1]), "x": \#(object.box[0])}"#
            }
            return #"{"image_id": \#(id), "objects": [\#(entries.joined(separator: ", "))], "image_url": "u"}"#
        }.joined(separator: ",\n") + "]"
}

private func read(
    _ folder: TemporaryFolder, _ objects: [(image: Int, synsets: [String], box: [Int])], unknown: Set<String> = [],
    _ change: (inout DatasetRules) -> Void = { _ in }
) throws -> VisualGenomeDataset {
    var rules = DatasetRules()
    rules.minimumCount = 1
    rules.validationShare = 0.5
    change(&rules)
    return try VisualGenomeDataset(
        objects: folder.write("objects.json", objectsJSON(objects)),
        imageFolders: [folder.path + "/VG_100K", folder.path + "/VG_100K_2"],
        hasVector: { !unknown.contains($0) }, rules: rules)
}

/// Two images, two kinds of things; the same in both, so that any split has both.
private let pair: [(image: Int, synsets: [String], box: [Int])] = [1, 2].flatMap { id in
    [(id, ["dog.n.01"], [0, 0, 2, 1]), (id, ["cat.n.01"], [3, 1, 9, 9]), (id, ["dog.n.03"], [1, 0, 1, 2])]
}

@Suite struct VisualGenomeTests {
    let folder = TemporaryFolder()

    @Test func mergesAndClipsBoxes() throws {
        let dataset = try read(folder, pair)
        #expect(dataset.concepts == ["cat", "dog"] && dataset.images.count == 2)
        #expect(Set(dataset.images.map(\.id)) == [1, 2] && dataset.images.map(\.split) == [.train, .validation])
        let samples = try dataset.samples(ofImage: 0, width: 4, height: 3)
        #expect(samples.map(\.concepts) == [[0], [1]])
        #expect(samples[0].mask == mask("....", "...#", "...#").crop224())
        #expect(samples[1].mask == mask("##..", ".#..", "....").crop224())
    }

    @Test func boxesOutsideTheImageAreEmpty() throws {
        let dataset = try read(
            folder,
            [1, 2].flatMap { id in
                [
                    (id, ["dog.n.01"], [-5, -5, 6, 7]), (id, ["cat.n.01"], [4, 0, 9, 9]),
                    (id, ["cow.n.01"], [1, 1, 2, 1]), (id, ["cow.n.01"], [1, -9, 2, 9]),
                    (id, ["emu.n.01"], [0, 0, Int.max, 1]),
                ]
            })
        let read = try dataset.annotations(ofImage: 0, width: 4, height: 3, view: nil), samples = read.samples
        #expect(samples.map { dataset.concepts[Int($0.concepts[0])] } == ["cat", "cow", "dog", "emu"])
        #expect(samples[0].mask.isEmpty && samples[1].mask == mask("....", ".##.", "....").crop224())
        let id = dataset.images[0].id
        #expect(
            read.notes.unusable == 2
                && read.notes.first == [
                    "object 1 of image \(id): a box of 9×9 pixels at (4, 0), outside the image's 4×3",
                    "object 1 of image \(id): a box of 2×9 pixels at (1, -9), outside the image's 4×3",
                ])
        #expect(samples[2].mask == mask("#...", "#...", "....").crop224())
        #expect(samples[3].mask == mask("####", "....", "....").crop224())
    }

    @Test func everySynsetCountsAndEachConceptOnce() throws {
        let dataset = try read(
            folder, [1, 2].map { ($0, ["dog.n.01", "pet.n.01", "dog.n.02", "cat"], [0, 0, 1, 1]) })
        #expect(dataset.concepts == ["cat", "dog", "pet"])
        #expect(try dataset.samples(ofImage: 1, width: 4, height: 3).map(\.concepts) == [[0], [1], [2]])
    }

    @Test func imagesWithoutBoxesAndConceptsWithoutVectorsGo() throws {
        let dataset = try read(
            folder, pair + [(3, ["xyzzy.n.01"], [0, 0, 1, 1]), (4, [], [0, 0, 1, 1])], unknown: ["xyzzy"])
        #expect(dataset.concepts == ["cat", "dog"] && dataset.images.count == 2)
        #expect(throws: DatasetError.self) { try read(folder, pair, unknown: ["cat", "dog"]) }
    }

    @Test func looksInBothImageFolders() throws {
        try FileManager.default.createDirectory(atPath: folder.path + "/VG_100K_2", withIntermediateDirectories: true)
        _ = folder.write("VG_100K_2/2.jpg", "")
        let files = try read(folder, pair).images.sorted { $0.id < $1.id }.map(\.file)
        #expect(files == [folder.path + "/VG_100K/1.jpg", folder.path + "/VG_100K_2/2.jpg"])
    }

    @Test func theSplitIsTheSeedsAndOfTheShare() throws {
        let many = (1...200).map { ($0, ["dog.n.01"], [0, 0, 1, 1]) }
        func validation(_ seed: UInt64) throws -> [Int64] {
            try read(folder, many) {
                $0.validationShare = 0.1; $0.seed = seed
            }.images.filter { $0.split == .validation }.map(\.id)
        }
        let first = try validation(1)
        #expect(first.count == 20 && first == first.sorted())
        #expect(try validation(1) == first && validation(2) != first)
    }

    @Test func wordsMoveTheSplitOnlyAtTheCut() throws {
        // Every fourth image has nothing but a street sign, which takes part with `firstWordOfSynset` only.
        let signs = (1...200).map { ($0, [$0 % 4 == 0 ? "street_sign.n.01" : "dog.n.01"], [0, 0, 1, 1]) }
        func validation(_ firstWord: Bool) throws -> [Int64] {
            try read(folder, signs, unknown: ["street_sign"]) {
                ($0.validationShare, $0.firstWordOfSynset) = (0.1, firstWord)
            }
            .images.filter { $0.split == .validation }.map(\.id)
        }
        let without = try validation(false), with = try validation(true), dogs = with.filter { $0 % 4 != 0 }
        #expect(without.count == 15 && with.count == 20)
        // Both took the first of one order: the fewer dogs are among the more.
        #expect(Set(dogs).isSubset(of: without) || Set(without).isSubset(of: dogs))
    }

    /// Boxes, sizes and training views of any kind, against masks drawn pixel by pixel.
    @Test func masksAgreeWithPixelByPixel() throws {
        var random = RandomSource(seed: 1, stream: "boxes")
        for _ in 0..<60 {
            let width = 1 + random.below(500), height = 1 + random.below(500)
            let box = [
                random.below(2 * width) - width / 2, random.below(2 * height) - height / 2, 1 + random.below(width),
                1 + random.below(height),
            ]
            // Whether a place lies in one side of the box; as Python slices it, a bound below 0 counts from the far
            // end.
            func lies(_ place: Int, _ start: Int, _ count: Int, of length: Int, isSliced: Bool) -> Bool {
                func bound(_ value: Int) -> Int { isSliced && value < 0 ? max(0, value + length) : value }
                return place >= bound(start) && place < bound(start + count)
            }
            func drawn(_ width: Int, _ height: Int, isSliced: Bool = false) -> Bitmap {
                var mask = Bitmap(width: width, height: height)
                for y in 0..<height where lies(y, box[1], box[3], of: height, isSliced: isSliced) {
                    for x in 0..<width where lies(x, box[0], box[2], of: width, isSliced: isSliced) {
                        mask[x, y] = true
                    }
                }
                return mask
            }
            let view = CropView(seed: 1, imageID: 1, view: random.below(1000), width: width, height: height)
            let objects = [1, 2].map { (image: $0, synsets: ["dog.n.01"], box: box) }
            let right = try read(folder, objects), wrong = try read(folder, objects) { $0.transposedBoxMask = true }
            #expect(
                try right.samples(ofImage: 0, width: width, height: height)[0].mask == drawn(width, height).crop224())
            #expect(
                try right.samples(ofImage: 0, width: width, height: height, view: view)[0].mask
                    == drawn(width, height).sampled(view.sampling))
            let transposed = drawn(height, width, isSliced: true).crop224()
            #expect(try wrong.samples(ofImage: 0, width: width, height: height)[0].mask == transposed)
        }
    }

    @Test func brokenFiles() throws {
        func reason(_ json: String) throws -> String {
            var strict = DatasetRules()
            strict.failsOnBadAnnotation = true
            let error = #expect(throws: DatasetError.self) {
                try VisualGenomeDataset(
                    objects: folder.write("broken.json", json), imageFolders: [], hasVector: { _ in true },
                    rules: strict)
            }
            return try #require(error?.description.components(separatedBy: "broken.json").last)
                .replacingOccurrences(
                    of: "; to leave such annotations out: --set dataset.onBadAnnotation=skip", with: "")
        }
        let whole = objectsJSON(pair)
        for length in stride(from: 0, to: whole.utf8.count, by: 11) {
            #expect(try reason(String(whole.prefix(length))).contains("the file ends in the middle of its JSON"))
        }
        #expect(
            try reason(#"[{"image_id": 1, "objects": [{"synsets": ["a.n.01"], "x": 1}]}]"#)
                == ": object number 1 of image 1: no \"w\"")
        #expect(
            try reason(#"[{"image_id": 1, "objects": [{"synsets": []}, {"synsets": [7]}]}]"#)
                == ": object number 2 of image 1: \"synsets\": expected a string, found a number")
        #expect(try reason(#"{"x": [{"image_id": 1, "objects": []}]}"#).contains("expected a list of images"))
        #expect(
            try reason("[\n" + #"{"image_id": 1, "objects": 3}]"#)
                == ": image 1: \"objects\": expected an array, found a number")
        #expect(
            try reason(#"[{"image_id": 1, "objects": []}, {"image_id": 1, "objects": []}]"#)
                == ": image number 2: image 1 is listed a second time; the first counts")
        #expect(try reason("[]").contains("no concept has a word vector and occurs 100 times"))
        #expect(try reason("3") == ":line 1, byte 1: expected { or [")
    }

    /// The real excerpt against the same rules in Python, for three sets of rules.
    @Test(
        .enabled(if: reference != nil, "the real data (LAVISE_REFERENCE) is not here"),
        arguments: ["lemma", "first", "transposed"])
    func realExcerpt(_ rule: String) throws {
        let root = try #require(reference) + "/data",
            lines = fixtureLines("visual-genome-excerpt.txt").filter { $0[1] == rule }
        let words = Set(
            try String(contentsOfFile: root + "/glove.6B.300d.sample.txt", encoding: .utf8).split(separator: "\n").map {
                $0.prefix { $0 != " " }
            })
        var rules = DatasetRules()
        (rules.countInstances, rules.minimumCount) = (true, 3)
        (rules.firstWordOfSynset, rules.transposedBoxMask) = (rule == "first", rule == "transposed")
        let dataset = try VisualGenomeDataset(
            objects: root + "/visual-genome-excerpt/objects.json", imageFolders: [""],
            hasVector: { words.contains(Substring($0)) }, rules: rules)
        #expect(dataset.concepts == Array(lines[0].dropFirst(2)) && dataset.images.count == lines.count - 1)
        for line in lines.dropFirst() {
            let row = try #require(dataset.images.firstIndex { String($0.id) == line[2] })
            let samples = try dataset.samples(ofImage: row, width: 800, height: 600)
            var hash = FNV()
            for sample in samples {
                hash.add([UInt8(sample.concepts[0] >> 8), UInt8(sample.concepts[0] & 255)] + sample.mask.packed)
            }
            #expect(String(samples.count) == line[3] && hash.hex == line[4], "image \(line[2])")
        }
    }

    /// A file like the real one in small; of its full size (108,000 images, 2.5 million objects, about 400 MB) with
    /// LAVISE_FULL_SIZE=1. It is read in a process of its own, whose peak memory no other test moves.
    @Test(.waitsForExits) func largeFileInBoundedMemory() async {
        let child = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            let full = ProcessInfo.processInfo.environment["LAVISE_FULL_SIZE"] == "1", folder = TemporaryFolder()
            let images = full ? 108_000 : 5_400
            let path = folder.path + "/large.json"
            let bytes = try writeLargeObjects(to: path, images: images)
            let before = try Usage()
            let dataset = try VisualGenomeDataset(
                objects: path, imageFolders: [folder.path], hasVector: { _ in true }, rules: DatasetRules())
            let after = try Usage(), grown = after.peak - before.peak
            print(
                "\(bytes >> 20) MB: \(after.seconds - before.seconds) s of CPU, \(grown >> 10) kB more memory, \(dataset.concepts.count) concepts"
            )
            #expect(dataset.images.count == images)
            // The boxes alone are 2.5 MB of the small file.
            #expect((2 << 20..<(full ? 500 << 20 : 25 << 20)).contains(grown))
        }
        print(String(decoding: child?.standardOutputContent ?? [], as: UTF8.self))
    }
}

/// What this process has taken until now.
private struct Usage {
    /// Peak resident memory in bytes.
    let peak: Int
    /// Processor time.
    let seconds: Double

    init() throws {
        // Not `ru_maxrss`: on Linux a new process begins with its parent's.
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8).split(separator: "\n")
        peak = try #require(status.first { $0.hasPrefix("VmHWM:") }.flatMap { Int($0.filter(\.isNumber)) }) << 10
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        self.seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}

/// Writes an `objects.json` of that many images with 23 or 24 objects each, 2,000 lemmas; returns its size.
private func writeLargeObjects(to path: String, images: Int) throws -> Int {
    try Data().write(to: URL(fileURLWithPath: path))
    let file = try #require(FileHandle(forWritingAtPath: path))
    var text = "[", written = 0
    for image in 1...images {
        if image > 1 { text += ", " }
        text += #"{"image_id": \#(image), "objects": ["#
        for object in 0..<(23 + image % 7 / 6) {
            if object > 0 { text += ", " }
            let number = image * 29 + object
            // Low lemmas are common, as in the real file.
            let lemma = (number &* 7919 % 2000) * (number &* 104_729 % 2000) / 2000
            text +=
                #"{"synsets": ["noun\#(lemma).n.01"], "h": \#(number % 400), "object_id": \#(1_000_000 + number), "merged_object_ids": [\#(5_000_000 + number)], "names": ["a noun numbered \#(lemma)"], "w": \#(number % 500), "y": \#(number % 300), "x": \#(number % 400)}"#
        }
        text += #"], "image_url": "https://cs.stanford.edu/people/rak248/VG_100K_2/\#(image).jpg"}"#
        if text.utf8.count > 1 << 20 || image == images {
            if image == images { text += "]" }
            try file.write(contentsOf: Data(text.utf8))
            written += text.utf8.count
            text = ""
        }
    }
    try file.close()
    return written
}
