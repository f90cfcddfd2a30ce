import Datasets
import Engine
import Fingerprints
import Foundation
import Transfer

/// Where the parts of a reference dataset lie: each is an input of the preprocess stage, so that other files beside them change nothing.
enum DatasetLayout: Sendable {
    /// Without a split: the seed cuts the set.
    case coco(split: [(Split?, annotations: Part, images: Part)])
    case visualGenome(objects: Part, images: [Part])

    /// A part: the name of a stage input, and a path inside it (empty: the input itself).
    struct Part: Sendable {
        let input: String
        let inside: String
        /// Where the input is a zip archive: the annotation file in it.
        let member: String?

        init(_ input: String, _ inside: String = "", member: String? = nil) {
            self.input = input
            self.inside = inside
            self.member = member
        }

        func path(_ context: StageContext) throws -> String {
            let base = try context.input(input)
            return inside.isEmpty ? base : base + "/" + inside
        }

        /// The path of an annotation file, unpacked if it lies in an archive.
        func file(_ context: StageContext) throws -> String {
            let path = try path(context)
            guard let member else { return path }
            let archive = try ZipArchive(path), unpacked = context.scratch + "/" + member
            let folder = URL(fileURLWithPath: unpacked).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            guard FileManager.default.createFile(atPath: unpacked, contents: nil), let file = FileHandle(forWritingAtPath: unpacked) else {
                throw FileSystemError("write", unpacked, code: errno)
            }
            defer { try? file.close() }
            try archive.stream(archive.member(member)) {
                try context.checkCancelled()
                try file.write(contentsOf: $0)
            }
            return unpacked
        }

        fileprivate var value: Value { [.string(input), .string(inside), member.map { .string($0) } ?? .null] }
    }

    var parameters: Value {
        switch self {
        case .coco(let splits):
            .array(splits.map { [$0.0.map { .string("\($0)") } ?? .null, $0.annotations.value, $0.images.value] })
        case .visualGenome(let objects, let images): [objects.value, .array(images.map(\.value))]
        }
    }

    /// The annotations and, for reading them by the paths in it, the images.
    func open(_ context: StageContext, hasVector: @escaping (String) -> Bool, rules: DatasetRules) throws -> (any ReferenceDataset, ImageFiles) {
        switch self {
        case .coco(let splits):
            let folders = try splits.map { ($0.0, try $0.images.path(context)) }
            let annotations = try splits.map { ($0.0, try $0.annotations.file(context)) }
            let files = try ImageFiles(folders: folders.map(\.1))
            return (try COCODataset(
                annotations: annotations, imageFolders: folders, isPresent: files.contains, hasVector: hasVector, rules: rules), files)
        case .visualGenome(let objects, let images):
            let folders = try images.map { try $0.path(context) }
            let files = try ImageFiles(folders: folders)
            return (try VisualGenomeDataset(
                objects: objects.file(context), imageFolders: folders, isPresent: files.contains, hasVector: hasVector, rules: rules), files)
        }
    }
}

extension DatasetRules {
    var parameters: Value {
        [
            "mergeInstances": .bool(mergeInstances), "transposedBoxMask": .bool(transposedBoxMask), "firstWordOfSynset": .bool(firstWordOfSynset),
            "countInstances": .bool(countInstances), "splitByInstance": .bool(splitByInstance), "minimumCount": .int(minimumCount),
            "validationShare": .double(validationShare), "cropImageOnly": .bool(cropImageOnly), "limit": limit.map { .int($0) } ?? .null, "seed": .int(Int(seed)),
            "failsOnBadAnnotation": .bool(failsOnBadAnnotation),
        ]
    }
}
