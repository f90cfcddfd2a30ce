extension Deviation {
    /// D-Adaptation in place of Adam (F). `train.optimiser`, where given, decides.
    public static let optimiser = Deviation("optimiser", effect: Effect())
}
