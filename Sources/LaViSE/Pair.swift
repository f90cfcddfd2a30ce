/// A filter and one of its top images.
struct Pair: Sendable {
    /// Index into `MapSummary.filters`.
    let filter: Int
    /// Index into the filter's top images.
    let rank: Int
    /// Row of the image.
    let image: Int
}

extension MapSummary {
    /// All pairs, image after image, so that each map is read few times.
    var pairs: [Pair] {
        var pairs: [Pair] = []
        for filter in filters.indices {
            for rank in 0..<imagesPerFilter where topImages[filter * imagesPerFilter + rank] >= 0 {
                pairs.append(Pair(filter: filter, rank: rank, image: Int(topImages[filter * imagesPerFilter + rank])))
            }
        }
        return pairs.sorted { ($0.image, $0.filter, $0.rank) < ($1.image, $1.filter, $1.rank) }
    }
}
