import Fingerprints

/// The split of every box: images are divided, and a box goes where its image goes (METHOD 2). A seeded shuffle of all
/// images of the file, by id, puts the first of those with a box, `validationShare` of them, rounded, into validation. So
/// rules or words that keep other boxes leave the order alone, and rows of a table that differ in them share their split but
/// for the images next to the cut.
///
/// Deviation `splitByInstance` (METHOD 9; FACT2023 splits `VisualGenomeInstances` with `random_split`) divides the boxes
/// themselves, so that an image is in both splits, each with a part of its boxes.
func splits(of objects: VisualGenomeObjects, rules: DatasetRules) -> [Split] {
    var random = RandomSource(seed: rules.seed, stream: "visual-genome/split")
    var splits = [Split](repeating: .train, count: objects.boxes.count)
    func validating(_ count: Int) -> Int { Int((Double(count) * rules.validationShare).rounded()) }
    if rules.splitByInstance {
        var order = Array(0..<Int32(objects.boxes.count))
        random.shuffle(&order)
        for index in order.prefix(validating(order.count)) { splits[Int(index)] = .validation }
    } else {
        var order = objects.images
        random.shuffle(&order)
        order.removeAll { $0.boxes.isEmpty }
        for image in order.prefix(validating(order.count)) {
            for index in image.boxes { splits[index] = .validation }
        }
    }
    return splits
}
