import Fingerprints
import Foundation
import Imaging
import Reporting
import TestSupport
import Testing

/// `explain`: pictures of every kind, several at a time, layers and seeds, and what its pictures show.
@Suite(.waits) struct ExplainVerbTests {
    private static let fixtures = URL(fileURLWithPath: #filePath).appending(
        path: "../../ImagingTests/Fixtures/pictures"
    ).standardized.path

    /// Two layers, two filters each, on drawn scenes; run.
    private static func withResults(_ body: (Command) throws -> Void) throws {
        try Command.inMemory { command in
            try command.makeExperiment()
            try command.write(
                "x.json",
                """
                {"name": "x", "dataset": {"kind": "coco", "root": "scenes"}, "embedding": {"kind": "glove", "path": "scenes/glove.txt"},
                 "backbone": {"architecture": "resnet18", "layers": ["layer1", "layer2"], "random": true}, "train": {"epochs": 1, "batchSize": 8},
                 "evaluate": {"filters": [0, 1], "topImages": 2, "methods": ["original"], "metrics": []}}
                """)
            let run = try command.run("run", "x.json", "--seeds", "0..1", "--quiet"),
                one = try command.run("run", "x.json", "--quiet")
            #expect(run.code == 0 && one.code == 0, "\(run.errors)\(one.errors)")
            try body(command)
        }
    }

    private static func explained(_ command: Command, _ arguments: [String]) throws -> [Value] {
        let end = try command.run(["explain", "x.json", "--json"] + arguments)
        #expect(end.code == 0, "\(arguments): \(end.errors)")
        let value = try Value(json: end.output)
        return value.arrayValue ?? [value]
    }

