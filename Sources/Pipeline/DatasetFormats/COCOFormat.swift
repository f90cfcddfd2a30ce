import Datasets
import Engine
import Fingerprints
import Transfer

extension DatasetFormat {
    /// COCO 2017's layout, and everyone's own annotations in COCO's format. Words are folded where the experiment says
    /// nothing: that changes nothing for COCO's own 80 names, all in lower case with blanks between words.
    public static let coco = DatasetFormat(
        "coco", defaultWords: .folded, hasOwnSplits: true, parts: COCOParts.parts, expected: COCOParts.expected)
}

/// Where COCO's parts lie. The demo's scenes lie in the same way.
enum COCOParts {
    /// A split with its annotation file and its images; without a split the seed cuts the set.
    typealias Part = (split: Split?, annotations: DatasetPart, images: DatasetPart)

    private static let official = [(Split.train, "train2017"), (Split.validation, "val2017")]

    static func parts(_ files: DatasetFiles, _ dataset: Experiment.Dataset) -> DatasetParts {
        switch files {
        case .inside(let input, let source):
            let parts = official.map {
                ($0.0, DatasetPart(input, "annotations/instances_\($0.1).json"), DatasetPart(input, $0.1))
            }
            let own = own(dataset.splits) { _, files in
                (DatasetPart(input, files.annotations), DatasetPart(input, files.images))
            }
            return DatasetParts(layout: layout(own ?? parts), inputs: [Input(input, source)])
        case .folder(let base, let places):
            var folder = PartsOfFolder(base, places)
            let own = own(dataset.splits) { name, files in
                let annotations = folder.add(name + "/annotations", files.annotations)
                return (
                    annotations, folder.add(name + "/images", files.images, namedBy: (annotations, imageNames(ofCOCO:)))
                )
            }
            let parts =
                own
                ?? official.map { split, set in
                    let file = "annotations/instances_\(set).json", archive = "annotations_trainval2017.zip"
                    let annotations = folder.find([(file, nil), ("annotations/" + archive, file), (archive, file)])
                    return (
                        split, annotations,
                        folder.find([(set, nil), (set + ".zip", nil)], namedBy: (annotations, imageNames(ofCOCO:)))
                    )
                }
            return DatasetParts(layout: layout(parts), inputs: folder.inputs)
        }
    }

    /// nil for COCO 2017's own names.
    private static func own(
        _ splits: Experiment.Splits,
        _ part: (_ name: String, Experiment.SplitFiles) -> (annotations: DatasetPart, images: DatasetPart)
    ) -> [Part]? {
        func named(_ split: Split?, _ name: String, _ files: Experiment.SplitFiles) -> Part {
            let found = part(name, files)
            return (split, found.annotations, found.images)
        }
        return switch splits {
        case .official: nil
        case .own(let train, let validation):
            [named(.train, "train", train), named(.validation, "validation", validation)]
        case .cut(let files): [named(nil, "all", files)]
        }
    }

    private static func layout(_ parts: [Part]) -> DatasetLayout {
        let parameters = parts.map { part -> Value in
            [part.split.map { .string("\($0)") } ?? .null, part.annotations.value, part.images.value]
        }
        return DatasetLayout(parameters: .array(parameters)) { context, reading in
            let folders = try parts.map { ($0.split, try $0.images.path(context)) }
            let annotations = try parts.map { ($0.split, try $0.annotations.file(context)) }
            let files = try ImageFiles(folders: folders.map(\.1))
            let dataset = try COCODataset(
                annotations: annotations, imageFolders: folders, isPresent: files.contains,
                hasVector: reading.hasVector, rules: reading.rules)
            return (dataset, files)
        }
    }

    /// Larger annotation files are not read to count images.
    private static let largestCounted = 128 << 20
    /// The mean of train2017.
    private static let bytesOfAnImage = 165_000

    /// The annotated images of a local folder, or where that takes long all of them.
    private static func counted(
        in base: String, _ dataset: Experiment.Dataset, _ places: Places
    ) throws -> (train: Int, validation: Int) {
        func count(_ files: Experiment.SplitFiles) throws -> Int {
            func path(_ text: String) -> String { text.hasPrefix("/") ? text : base + "/" + text }
            let annotations = path(files.annotations), images = path(files.images)
            if places.exists(annotations), fileSize(annotations) ?? 0 <= largestCounted, !isDirectory(annotations) {
                // What is wrong with the file is for the stage to say, which names the place.
                if let count = try? annotatedImageCount(annotations) { return count }
            }
            let archive = isDirectory(images) ? nil : fileSize(images) ?? fileSize(images + ".zip")
            return try archive.map { $0 / bytesOfAnImage } ?? jpegs(in: images)
        }
        switch dataset.splits {
        case .official:
            let counts = try official.map {
                try count(Experiment.SplitFiles(annotations: "annotations/instances_\($0.1).json", images: $0.1))
            }
            return (counts[0], counts[1])
        case .own(let train, let validation): return (try count(train), try count(validation))
        case .cut(let files):
            let all = try count(files), validation = Int((Double(all) * dataset.validationShare).rounded())
            return (all - validation, validation)
        }
    }

    /// Samples an image are categories an image (Lin et al. 2014, section 5).
    static func expected(_ experiment: Experiment, _ places: Places) throws -> ExpectedDataset {
        var images = (train: 117_266, validation: 4_952)
        if case .path(let root)? = experiment.dataset.origin {
            images = try counted(in: places.dataPath(root), experiment.dataset, places)
        }
        return ExpectedDataset(
            train: images.train, validation: images.validation,
            samplesPerImage: experiment.deviations.contains(.oneSamplePerInstance) ? 7.7 : 3.5, concepts: 80)
    }
}
