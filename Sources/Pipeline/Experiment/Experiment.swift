import Datasets
import LaViSE
import Networks

/// Where a file or folder comes from: a path of the user's, or a manifest that is downloaded.
public enum InputOrigin: Sendable, Hashable {
    /// Relative paths start at the data folder (`--data`, `LAVISE_DATA`).
    case path(String)
    /// Path of a manifest, relative to the project folder.
    case manifest(String)
}

/// A validated experiment: one backbone layer explained over one reference dataset, by one protocol and seed.
public struct Experiment: Sendable {
    public var name: String
    public var title: String
    public var protocolName: ProtocolName
    public var deviations: Set<Deviation>
    /// Whether the file names a protocol: then its settings are a paper's, and not open to advice.
    public var followsProtocol: Bool
    public var seed: UInt64
    public var dataset: Dataset
    /// Pictures without annotations that filters are explained on, in place of the dataset's (METHOD 13).
    public var target: Target?
    /// Whether there is a table of evidence: it needs annotations.
    var hasEvidence: Bool { target == nil && !evaluate.metrics.isEmpty }
    public var embedding: Embedding
    public var backbone: TargetModel
    public var train: Training
    public var evaluate: Evaluating
    public var claims: [PublishedClaim]

    public struct Dataset: Sendable, Hashable {
        public var kind: DatasetFormat
        /// nil for `demo-scenes`, which is drawn.
        public var origin: InputOrigin?
        /// Only the first `limit` images with annotations of every split.
        public var limit: Int?
        /// The number of scenes to draw (`demo-scenes` only).
        public var scenes: Int
        /// Concepts that occur fewer times are dropped (Visual Genome).
        public var minimumCount: Int
        public var onBadImage: OnBad
        /// An annotation that cannot be used is left out and noted, or ends the run.
        public var onBadAnnotation: OnBad
        /// Where the files of the splits lie below the origin (COCO).
        public var splits: Splits
        /// Share of the images that validate, where the seed cuts one file into both splits, as in Visual Genome.
        public var validationShare: Double
        /// How the words of categories and synsets are compared with the embedding's.
        public var words: WordMatching
        /// What becomes of names of several words.
        public var names: NameConcepts
        /// Random crops of every training image beside its standard crop; 0: the standard crop alone.
        public var views: Int
    }

    public struct Target: Sendable, Hashable {
        /// A folder, a zip archive, or a manifest of either.
        public var origin: InputOrigin
        public var onBadImage: OnBad
    }

    public enum OnBad: String, CaseIterable, Sendable { case fail, skip }

    /// The annotation file and the image folder (or zip archive) of each split.
    public enum Splits: Sendable, Hashable {
        /// COCO 2017's own names.
        case official
        case own(train: SplitFiles, validation: SplitFiles)
        /// One set that the seed cuts into training and validation.
        case cut(SplitFiles)
    }

    public struct SplitFiles: Sendable, Hashable {
        public var annotations: String
        public var images: String
    }

    public struct Embedding: Sendable, Hashable {
        /// nil: the word vectors that `demo-scenes` writes.
        public var origin: InputOrigin?
        /// Name of the text file inside the manifest's files.
        public var member: String?
    }

    public struct TargetModel: Sendable, Hashable {
        public var network: Network
        /// Whose filters are explained, as the experiment names it.
        public var layer: String
        /// All layers that one pass gives, this one among them.
        public var layers: [String]
        /// What is known of them; nil for a model file, which is read when the plan is made.
        public var known: [TargetLayer]?
        public var preprocessing: Preprocessing
        /// nil: PyTorch's default initialisation, drawn from the seed.
        public var weights: InputOrigin?
        /// Which dictionary of the checkpoint is read; nil: the one in which every name is found.
        public var weightsKey: String?
        /// What stands before the names in it; nil: the one prefix with which every name is found.
        public var weightsPrefix: String?
        public var precision: Precision
    }

    public enum Precision: String, CaseIterable, Sendable { case float32, float16 }

    public struct Training: Sendable, Hashable {
        public var epochs: Int
        /// Epochs are added until there are so many steps; nil: never.
        public var steps: Int?
        public var batchSize: Int
        public var optimiser: Optimiser
        public var learningRate: Double
        public var dropout: Double
        public var shuffle: Bool
        public var categoryFraction: Double
    }

    public struct Evaluating: Sendable, Hashable {
        /// nil: all filters of the layer.
        public var filters: [Int]?
        public var topImages: Int
        public var ks: [Int]
        /// Words of an image that may enter a filter's explanation (METHOD 10); recall does not depend on it.
        public var wordsPerImage: Int
        /// How a filter's words are ordered where they are shown.
        public var ranking: WordRanking
        public var methods: [ExplanationMethod]
        public var bootstrap: Int
        /// A file of words, one a line: the only ones that explanations may use.
        public var entities: String?
        public var units: Units
        /// The columns of the table of evidence; none: there is no such table.
        public var metrics: [EvidenceMetric]
        /// Other tools' explanations, rows of that table.
        public var explanations: [LabelledUnits]
        /// The methods' words and their scores come from the same images, so that scores are too favourable, and the
        /// peers' words from the training images: for comparison with such numbers.
        public var sharedImages: Bool
    }

    /// What is explained of a layer (METHOD 11).
    public enum Units: Sendable, Hashable {
        /// Its channels.
        case channels
        /// A probe of every concept with enough images: units with a known answer.
        case probes
        /// Directions of a file, `[U, d]`.
        case directions(String)
    }

    /// Labels of units that another tool gave.
    public struct LabelledUnits: Sendable, Hashable {
        /// The row's name.
        public var name: String
        /// A CSV with the columns `unit` and `description`.
        public var csv: String
    }
}
