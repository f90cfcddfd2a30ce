/// How the words of a category's name or a synset are compared with those that have a vector.
public enum WordMatching: String, Sendable, CaseIterable, Encodable {
    /// As they are written.
    case exact
    /// In lower case, with `_`, `-` and blanks of every kind between words: `fire_hydrant` is "fire" and "hydrant".
    case folded
}

/// What becomes of a name of several words.
public enum NameConcepts: String, Sendable, CaseIterable, Encodable {
    /// A concept each word (METHOD).
    case split
    /// One concept, called by its words with a blank between: "dining table".
    case whole
}

/// A category or synset without a concept, as none of its words has a vector; or one that lost some of its words.
public struct UnmatchedName: Sendable, Equatable {
    /// The category's name or the synset's lemma as the annotations have it.
    public let name: String
    /// How many annotations are left out with it.
    public let annotations: Int
    /// The words that would be found in it if they were folded, joined by blanks; nil where there are none. Of a name that
    /// lost some words, those that it kept.
    public let match: String?

    /// - Parameter match: the words that folding would find, or that were kept, joined by blanks; nil where there are none.
    public init(name: String, annotations: Int, match: String?) {
        (self.name, self.annotations, self.match) = (name, annotations, match)
    }
}

/// Finds the words of names that have a vector.
package struct ConceptWords {
    let matching: WordMatching
    let names: NameConcepts
    let hasVector: (String) -> Bool

    /// The concepts of a name, each once, in the name's order; words without a vector are left out.
    /// - Parameter exact: the words of the name as it is written.
    func concepts(of name: String, exact: [String]) -> [String] {
        let words = known(self.words(of: name, exact: exact))
        return names == .whole && words.count > 1 ? [words.joined(separator: " ")] : words
    }

    /// What is to be said of a name of which some words have a vector and some have none; nil of others.
    func partly(_ name: String, exact: [String], annotations: Int) -> UnmatchedName? {
        let words = words(of: name, exact: exact), kept = known(words)
        guard !kept.isEmpty, !words.allSatisfy(hasVector) else { return nil }
        return UnmatchedName(name: name, annotations: annotations, match: kept.joined(separator: " "))
    }

    private func words(of name: String, exact: [String]) -> [String] {
        matching == .exact ? exact : Self.folded(name)
    }

    /// What is to be said of a name that has no concept.
    func unmatched(_ name: String, annotations: Int) -> UnmatchedName {
        let match = known(Self.folded(name))
        return UnmatchedName(
            name: name, annotations: annotations, match: match.isEmpty ? nil : match.joined(separator: " "))
    }

    private func known(_ words: [String]) -> [String] {
        var found: [String] = []
        for word in words where hasVector(word) && !found.contains(where: { $0.utf8.elementsEqual(word.utf8) }) {
            found.append(word)
        }
        return found
    }

    /// The words of a name in lower case; `_`, `-` and blanks of every kind stand between words.
    package static func folded(_ name: String) -> [String] {
        name.unicodeScalars.split { $0.properties.isWhitespace || $0 == "_" || $0 == "-" }.map {
            String($0).lowercased()
        }
    }
}

extension [UnmatchedName] {
    /// The most annotations first, then by name.
    func inOrder() -> Self {
        sorted {
            $0.annotations != $1.annotations
                ? $0.annotations > $1.annotations : $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
        }
    }
}
