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
    /// The file's name without its ending; results and histories go by it.
    public var name: String
    /// What pages and tables are headed with.
    public var title: String
    /// The protocol that decides what the file does not say.
    public var protocolName: ProtocolName
    /// Those of the protocol, with what the file turns on and off.
    public var deviations: Set<Deviation>
    /// Whether the file names a protocol: then its settings are a paper's, and not open to advice.
    public var followsProtocol: Bool
    /// What all random streams are drawn from.
    public var seed: UInt64
    /// The reference dataset: what the explainer learns from.
    public var dataset: Dataset
    /// Pictures without annotations that filters are explained on, in place of the dataset's (METHOD 13).
    public var target: Target?
    /// Whether there is a table of evidence: it needs annotations.
    var hasEvidence: Bool { target == nil && !evaluate.metrics.isEmpty }
    /// The word vectors.
    public var embedding: Embedding
    /// The target model and the layer that is explained.
    public var backbone: TargetModel
    /// How the explainer is trained.
    public var train: Training
    /// What is explained, by which methods, and how it is scored.
    public var evaluate: Evaluating
    /// What was published and `check` tests.
    public var claims: [PublishedClaim]

    /// Which reference dataset, where it lies and how it is read (METHOD 2).
    public struct Dataset: Sendable, Hashable {
        /// The format, which says how it is read.
        public var kind: DatasetFormat
        /// nil for `demo-scenes`, which is drawn.
        public var origin: InputOrigin?
        /// Only the first `limit` images with annotations of every split.
        public var limit: Int?
        /// The number of scenes to draw (`demo-scenes` only).
        public var scenes: Int
        /// Concepts that occur fewer times are dropped (Visual Genome).
        public var minimumCount: Int
        /// What becomes of a picture that cannot be read.
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

    /// The pictures that filters are explained on in place of the dataset's.
    public struct Target: Sendable, Hashable {
        /// A folder, a zip archive, or a manifest of either.
        public var origin: InputOrigin
        /// What becomes of a picture that cannot be read.
        public var onBadImage: OnBad
    }

    /// Whether one thing that cannot be used ends the run, or is left out and noted.
    public enum OnBad: String, CaseIterable, Sendable, Encodable { case fail, skip }

    /// The annotation file and the image folder (or zip archive) of each split.
    public enum Splits: Sendable, Hashable {
        /// COCO 2017's own names.
        case official
        case own(train: SplitFiles, validation: SplitFiles)
        /// One set that the seed cuts into training and validation.
        case cut(SplitFiles)
    }

    /// Where a split lies, relative to the dataset's origin.
    public struct SplitFiles: Sendable, Hashable {
        /// Path of COCO's annotation file.
        public var annotations: String
        /// Path of the folder or zip archive of the pictures.
        public var images: String
    }

    /// Where the word vectors lie.
    public struct Embedding: Sendable, Hashable {
        /// nil: the word vectors that `demo-scenes` writes.
        public var origin: InputOrigin?
        /// Name of the text file inside the manifest's files.
        public var member: String?
    }

    /// The target model (METHOD 1), its weights and its layer.
    public struct TargetModel: Sendable, Hashable {
        /// What it computes.
        public var network: Network
        /// Whose filters are explained, as the experiment names it.
        public var layer: String
        /// All layers that one pass gives, this one among them.
        public var layers: [String]
        /// What is known of them; nil for a model file, which is read when the plan is made.
        public var known: [TargetLayer]?
        /// How a picture becomes its input.
        public var preprocessing: Preprocessing
        /// nil: PyTorch's default initialisation, drawn from the seed.
        public var weights: InputOrigin?
        /// Which dictionary of the checkpoint is read; nil: the one in which every name is found.
        public var weightsKey: String?
        /// What stands before the names in it; nil: the one prefix with which every name is found.
        public var weightsPrefix: String?
        /// How feature maps are kept.
        public var precision: MapPrecision
    }

    /// How the explainer is trained (METHOD 5).
    public struct Training: Sendable, Hashable {
        /// Passes over the training samples, before `steps` adds some.
        public var epochs: Int
        /// Epochs are added until there are so many steps; nil: never.
        public var steps: Int?
        /// Samples a step.
        public var batchSize: Int
        /// What makes steps of gradients.
        public var optimiser: Optimiser
        /// Adam's; DAdaptAdam finds its own.
        public var learningRate: Double
        /// Share of inputs of each Linear layer set to zero in training, from 0 to 1.
        public var dropout: Double
        /// Whether every epoch takes the samples in an order of its own.
        public var shuffle: Bool
        /// Share of the concepts that training sees, above 0 and at most 1; recall of the others is a table of its own.
        public var categoryFraction: Double
    }

    /// What is explained and how it is scored (METHOD 6, 7 and 11).
    public struct Evaluating: Sendable, Hashable {
        /// nil: all filters of the layer.
        public var filters: [Int]?
        /// p: images a filter.
        public var topImages: Int
        /// The cut-offs s of recall@s, ascending.
        public var ks: [Int]
        /// Words of an image that may enter a filter's explanation (METHOD 10); recall does not depend on it.
        public var wordsPerImage: Int
        /// How a filter's words are ordered where they are shown.
        public var ranking: WordRanking
        /// The explanation methods, in the file's order.
        public var methods: [ExplanationMethod]
        /// How often the filters are drawn anew for intervals.
        public var bootstrap: Int
        /// A file of words, one a line: the only ones that explanations may use.
        public var entities: String?
        /// What of the layer is explained.
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
