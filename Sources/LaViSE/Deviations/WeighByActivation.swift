extension MapSummary {
    /// Deviation `weighByActivation` (METHOD 9): in the ranking of a filter's words, those of an image count as often
    /// as the filter's maximum in it, rounded up. (The authors' code truncates: with int() a maximum under 1 drops
    /// out.)
    func activationWeight(filter: Int, rank: Int) -> Int {
        // The cap keeps a sum of weights in range whatever the weights of the network are.
        Int(min(maxima[filter * imagesPerFilter + rank].rounded(.up), 1e9))
    }
}
