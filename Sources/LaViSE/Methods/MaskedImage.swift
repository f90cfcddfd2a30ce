extension ExplanationMethod {
    /// The image with its inactive pixels set to 0, through the backbone again, and that feature pooled (METHOD 6.3).
    public static let image = ExplanationMethod("image", masksImage: true) { Attention.everything($0.feature) }
}
