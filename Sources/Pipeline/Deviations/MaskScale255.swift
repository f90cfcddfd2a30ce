extension Deviation {
    /// A uint8 mask of 0 and 1 passes `ToTensor`, which divides it by 255: training sees features 255 times too small
    /// (F).
    public static let maskScale255 = Deviation(
        "maskScale255", fact2023: { dataset, _ in dataset != .visualGenome },
        effect: Effect(training: { $0.dividesMasksBy255 = true }))
}
