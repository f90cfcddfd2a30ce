import Datasets
import Engine
import Fingerprints

extension DatasetFormat {
    /// Visual Genome 1.4: `objects.json` and two folders of images, which the seed cuts (METHOD 2).
    public static let visualGenome = DatasetFormat(
        "visual-genome", defaultCategoryFraction: 0.7, isCutBySeed: true, parts: parts, expected: expected)

    private static let imageFolders = [("VG_100K", "images.zip"), ("VG_100K_2", "images2.zip")]

    private static func parts(_ files: DatasetFiles, _ dataset: Experiment.Dataset) -> DatasetParts {
        switch files {
        case .inside(let input, let source):
            let images = imageFolders.map { DatasetPart(input, $0.0) }
            let layout = layout(objects: DatasetPart(input, "objects.json"), images: images)
            return DatasetParts(layout: layout, inputs: [Input(input, source)])
        case .folder(let base, let places):
            var folder = PartsOfFolder(base, places)
            let objects = folder.find([("objects.json", nil), ("objects.json.zip", "objects.json")])
            let there = imageFolders.compactMap { names in [names.0, names.1].first(where: folder.exists) }
            let images = (there.isEmpty ? ["VG_100K"] : there).map {
                folder.add($0, $0, namedBy: (objects, imageNames(ofVisualGenome:)))
            }
            return DatasetParts(layout: layout(objects: objects, images: images), inputs: folder.inputs)
        }
    }

    private static func layout(objects: DatasetPart, images: [DatasetPart]) -> DatasetLayout {
        DatasetLayout(parameters: [objects.value, .array(images.map(\.value))]) { context, reading in
            let folders = try images.map { try $0.path(context) }
            let files = try ImageFiles(folders: folders)
            let dataset = try VisualGenomeDataset(
                objects: objects.file(context), imageFolders: folders, isPresent: files.contains,
                hasVector: reading.hasVector, rules: reading.rules)
            return (dataset, files)
        }
    }

    /// Samples an image as counted in an excerpt.
    private static func expected(_ experiment: Experiment, _ places: Places) throws -> ExpectedDataset {
        var all = 106_215
        if case .path(let root)? = experiment.dataset.origin {
            let folders = imageFolders.map { places.dataPath(root) + "/" + $0.0 }
            all = try folders.filter(places.exists).reduce(0) { try $0 + jpegs(in: $1) }
        }
        return ExpectedDataset(
            train: all - all / 10, validation: all / 10,
            samplesPerImage: experiment.deviations.contains(.oneSamplePerInstance) ? 30 : 20,
            concepts: min(850, all * 20))
    }
}
