import Datasets
import Engine
import Fingerprints

/// Where the parts of a reference dataset lie: each is an input of the preprocess stage, so that other files beside them change nothing.
enum DatasetLayout: Sendable {
    case coco(split: [(Split, annotations: Part, images: Part)])
    case visualGenome(objects: Part, images: [Part])

    /// A part: the name of a stage input, and a path inside it (empty: the input itself).
    struct Part: Sendable {
        let input: String
        let inside: String

        init(_ input: String, _ inside: String = "") {
            self.input = input
            self.inside = inside
        }

        func path(_ context: StageContext) throws -> String {
            let base = try context.input(input)
            return inside.isEmpty ? base : base + "/" + inside
        }
    }

    /// The annotations and, for reading them by the paths in it, the images.
    func open(_ context: StageContext, hasVector: @escaping (String) -> Bool, rules: DatasetRules) throws -> (any ReferenceDataset, ImageFiles) {
        switch self {
        case .coco(let splits):
            let folders = try splits.map { ($0.0, try $0.images.path(context)) }
            let annotations = try splits.map { ($0.0, try $0.annotations.path(context)) }
            return (try COCODataset(annotations: annotations, imageFolders: folders, hasVector: hasVector, rules: rules),
                    try ImageFiles(folders: folders.map(\.1)))
        case .visualGenome(let objects, let images):
            let folders = try images.map { try $0.path(context) }
            let files = try ImageFiles(folders: folders)
            return (try VisualGenomeDataset(
                objects: objects.path(context), imageFolders: folders, isPresent: files.contains, hasVector: hasVector, rules: rules), files)
        }
    }
}

extension DatasetRules {
    var parameters: Value {
        [
            "mergeInstances": .bool(mergeInstances), "transposedBoxMask": .bool(transposedBoxMask), "firstWordOfSynset": .bool(firstWordOfSynset),
            "countInstances": .bool(countInstances), "instancePerSynset": .bool(instancePerSynset), "splitByInstance": .bool(splitByInstance), "minimumCount": .int(minimumCount),
            "validationShare": .double(validationShare), "cropImageOnly": .bool(cropImageOnly), "limit": limit.map { .int($0) } ?? .null, "seed": .int(Int(seed)),
        ]
    }
}
