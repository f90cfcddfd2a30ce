import Fingerprints

/// The split of every image (METHOD 2), in the order of `objects.images`. A seeded shuffle of all images of the file,
/// by id, puts the first of those with a box, `validationShare` of them, rounded, into validation. So rules or words
/// that keep other boxes leave the order alone, and rows of a table that differ in them share their split but for the
/// images next to the cut.
func splits(ofImages objects: VisualGenomeObjects, rules: DatasetRules) -> [Split] {
    var order = Array(objects.images.indices)
    var random = RandomSource(seed: rules.seed, stream: "visual-genome/split")
    random.shuffle(&order)
    order.removeAll { objects.images[$0].boxes.isEmpty }
    var splits = [Split](repeating: .train, count: objects.images.count)
    for image in order.prefix(validating(of: order.count, rules)) { splits[image] = .validation }
    return splits
}

/// Deviation `splitByInstance` (METHOD 9; FACT2023 splits `VisualGenomeInstances` with `random_split`): the samples
/// themselves are divided for training, so that the two splits share images. What evaluation looks at stays as it is:
/// images, with all their samples.
/// - Parameter counts: the number of samples of every image.
/// - Returns: the split of every sample of every image.
func splitByInstance(_ counts: [Int], rules: DatasetRules) -> [[Split]] {
    var splits = [Split](repeating: .train, count: counts.reduce(0, +))
    var order = Array(0..<Int32(splits.count))
    var random = RandomSource(seed: rules.seed, stream: "visual-genome/split-samples")
    random.shuffle(&order)
    for sample in order.prefix(validating(of: order.count, rules)) { splits[Int(sample)] = .validation }
    var first = 0
    return counts.map { count in
        defer { first += count }
        return Array(splits[first..<first + count])
    }
}

private func validating(of count: Int, _ rules: DatasetRules) -> Int {
    Int((Double(count) * rules.validationShare).rounded())
}
