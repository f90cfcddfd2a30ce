/// Deviation `transposedBoxMask` (METHOD 9; `VisualGenomeInstances.__getitem__` of FACT2023 and the authors' code): boxes are drawn
/// on a canvas as wide as the image is high and as high as it is wide, which is then resized and cropped as if it were the image.
/// Pixels outside the canvas are lost. A random crop keeps its place and sees what is left.
func canvasOfBoxes(width: Int, height: Int, rules: DatasetRules) -> (width: Int, height: Int) {
    rules.transposedBoxMask ? (height, width) : (width, height)
}
