extension Deviation {
    /// In the ranking of a filter's words those of an image count by the filter's maximum in it (OFF). No protocol
    /// has it; tables read it, no artifact does.
    public static let weighByActivation = Deviation("weighByActivation", fact2023: { _, _ in false }, effect: Effect())
}
