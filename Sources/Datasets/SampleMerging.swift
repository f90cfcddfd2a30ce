import Imaging

/// The samples of an image from its instances, in the order of their positives' indices; instances with equal
/// positives become one sample of their united masks, unless `rules` say otherwise (`oneSamplePerInstance`).
func samples(of instances: [Sample], rules: DatasetRules) -> [Sample] {
    let order = instances.indices.sorted {
        let (a, b) = (instances[$0].concepts, instances[$1].concepts)
        return a == b ? $0 < $1 : a.lexicographicallyPrecedes(b)
    }
    if !rules.mergeInstances { return oneSamplePerInstance(instances, order: order) }
    var merged: [Sample] = []
    for index in order {
        let instance = instances[index]
        if let last = merged.last, last.concepts == instance.concepts {
            var mask = last.mask
            merged.removeLast()
            mask.formUnion(instance.mask)
            merged.append(Sample(concepts: instance.concepts, mask: mask))
        } else {
            merged.append(instance)
        }
    }
    return merged
}
