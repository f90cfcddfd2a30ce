/// Deviation `firstWordOfSynset` (METHOD 9, 2; FACT2023's labels): of the lemma `street_sign` only `street` is looked up, and
/// becomes the concept; without it `street_sign` is looked up whole, and dropped when it has no vector.
func firstWordOfSynset(_ lemma: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
    lemma.prefix { $0 != UInt8(ascii: "_") }
}
