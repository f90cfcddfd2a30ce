/// Deviation `transposedBoxMask` (METHOD 9; `VisualGenomeInstances.__getitem__` of FACT2023): the box mask is allotted
/// as (width, height) and then indexed [y, x], so it belongs to an image of the transposed size. What of the box lies
/// outside that is lost, a box that begins left of the image or above it is counted from the far end, as slices are in
/// Python (`boxMask`), and the rest is seen in the transposed image's standard view; a random crop keeps its place in
/// the image. Boxes inside square images are not affected.
func canvasOfBoxes(width: Int, height: Int, rules: DatasetRules) -> (width: Int, height: Int) {
    rules.transposedBoxMask ? (height, width) : (width, height)
}