    /// One picture as JPEG, as JPEG that EXIF turns, as PNG and as WebP: the same is seen, in one command.
    @Test func picturesOfEveryKind() throws {
        try Self.withResults { command in
            let scene = try command.image("val2017")
            let jpeg = try [UInt8](Data(contentsOf: URL(fileURLWithPath: command.path(scene)))),
                picture = try decodeImage(command.path(scene))
            func write(_ bytes: [UInt8], _ name: String) throws -> String {
                try Data(bytes).write(to: URL(fileURLWithPath: command.path(name)))
                return command.path(name)
            }
            // Big-endian EXIF with one entry: orientation 3, upside down.
            let exif: [UInt8] =
                [0xFF, 0xE1, 0, 34] + Array("Exif\0\0MM".utf8)
                + [0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 3, 0, 0, 0, 0, 0, 0]
            let webp = try decodeImage(Self.fixtures + "/lossless.webp")
            let images = [
                try write(jpeg, "a.jpg"), try write([UInt8](encodePNG(picture)), "a.png"),
                try write(Array(jpeg.prefix(2)) + exif + jpeg.dropFirst(2), "turned.jpg"),
                try write([UInt8](encodePNG(picture.turned(.upsideDown))), "upside-down.png"),
                try write([UInt8](Data(contentsOf: URL(fileURLWithPath: Self.fixtures + "/lossless.webp"))), "c.webp"),
                try write([UInt8](encodePNG(webp)), "d.png"),
            ]
            let said = try Self.explained(
                command, images.flatMap { ["--image", $0] } + ["--filter", "0", "--filter", "1"])
            #expect(said.map { $0["image"]?.stringValue } == images)
            for pair in [0, 2, 4] { #expect(said[pair]["filters"] == said[pair + 1]["filters"], "\(images[pair])") }
            #expect(said[0]["filters"] != said[2]["filters"] && said[0]["filters"] != said[4]["filters"])
            // Each has a picture of its own, also two of one name.
            let drawn = try said.map { try #require($0["picture"]?.stringValue) }
            #expect(Set(drawn).count == images.count && drawn.allSatisfy(FileManager.default.fileExists))
            #expect(drawn[1].hasSuffix("heatmaps/a-2-filter-0-1.png"))
        }
    }

    /// A tile: the region, beside it the values of the map, and under both the filter, its words and the picture's
    /// name.
    @Test func tilesSayWhatTheyShow() throws {
        try Self.withResults { command in
            let scene = try command.image("val2017")
            let said = try Self.explained(
                command, ["--image", command.path(scene), "--filter", "1", "-o", command.path("out/b.png")])[0]
            let filter = try #require(said["filters"]?.arrayValue?.first),
                drawn = try decodeImage(command.path("out/b.png"))
            let words = try #require(filter["words"]?.arrayValue).prefix(4).compactMap { $0["word"]?.stringValue }
            let strength = try #require(filter["strength"]?.doubleValue)
            let labels = RGBImage(
                width: drawn.width, height: 1, pixels: [UInt8](repeating: 255, count: drawn.width * 3)
            ).labelled([
                "filter 1: \(String(format: "%.2f", strength)) of its threshold", words.joined(separator: ", "),
                URL(fileURLWithPath: scene).lastPathComponent,
            ])
            #expect(drawn.width == 224 + 4 + 224 && drawn.height == 224 + labels.height - 1)
            #expect(
                drawn.pixels.suffix((labels.height - 1) * drawn.width * 3) == labels.pixels.dropFirst(drawn.width * 3))
            func half(_ left: Int) -> [UInt8] { drawn.cropped(x: left, y: 0, width: 224, height: 224).pixels }
            // Thresholded: the picture's own pixels inside, grey outside. The heat map has colours of its own
            // everywhere.
            let crop = try decodeImage(command.path(scene)).centreCrop(.standard).pixels
            let kept = zip(half(0), crop).count { $0 == $1 }, area = try #require(filter["area"]?.doubleValue)
            #expect(Double(kept) >= area * Double(crop.count) && half(228) != half(0))
        }
    }

    @Test func kindsOfFilesLayersSeedsAndWords() throws {
        try Self.withResults { command in
            let scene = command.path(try command.image("val2017"))
            for (name, magic) in [
                ("o.jpg", [0xFF, 0xD8, 0xFF]), ("o.JPEG", [0xFF, 0xD8, 0xFF]), ("o.png", [0x89, 0x50, 0x4E]),
            ] as [(String, [UInt8])] {
                #expect(try command.run("explain", "x.json", "--image", scene, "-o", command.path(name)).code == 0)
                #expect(
                    try [UInt8](Data(contentsOf: URL(fileURLWithPath: command.path(name))).prefix(3)) == magic,
                    "\(name)")
            }
            for (arguments, text) in [
                (["--image", scene, "-o", "o.gif"], "ends in .png, .jpg or .jpeg"),
                (["--image", scene, "--image", scene, "-o", "o.png"], "--output takes one picture"),
                (["--filter", "0", "--words", "0"], "--words 0: expected at least 1"),
                (["--filter", "0", "--layer", "layer3"], "layer3"),
            ] {
                let end = try command.run(["explain", "x.json"] + arguments)
                #expect(end.code == 2 && end.errors.contains(text), "\(arguments): \(end.errors)")
            }
            func filters(_ arguments: [String]) throws -> Value? {
                try Self.explained(command, ["--image", scene] + arguments)[0]["filters"]
            }
            // Each layer and each seed has an explainer and maps of its own; the first is what is shown where none is
            // named.
            #expect(
                try filters([]) == filters(["--layer", "layer1"]) && filters([]) != filters(["--layer", "layer2"]))
            #expect(try filters(["--seeds", "0..1"]) == filters([]))
            #expect(try filters(["--seeds", "0..1", "--row", "1, layer1"]) != filters([]))
            // How many words of a filter, and filters of a picture.
            for count in [1, 3] {
                #expect(
                    try Self.explained(command, ["--filter", "0", "--words", "\(count)"])[0]["words"]?.arrayValue?.count
                        == count)
                let named = try #require(filters(["--filter", "1", "--words", "\(count)"])?.arrayValue)
                #expect(named.count == 1 && named[0]["words"]?.arrayValue?.count == count)
                #expect(try filters(["--words", "\(count)"])?.arrayValue?.count == min(count, 2))
            }
            // Both filters have the word; of a word as many filters are shown as words.
            let word = try #require(
                Self.explained(command, ["--filter", "0"])[0]["words"]?.arrayValue?.first?["word"]?.stringValue)
            let all = try #require(
                Self.explained(command, ["--concept", word, "--words", "1"])[0]["filters"]?.arrayValue)
            let some = try command.run("explain", "x.json", "--concept", word, "--words", "1").output.split(
                separator: "\n")
            #expect(
                some.count == 2 && some[1].contains("the first 1 are shown, --json has all") == (all.count > 1),
                "\(some)")
        }
    }

    /// Units that never rise above 0 have no multiple of a threshold: they are left out where a picture's filters are
    /// ranked, counted, and still explained where they are named.
    @Test func filtersWithoutAThresholdAreLeftOutAndCounted() throws {
        try Command.inMemory { command in
            try command.makeExperiment()
            // Channel 3, its opposite, nothing at all, and channel 5.
            var weights = [Float](repeating: 0, count: 4 * 64)
            (weights[3], weights[64 + 3], weights[3 * 64 + 5]) = (1, -1, 1)
            let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 64), }"
            let array =
                [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
                + weights.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
            try Data(array).write(to: URL(fileURLWithPath: command.path("data/units.npy")))
            let units = ["--set", "evaluate.units=units.npy", "--set", "evaluate.metrics=[]"]
            func filters(_ list: String) -> [String] { units + ["--set", "evaluate.filters=\(list)"] }
            for list in ["all", "[1, 2]"] {
                let run = try command.run(["run", "x.json", "--quiet"] + filters(list))
                #expect(run.code == 0, "\(run.errors)")
            }
            let scene = ["--image", command.path(try command.image("val2017"))]

            let ranked = try Self.explained(command, filters("all") + scene)[0]
            let numbers = ranked["filters"]?.arrayValue?.compactMap { $0["filter"]?.intValue } ?? []
            #expect(numbers.sorted() == [0, 3] && ranked["unranked"]?.intValue == 2, "\(ranked)")
            let told = try command.run(["explain", "x.json"] + filters("all") + scene)
            #expect(told.code == 0 && told.output.split(separator: "\n").count == 3, "\(told.output)")
            #expect(told.errors.contains("2 filters are left out: they have no threshold above 0"), "\(told.errors)")

            let named = try Self.explained(command, filters("all") + scene + ["--filter", "1", "--filter", "2"])[0]
            let shown = try #require(named["filters"]?.arrayValue)
            #expect(shown.map { $0["filter"]?.intValue } == [1, 2] && named["unranked"]?.intValue == 0)
            #expect(shown.allSatisfy { $0["strength"] == .null && $0["words"]?.arrayValue?.isEmpty == false })
            let line = try command.run(["explain", "x.json"] + filters("all") + scene + ["--filter", "2"]).output
            #expect(line.contains("  2  –  0.0 %"), "\(line)")

            let none = try command.run(["explain", "x.json"] + filters("[1, 2]") + scene)
            #expect(
                none.code == 2 && none.errors.contains("no filter of x has a threshold above 0: none can be ranked"),
                "\(none.errors)")
        }
    }
}
