/// What is to be said of annotations: how many could not be used, and what was made of those that are not as METHOD has
/// them.
public struct AnnotationNotes: Sendable, Equatable {
    /// So many are named.
    public static let named = 3

    /// Annotations (or images of the annotation file) that could not be used.
    public private(set) var unusable = 0
    /// The first of them: "annotation 7 of image 3: why".
    public private(set) var first: [String] = []
    /// Annotations without an outline, whose box is the mask.
    public var boxes = 0
    /// Parts of outlines left out because they are no polygons (fewer than three points); the other parts are used.
    public var skippedParts = 0
    /// Visual Genome objects without a synset, which have no concept.
    public var withoutSynset = 0

    /// Nothing to say.
    public init() {}

    mutating func addUnusable(_ text: String) {
        unusable += 1
        if first.count < Self.named { first.append(text) }
    }

    /// Adds what is to be said of further annotations.
    public mutating func add(_ other: AnnotationNotes) {
        unusable += other.unusable
        first += other.first.prefix(Self.named - first.count)
        boxes += other.boxes
        skippedParts += other.skippedParts
        withoutSynset += other.withoutSynset
    }

    /// The unusable ones in words; nil when there are none.
    public var unusableText: String? { Self.unusableText(unusable, first) }

    /// "5 annotations could not be used: …; …; …; and 2 more".
    public static func unusableText(_ count: Int, _ first: [String]) -> String? {
        guard count > 0 else { return nil }
        let named = first.joined(separator: "; "), more = count - first.count
        let what = count == 1 ? "1 annotation" : "\(count) annotations"
        return "\(what) could not be used: \(named)" + (more > 0 ? "; and \(more) more" : "")
    }
}

/// The samples of an image, and what is to be said of its annotations.
public struct ImageAnnotations: Sendable {
    /// By their positives' indices. May be empty.
    public let samples: [Sample]
    /// What is to be said of the annotations of this image.
    public let notes: AnnotationNotes

    /// - Parameter samples: by their positives' indices; may be empty.
    public init(samples: [Sample], notes: AnnotationNotes = AnnotationNotes()) {
        self.samples = samples
        self.notes = notes
    }
}

extension DatasetRules {
    /// Notes an annotation that cannot be used.
    /// - Throws: `DatasetError` where one such is to end the run.
    func refuse(_ text: String, in file: String, _ notes: inout AnnotationNotes) throws {
        guard failsOnBadAnnotation else { return notes.addUnusable(text) }
        throw DatasetError.inconsistent(
            file: file, reason: "\(text); to leave such annotations out: --set dataset.onBadAnnotation=skip")
    }
}
