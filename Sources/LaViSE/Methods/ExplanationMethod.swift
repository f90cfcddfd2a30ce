/// A way of asking the explainer about a filter (METHOD 6.3): a value, in a file of its own. `ExplanationMethod.all`
/// lists them.
///
/// Two methods are equal when they have one name.
public struct ExplanationMethod: Sendable {
    /// As experiments, artifacts and tables say it.
    public let name: String
    /// Whether the feature is that of the image with its inactive pixels set to 0: one more pass through the backbone
    /// for every filter and image.
    public let masksImage: Bool
    /// What it looks at of the feature.
    let attention: @Sendable (Question) -> Attention

    /// What a method is asked: a filter in an image.
    package struct Question: Sendable {
        /// Of the image, or of the masked image.
        package let feature: Feature
        package let filter: Int
        /// T_u
        package let threshold: Float
        package let options: EvaluationOptions
    }

    package init(_ name: String, masksImage: Bool = false, attention: @escaping @Sendable (Question) -> Attention) {
        self.name = name
        self.masksImage = masksImage
        self.attention = attention
    }

    /// The paper's four: what an experiment has that names none. Fixed, so that a new method changes no old experiment.
    public static let paper: [ExplanationMethod] = [.original, .image, .activation, .projection]

    /// Every method of this program, in the order of tables.
    public static let all: [ExplanationMethod] = paper
}

extension ExplanationMethod: Hashable, CustomStringConvertible {
    /// By name alone.
    public static func == (a: ExplanationMethod, b: ExplanationMethod) -> Bool { a.name == b.name }

    /// The name alone.
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }

    /// The name.
    public var description: String { name }
}

extension [ExplanationMethod] {
    /// By the order of `ExplanationMethod.all`; others after them, as they stand.
    public var inTableOrder: [ExplanationMethod] {
        ExplanationMethod.all.filter(contains) + filter { !ExplanationMethod.all.contains($0) }
    }
}
