/// Deviation `instancePerSynset` (METHOD 9; `preprocess_vg.py` of FACT2023): an object is an instance of every one of
/// its synsets, also where two of them are the same concept (`street.n.01` and `street_sign.n.01` by the first word).
/// Without it an object is one instance of each of its concepts.
/// - Parameter known: concepts that the object has already.
func isInstance(of concept: Int32, besides known: [Int32], rules: DatasetRules) -> Bool {
    rules.instancePerSynset || !known.contains(concept)
}
