extension Deviation {
    /// The active region is compared with the mask on the layer's grid, blown up again (F).
    public static let gridMaskIoU = Deviation(
        "gridMaskIoU", effect: Effect(evaluation: { $0.options.gridMaskIoU = true }))
}
