/// Deviation `cropImageOnly` (METHOD 9; `data_transforms["train"]` of FACT2023 and the authors' code): the random crop
/// moves the image, while the mask stays in the standard view (nil). Without it the mask follows.
func viewOfMask(_ view: CropView?, rules: DatasetRules) -> CropView? {
    rules.cropImageOnly ? nil : view
}
