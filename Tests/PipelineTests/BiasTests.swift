import Engine
import Foundation
import Imaging
import Pipeline
import Testing

/// `bias` on drawn scenes, of which one group has a texture that the other lacks.
@Suite struct BiasTests {
    private static let json = """
        {"name": "bias", "dataset": {"kind": "coco", "root": "scenes"}, "embedding": {"kind": "glove", "path": "scenes/glove.txt"},
         "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": {"epochs": 1, "batchSize": 8},
         "evaluate": {"topImages": 3, "methods": ["projection"], "metrics": []}}
        """

    /// The scene with a chequered square in its middle.
    private func chequered(_ image: RGBImage) -> RGBImage {
        var pixels = image.pixels
        for y in image.height / 2 - 40..<image.height / 2 + 40 {
            for x in image.width / 2 - 40..<image.width / 2 + 40 {
                for channel in 0..<3 {
                    pixels[(y * image.width + x) * 3 + channel] = (x / 3 + y / 3) % 2 == 0 ? 255 : 0
                }
            }
        }
        return RGBImage(width: image.width, height: image.height, pixels: pixels)
    }

    @Test func aPlantedTextureComesOutFirst() throws {
        try Workspace.with { workspace in
            try demoScenes(48, to: workspace.root + "/data/scenes")
            let plan = try workspace.plan(Self.json)
            try workspace.run(plan.plan)
            let statuses = try workspace.project.runner().status(of: plan.plan)
            let explainer = try FilterExplainer(ExperimentState(plan, statuses), method: nil, row: nil, threads: 2)

            let folder = workspace.root + "/data/scenes/train2017"
            let scenes = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().prefix(32)
            var planted = "file,group\n", plain = "file,group\n"
            for (index, name) in scenes.enumerated() {
                let image = try decodeUprightImage("\(folder)/\(name)"), isPlanted = index % 2 == 0
                try Data(encodePNG(isPlanted ? chequered(image) : image)).write(
                    to: URL(fileURLWithPath: "\(workspace.root)/\(index).png"))
                planted += "\(index).png,\(isPlanted ? "chequered" : "plain")\n"
                plain += "data/scenes/train2017/\(name),\(isPlanted ? "even" : "odd")\n"
            }
            func bias(_ groups: String) throws -> [FoundBias] {
                let path = workspace.root + "/groups.csv"
                try groups.write(toFile: path, atomically: true, encoding: .utf8)
                return try explainer.bias(groups: path, words: 3)
            }
            let found = try bias(planted), first = try #require(found.first)
            #expect(found.count == 64 && first.group == "chequered")
            #expect(
                first.difference.difference > 0.8 && first.difference.low > 0.5 && first.difference.q < 1e-3, "\(first)"
            )
            #expect(first.words.count == 3 && first.images.count == 3)
            #expect(first.images.allSatisfy { Int($0.dropLast(4)).map { $0 % 2 == 0 } == true }, "\(first.images)")
            #expect(zip(found, found.dropFirst()).allSatisfy { $0.difference.q <= $1.difference.q })
            // The same scenes without the texture: nothing to find.
            #expect(try bias(plain).allSatisfy { $0.difference.q > 0.05 })
            // Of three groups each is compared with the others.
            let three = try bias(plain.replacingOccurrences(of: "\(scenes[1]),odd", with: "\(scenes[1]),third"))
            #expect(Set(three.map(\.group)) == ["even", "odd", "third"] && three.count == 3 * 64)
        }
    }

    @Test(arguments: [
        ("file,who\na.png,x\n", "groups.csv:1: the columns are file, who; expected file and group"),
        ("file,group\nnowhere.png,x\n", "groups.csv:2: nowhere.png is not there"),
        ("file,group\ngroups.csv,x\n", "expected at least two groups, found x alone"),
        ("file,group\ngroups.csv,x\ngroups.csv,y\n", "groups.csv:3: a second row for groups.csv"),
        ("file,group\ngroups.csv,\n", "groups.csv:2: expected a file and its group"),
    ])
    func groupsThatCannotBeReadAreAnErrorWithItsLine(text: String, message: String) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "lavise-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "groups.csv").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: ExperimentError.self) { _ = try GroupsFile(path) }
        #expect("\(error.map { "\($0)" } ?? "")".contains(message), "\(String(describing: error))")
    }
}
