/// The candidate nearest to `word` by edit distance, the first in alphabetical order of equals; nil when none is near
/// enough to be a slip of the fingers.
public func nearest(to word: String, among candidates: [String]) -> String? {
    let scored = candidates.map { (editDistance(word.lowercased(), $0.lowercased()), $0) }
    guard let best = scored.min(by: { $0 < $1 }), best.0 <= max(2, word.count / 3) else { return nil }
    return best.1
}

/// Levenshtein distance over characters.
private func editDistance(_ a: String, _ b: String) -> Int {
    let a = Array(a), b = Array(b)
    var row = Array(0...b.count)
    for i in a.indices {
        var diagonal = row[0]
        row[0] = i + 1
        for j in b.indices {
            let substituted = diagonal + (a[i] == b[j] ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[b.count]
}
