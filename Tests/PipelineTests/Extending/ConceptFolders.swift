import Datasets
import Engine
import Foundation
import Imaging
import Pipeline

extension DatasetFormat {
    /// Pictures in folders, one a concept, inside `train` and `validation`: every picture shows its folder's concept.
    static let conceptFolders = DatasetFormat(
        "concept-folders",
        parts: { files, _ in
            let (input, source): (String, Source) =
                switch files {
                case .inside(let input, let source): (input, source)
                case .folder(let base, _): ("pictures", .file(base))
                }
            let layout = DatasetLayout(parameters: .string(input)) { context, reading in
                let root = try context.input(input)
                return (try ConceptFolders(root, reading), try ImageFiles(folders: [root]))
            }
            return DatasetParts(layout: layout, inputs: [Input(input, source)])
        },
        expected: { _, _ in ExpectedDataset(train: 1000, validation: 100, samplesPerImage: 1, concepts: 10) })
}

struct ConceptFolders: ReferenceDataset {
    let concepts: [String]
    let images: [ReferenceImage]
    let unmatched: [UnmatchedName] = []
    let notes = AnnotationNotes()
    private let concept: [Int32]

    init(_ root: String, _ reading: DatasetReading) throws {
        func names(_ folder: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)").sorted()
        }
        let concepts = try names("train").filter(reading.hasVector)
        var images: [ReferenceImage] = [], concept: [Int32] = []
        for (split, folder) in [(Split.train, "train"), (Split.validation, "validation")] {
            for (index, name) in concepts.enumerated() {
                for file in try names("\(folder)/\(name)") {
                    let path = "\(root)/\(folder)/\(name)/\(file)"
                    images.append(ReferenceImage(id: Int64(images.count), split: split, file: path))
                    concept.append(Int32(index))
                }
            }
        }
        (self.concepts, self.images, self.concept) = (concepts, images, concept)
    }

    func annotations(ofImage row: Int, width: Int, height: Int, view: CropView?) throws -> ImageAnnotations {
        let everything = [UInt8](repeating: 255, count: 224 * 224 / 8)
        let mask = Bitmap(packed: everything, width: 224, height: 224)
        return ImageAnnotations(samples: [Sample(concepts: [concept[row]], mask: mask)])
    }
}
