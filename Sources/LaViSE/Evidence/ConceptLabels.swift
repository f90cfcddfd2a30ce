/// Which concepts the images show, and how many of the crop's 224×224 pixels each covers.
public struct ConceptLabels: Sendable, Equatable {
    /// A concept in an image, or an image of a concept.
    public struct Label: Sendable, Equatable {
        /// Of the concept (in `ofImage`) or of the image (in `ofConcept`).
        public var index: Int
        /// At least 1.
        public var pixels: Int

        /// - Parameter pixels: at least 1.
        public init(index: Int, pixels: Int) {
            self.index = index
            self.pixels = pixels
        }
    }

    /// `[N]` the concepts of every image, ascending.
    public let ofImage: [[Label]]
    /// `[C]` the images of every concept, those where it covers most first; ties: the lower image first.
    public let ofConcept: [[Label]]

    /// - Parameters:
    ///   - ofImage: the concepts of every image, ascending, each with a pixel at least.
    ///   - concepts: their number C.
    public init(ofImage: [[Label]], concepts: Int) {
        self.ofImage = ofImage
        var images = [[Label]](repeating: [], count: concepts)
        for (image, labels) in ofImage.enumerated() {
            for label in labels { images[label.index].append(Label(index: image, pixels: label.pixels)) }
        }
        ofConcept = images.map { $0.sorted { ($1.pixels, $0.index) < ($0.pixels, $1.index) } }
    }

    /// N
    public var imageCount: Int { ofImage.count }
    /// C
    public var conceptCount: Int { ofConcept.count }
}
