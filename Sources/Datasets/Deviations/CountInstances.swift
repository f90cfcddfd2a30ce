/// Deviation `countInstances` (METHOD 9; `preprocess_vg` of FACT2023): how often each word occurs is the number of its instances
/// in all images, training or not, and not the number of training images that show it.
func countInstances(_ objects: VisualGenomeObjects) -> [Int] {
    var counts = [Int](repeating: 0, count: objects.words.count)
    for instance in objects.instances { counts[Int(instance.word)] += 1 }
    return counts
}
