/// Deviation `oneSamplePerInstance` (METHOD 9; FACT2023's `VisualGenomeInstances` and `CocoInstances`): instances of a
/// concept in one image are samples of their own, in the annotation file's order, and are not merged (METHOD 2).
func oneSamplePerInstance(_ instances: [Sample], order: [Int]) -> [Sample] {
    order.map { instances[$0] }
}
