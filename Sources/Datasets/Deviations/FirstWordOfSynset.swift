/// Deviation `firstWordOfSynset` (METHOD 9; FACT2023's Visual Genome labels): of a lemma only what stands before its
/// first "_" is kept, so that `street_sign` becomes `street`. Without it `street_sign` is looked up whole and, having
/// no vector, dropped.
func firstWordOfSynset(_ lemma: String) -> String {
    String(lemma.prefix { $0 != "_" })
}
