/// Deviation `splitByInstance` (METHOD 9; `random_split` over FACT2023's `VisualGenomeInstances`): instances, not images, are drawn
/// for validation, so that an image with instances of both kinds stands in both splits.
func splitByInstance(_ objects: VisualGenomeObjects, rules: DatasetRules) -> [Bool] {
    validationDraw(objects.instances.count, rules: rules)
}
