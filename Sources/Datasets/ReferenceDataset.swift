import Fingerprints
import Imaging

/// A part of a reference dataset.
public enum Split: UInt8, Sendable, CaseIterable {
    case train = 0, validation = 1
}

/// An image of a reference dataset.
public struct ReferenceImage: Sendable, Equatable {
    /// The dataset's own number of it.
    public let id: Int64
    /// The part that it is in, unless its samples have their own (`sampleSplits`).
    public let split: Split
    /// Path of the picture. It may turn out to be missing when it is read.
    public let file: String

    /// - Parameter file: path of the picture, which need not exist.
    public init(id: Int64, split: Split, file: String) {
        (self.id, self.split, self.file) = (id, split, file)
    }
}

/// A mask with the concepts seen in it.
public struct Sample: Sendable, Equatable {
    /// Indices into the dataset's concepts, each once, in the order of the words in the category's name.
    public let concepts: [Int32]
    /// As large as the crop, in the image's own view.
    public let mask: Bitmap

    /// - Parameters:
    ///   - concepts: indices into the dataset's concepts, each once.
    ///   - mask: as large as the crop, in the image's own view.
    public init(concepts: [Int32], mask: Bitmap) {
        self.concepts = concepts
        self.mask = mask
    }
}

/// Images with (concepts, mask) annotations (METHOD 2). A value that can be shared between threads.
public protocol ReferenceDataset: Sendable {
    /// All concepts, by Unicode code points.
    var concepts: [String] { get }
    /// By split, then id; images without annotations are dropped.
    var images: [ReferenceImage] { get }
    /// Names without a concept, with the annotations that are left out for it, the most first.
    var unmatched: [UnmatchedName] { get }
    /// Names of several words of which some have no vector and are left out, the most annotations first.
    var partlyMatched: [UnmatchedName] { get }
    /// What is to be said of annotations already when the files were read.
    var notes: AnnotationNotes { get }
    /// The samples of image `row`, by their positives' indices, seen in a training view, or in METHOD's standard
    /// view when `view` is nil, and what is to be said of its annotations. `width` and `height` are the decoded
    /// image's.
    /// - Throws: `DatasetError` naming the file, and the annotation where one that cannot be used is to end the run.
    func annotations(ofImage row: Int, width: Int, height: Int, view: CropView?) throws -> ImageAnnotations
    /// The split that each sample of image `row` trains or validates in, where they have their own; nil: the image's.
    func sampleSplits(ofImage row: Int) -> [Split]?
}

extension ReferenceDataset {
    /// None.
    public var partlyMatched: [UnmatchedName] { [] }

    /// nil: every sample goes where its image goes.
    public func sampleSplits(ofImage row: Int) -> [Split]? { nil }

    /// The samples of image `row` alone, in METHOD's standard view when `view` is nil.
    /// - Throws: as `annotations`.
    public func samples(ofImage row: Int, width: Int, height: Int, view: CropView? = nil) throws -> [Sample] {
        try annotations(ofImage: row, width: width, height: height, view: view).samples
    }
}

/// How annotations become samples: METHOD's rules, with the deviations of METHOD 9 that live in the data.
public struct DatasetRules: Sendable, Equatable {
    /// Instances of one category in one image are one sample; false is the deviation `oneSamplePerInstance`.
    public var mergeInstances = true
    /// Deviation `transposedBoxMask` (Visual Genome).
    public var transposedBoxMask = false
    /// Deviation `firstWordOfSynset` (Visual Genome).
    public var firstWordOfSynset = false
    /// Deviation `countInstances` (Visual Genome).
    public var countInstances = false
    /// Deviation `instancePerSynset` (Visual Genome).
    public var instancePerSynset = false
    /// Deviation `splitByInstance` (Visual Genome).
    public var splitByInstance = false
    /// Deviation `cropImageOnly` (random training crops).
    public var cropImageOnly = false
    /// A Visual Genome concept that occurs less often is dropped.
    public var minimumCount = 100
    /// Share of the Visual Genome images, or samples, that validate.
    public var validationShare = 0.1
    /// Only so many images of each split, the first by id; nil for all.
    @OrNull public var limit: Int? = nil
    /// How words are compared with those that have a vector.
    public var words = WordMatching.exact
    /// What becomes of names of several words.
    public var names = NameConcepts.split
    /// An annotation that cannot be used ends the run; else it is left out and noted.
    public var failsOnBadAnnotation = false
    /// The pictures' size, which masks follow.
    public var crop = CropRule.standard
    /// Of the Visual Genome split.
    public var seed: UInt64 = 0

    /// METHOD's rules, without a deviation.
    public init() {}
}

extension DatasetRules: Encodable {
    /// All but `words`, `names` and `crop`, whose defaults depend on what is read: who fingerprints the rules adds them.
    private enum CodingKeys: CodingKey {
        case mergeInstances, transposedBoxMask, firstWordOfSynset, countInstances, instancePerSynset, splitByInstance
        case minimumCount, validationShare, cropImageOnly, limit, seed, failsOnBadAnnotation
    }
}

extension Collection where Element == String {
    /// By Unicode code points (which is the order of UTF-8's bytes), whatever the locale.
    func sortedByCodePoints() -> [String] { sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
}
