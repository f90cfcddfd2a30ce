import Datasets
import Networks

/// A named way in which the papers' codes depart from the method as written (METHOD 9).
public enum Deviation: String, CaseIterable, Sendable, Comparable {
    case transposedBoxMask, maskScale255, cropImageOnly, lowQuantile, frozenBatchNorm, splitByInstance
    case oneSamplePerInstance, keepEmptyMasks, unnormalisedAttention, probedBatchNorm, flattenFeatures
    case countInstances, instancePerSynset, firstWordOfSynset, embeddingVocabulary, gridMaskIoU, evaluateOnAll, weighByActivation, optimiser

    public static func < (a: Deviation, b: Deviation) -> Bool { a.rawValue < b.rawValue }

    /// Whether `protocolName` has this deviation for this dataset and backbone (METHOD 9, columns `paper` and `fact2023`).
    func isOn(in protocolName: ProtocolName, dataset: DatasetKind, architecture: Architecture) -> Bool {
        switch protocolName {
        case .paper:
            return self == .embeddingVocabulary && dataset == .coco
        case .fact2023:
            switch self {
            case .maskScale255, .cropImageOnly: return dataset != .visualGenome
            case .transposedBoxMask, .splitByInstance, .countInstances, .instancePerSynset, .firstWordOfSynset:
                return dataset == .visualGenome
            case .probedBatchNorm: return architecture.hasBatchNorm
            case .flattenFeatures: return !architecture.isPooledByClassifier
            case .weighByActivation: return false
            default: return true
            }
        }
    }
}

/// The two protocols of METHOD: the paper as written, and what FACT2023's code does.
public enum ProtocolName: String, CaseIterable, Sendable { case paper, fact2023 }

/// The kinds of reference dataset.
public enum DatasetKind: String, CaseIterable, Sendable {
    case coco, visualGenome = "visual-genome", demoScenes = "demo-scenes"

    /// How words are compared where an experiment does not say it. The papers' datasets are read as METHOD says,
    /// exactly. COCO's format is
    /// also everyone's own: its words are folded, which changes nothing for COCO's own 80 names, all in lower case
    /// with blanks between words.
    var defaultWords: WordMatching { self == .coco ? .folded : .exact }
}
