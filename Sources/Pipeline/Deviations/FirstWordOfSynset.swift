extension Deviation {
    /// Of a synset of several words the first is its concept (F).
    public static let firstWordOfSynset = Deviation("firstWordOfSynset", only: .visualGenome) {
        $0.firstWordOfSynset = true
    }
}
