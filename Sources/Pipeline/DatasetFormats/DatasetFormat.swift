import Datasets
import Engine

/// A kind of reference dataset: where its parts lie, how they are read, and what METHOD says of it. A value, in a file
/// of its own; `DatasetFormat.all` lists them.
///
/// Two formats are equal when they have one name.
public struct DatasetFormat: Sendable {
    /// As experiments and fingerprints say it (`dataset.kind`).
    public let name: String
    /// How words are compared where an experiment does not say it.
    let defaultWords: WordMatching
    /// The share of the concepts that training sees where an experiment does not say it (METHOD 5).
    let defaultCategoryFraction: Double
    /// Whether `dataset.splits` can say where the files lie.
    let hasOwnSplits: Bool
    /// Whether the seed cuts the images into training and validation wherever they lie.
    let isCutBySeed: Bool
    /// What makes the dataset and its word vectors, where they are no files of the user's.
    let drawing: (@Sendable (Experiment) -> DrawnDataset)?
    let parts: @Sendable (DatasetFiles, Experiment.Dataset) -> DatasetParts
    let expected: @Sendable (Experiment, Places) throws -> ExpectedDataset

    package init(
        _ name: String, defaultWords: WordMatching = .exact, defaultCategoryFraction: Double = 1,
        hasOwnSplits: Bool = false, isCutBySeed: Bool = false,
        drawing: (@Sendable (Experiment) -> DrawnDataset)? = nil,
        parts: @escaping @Sendable (DatasetFiles, Experiment.Dataset) -> DatasetParts,
        expected: @escaping @Sendable (Experiment, Places) throws -> ExpectedDataset
    ) {
        self.name = name
        self.defaultWords = defaultWords
        self.defaultCategoryFraction = defaultCategoryFraction
        self.hasOwnSplits = hasOwnSplits
        self.isCutBySeed = isCutBySeed
        self.drawing = drawing
        self.parts = parts
        self.expected = expected
    }

    /// Every format of this program.
    public static let all: [DatasetFormat] = [.coco, .visualGenome, .demoScenes]
}

extension DatasetFormat: Hashable, CustomStringConvertible {
    /// By name alone.
    public static func == (a: DatasetFormat, b: DatasetFormat) -> Bool { a.name == b.name }

    /// The name alone.
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }

    /// The name, as experiments say it.
    public var description: String { name }
}

/// A dataset that a stage makes.
package struct DrawnDataset: Sendable {
    package let stage: any Stage
    /// The stage's output that is the dataset's folder.
    package let folder: String
    /// The word vectors in it.
    package let vectors: String

    package init(stage: any Stage, folder: String, vectors: String) {
        self.stage = stage
        self.folder = folder
        self.vectors = vectors
    }
}

/// Where a dataset's files are.
package enum DatasetFiles: Sendable {
    /// All in one input: a download, or what a stage drew.
    case inside(input: String, Source)
    /// In a folder of the user's.
    case folder(String, Places)
}

/// How much data a dataset is expected to have before it is read.
package struct ExpectedDataset: Sendable, Equatable {
    package let train: Int, validation: Int
    /// Samples an image.
    package let samplesPerImage: Double
    package let concepts: Int

    package init(train: Int, validation: Int, samplesPerImage: Double, concepts: Int) {
        self.train = train
        self.validation = validation
        self.samplesPerImage = samplesPerImage
        self.concepts = concepts
    }
}
