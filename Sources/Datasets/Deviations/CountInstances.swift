/// How often every concept occurs, for the rule that drops rare ones: the number of training images that show it (A,
/// section 4.1: "categories that appear in less than 100 training images").
///
/// Deviation `countInstances` (METHOD 9; `preprocess_vg.py` of FACT2023) counts every instance in all data instead.
///
/// - Parameter splits: of the images.
func occurrences(of objects: VisualGenomeObjects, splits: [Split], rules: DatasetRules) -> [Int] {
    var counts = [Int](repeating: 0, count: objects.concepts.count)
    if rules.countInstances {
        for box in objects.boxes { counts[Int(box.concept)] += 1 }
        return counts
    }
    var lastImage = [Int](repeating: -1, count: objects.concepts.count)
    for (number, image) in objects.images.enumerated() where splits[number] == .train {
        for index in image.boxes {
            let concept = Int(objects.boxes[index].concept)
            if lastImage[concept] != number {
                lastImage[concept] = number
                counts[concept] += 1
            }
        }
    }
    return counts
}
