import Fingerprints

extension VisualGenomeObjects {
    /// Whether each instance validates: by default with its image, images being drawn among all of the file, so that the
    /// split does not depend on the words or the other rules.
    func validating(_ rules: DatasetRules) -> [Bool] {
        if rules.splitByInstance { return splitByInstance(self, rules: rules) }
        var validates = [Bool](repeating: false, count: instances.count)
        for (image, drawn) in zip(images, validationDraw(images.count, rules: rules)) where drawn {
            for instance in image.instances { validates[instance] = true }
        }
        return validates
    }

    /// In how many training images each word occurs ("deleted categories that appear in less than 100 training images", A), or
    /// what the deviation `countInstances` counts instead.
    func occurrences(validates: [Bool], rules: DatasetRules) -> [Int] {
        if rules.countInstances { return countInstances(self) }
        var counts = [Int](repeating: 0, count: words.count)
        var lastImage = [Int](repeating: -1, count: words.count)
        for (row, image) in images.enumerated() {
            for instance in image.instances where !validates[instance] {
                let word = Int(instances[instance].word)
                if lastImage[word] != row { counts[word] += 1 }
                lastImage[word] = row
            }
        }
        return counts
    }
}

/// Which of `count` things validate: `rules.validationShare` of them, rounded, drawn from the seed.
func validationDraw(_ count: Int, rules: DatasetRules) -> [Bool] {
    var random = RandomSource(seed: rules.seed, stream: "visual genome validation")
    var order = Array(0..<Int32(count))
    random.shuffle(&order)
    var drawn = [Bool](repeating: false, count: count)
    for thing in order.prefix(Int((rules.validationShare * Double(count)).rounded())) { drawn[Int(thing)] = true }
    return drawn
}
