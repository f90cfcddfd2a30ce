extension Deviation {
    /// A box's mask is made as (width, height) and indexed [y, x] (OFF, F).
    public static let transposedBoxMask = Deviation("transposedBoxMask", only: .visualGenome) {
        $0.transposedBoxMask = true
    }
}
