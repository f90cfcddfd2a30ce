extension Deviation {
    /// An object counts once for each of its synsets, also where two are the same concept (F).
    public static let instancePerSynset = Deviation("instancePerSynset", only: .visualGenome) {
        $0.instancePerSynset = true
    }
}
