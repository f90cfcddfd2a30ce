/// What one run says of its filters, to be held beside other runs (METHOD 14).
public struct RunWords: Sendable, Equatable {
    /// A word of a filter with its weight.
    public struct Word: Sendable, Equatable {
        /// The word as the vocabulary has it.
        public var text: String
        /// At least 0.
        public var weight: Double

        /// - Parameter weight: at least 0.
        public init(text: String, weight: Double) {
            self.text = text
            self.weight = weight
        }
    }

    /// How many first words of a filter are compared where nothing else is asked.
    public static let compared = 5

    /// The experiment, and the row of its matrix.
    public var name: String
    /// Runs of one layer of one architecture have the same filters.
    public var layer: String
    /// The channels that the run explains.
    public var filters: [Int]
    /// Each filter's first words, the first first.
    public var words: [[Word]]

    /// - Parameters:
    ///   - layer: the same for runs that have the same filters.
    ///   - words: of each of `filters`, the first first.
    public init(name: String, layer: String, filters: [Int], words: [[Word]]) {
        self.name = name
        self.layer = layer
        self.filters = filters
        self.words = words
    }

    /// How many filters have a concept as their first word; the most frequent first, then by name.
    public var concepts: [(text: String, filters: Int)] {
        var counts: [String: Int] = [:]
        for word in words.compactMap(\.first) { counts[word.text, default: 0] += 1 }
        return counts.sorted { (-$0.value, $0.key) < (-$1.value, $1.key) }.map { ($0.key, $0.value) }
    }

    /// A filter's words; none of one that the run does not explain.
    public func words(of filter: Int) -> [Word] { filters.firstIndex(of: filter).map { words[$0] } ?? [] }

    /// Each filter's words by its number.
    fileprivate var byFilter: [Int: [Word]] { Dictionary(zip(filters, words), uniquingKeysWith: { first, _ in first }) }
}

/// Runs beside each other: which words filters keep, which concepts are born and lost.
public struct RunComparison: Sendable {
    /// A run held against the first of its layer, and against the one before it.
    public struct Change: Sendable {
        /// The run.
        public var run: RunWords
        /// Of every filter that the first run of the layer has too, how much of its words it keeps; nil where this is
        /// the layer's first run, unless it is the first of all.
        public var kept: [Int: Double]?
        /// The share of those filters with the same first word.
        public var sameFirst: Double?
        /// First words of filters that the run before has for no filter, and the other way round.
        public var born: [String]
        /// First words of filters of the run before that no filter has here.
        public var lost: [String]

        /// The mean of `kept` over its filters; nil where there is none.
        public var meanKept: Double? {
            kept.flatMap { $0.isEmpty ? nil : $0.values.sorted().reduce(0, +) / Double($0.count) }
        }
    }

    /// Several runs of one layer, which have the same filters.
    public struct Layer: Sendable {
        /// The runs' `layer`.
        public var name: String
        /// In the order in which the runs were given.
        public var runs: [Change]
        /// The mean over all pairs of the runs and over the filters that both have: agreement over seeds, say; nil
        /// where they have none in common.
        public var agreement: Double?

        /// The filters that all its runs have, those that keep least of their words in the last run first.
        public var filters: [Int] {
            guard let first = runs.first, let last = runs.last else { return [] }
            let changed = runs.dropFirst()
            return first.run.filters.filter { filter in changed.allSatisfy { $0.kept?[filter] != nil } }
                .sorted { (last.kept?[$0] ?? 0, $0) < (last.kept?[$1] ?? 0, $1) }
        }
    }

    /// In the order in which the runs were given.
    public let runs: [Change]
    /// The layers that have several runs, in the order of their first.
    public let layers: [Layer]
    /// The agreement of all layers' pairs together; nil without a pair.
    public let agreement: Double?

    /// - Parameter all: the runs in the order in which they are shown; the first is what all are held against.
    public init(_ all: [RunWords]) {
        let words = all.map(\.byFilter), concepts = all.map { Set($0.concepts.map(\.text)) }
        var members: [(name: String, runs: [Int])] = []
        for (index, run) in all.enumerated() {
            if let known = members.firstIndex(where: { $0.name == run.layer }) {
                members[known].runs.append(index)
            } else {
                members.append((run.layer, [index]))
            }
        }
        let firsts = Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.runs[0]) })
        let changes = all.enumerated().map { index, run in
            let before = concepts[max(index - 1, 0)], first = firsts[run.layer] ?? index
            var change = Change(
                run: run, kept: nil, sameFirst: nil, born: concepts[index].subtracting(before).sorted(),
                lost: before.subtracting(concepts[index]).sorted())
            if first != index || index == 0 {
                let shared = run.filters.filter { words[first][$0] != nil }
                func own(_ run: Int, _ filter: Int) -> [RunWords.Word] { words[run][filter] ?? [] }
                change.kept = Dictionary(
                    uniqueKeysWithValues: shared.map { ($0, Self.overlap(own(first, $0), own(index, $0))) })
                let same = shared.count { own(first, $0).first?.text == own(index, $0).first?.text }
                change.sameFirst = shared.isEmpty ? nil : Double(same) / Double(shared.count)
            }
            return change
        }
        runs = changes
        let several = members.filter { $0.runs.count > 1 }
        let overlaps = several.map { Self.overlaps($0.runs.map { (all[$0].filters, words[$0]) }) }
        layers = zip(several, overlaps).map { layer, overlaps in
            Layer(name: layer.name, runs: layer.runs.map { changes[$0] }, agreement: Self.mean(overlaps))
        }
        agreement = Self.mean(overlaps.flatMap { $0 })
    }

    private static func mean(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }

    /// Of all pairs of the runs and the filters that both have.
    private static func overlaps(_ runs: [(filters: [Int], words: [Int: [RunWords.Word]])]) -> [Double] {
        runs.indices.flatMap { index in
            runs[..<index].flatMap { other in
                runs[index].filters.compactMap { filter in
                    guard let own = runs[index].words[filter], let words = other.words[filter] else { return nil }
                    return overlap(own, words)
                }
            }
        }
    }

    /// Σ over words of the smaller of both shares of the weight: 1 for the same words with the same weights, 0 for none
    /// in common. Where nothing has a weight every word counts alike.
    public static func overlap(_ a: [RunWords.Word], _ b: [RunWords.Word]) -> Double {
        func shares(_ words: [RunWords.Word]) -> [String: Double] {
            let total = words.reduce(0) { $0 + $1.weight }
            return Dictionary(
                words.map { ($0.text, total > 0 ? $0.weight / total : 1 / Double(words.count)) },
                uniquingKeysWith: { $0 + $1 })
        }
        if a.isEmpty, b.isEmpty { return 1 }
        let other = shares(b)
        return shares(a).sorted { $0.key < $1.key }.reduce(0) { $0 + min($1.value, other[$1.key] ?? 0) }
    }

    /// A row a run.
    public var textTable: TextTable {
        TextTable(
            columns: ["run", "layer", "born", "lost", "filters", "concepts", "kept", "same first word"], textColumns: 4,
            rows: runs.enumerated().map { index, change in
                func shown(_ words: [String]) -> TextTable.Cell {
                    .text(
                        index == 0
                            ? ""
                            : words.prefix(8).joined(separator: " ")
                                + (words.count > 8 ? " and \(words.count - 8) more" : ""))
                }
                return [
                    .text(change.run.name), .text(change.run.layer), shown(change.born), shown(change.lost),
                    .integer(change.run.filters.count), .integer(change.run.concepts.count), .number(change.meanKept),
                    .number(change.sameFirst),
                ]
            })
    }

    /// A row a concept that is the first word of some filter, a column a run: of how many; the most frequent first.
    /// - Parameter most: rows at most.
    public func conceptTable(most: Int) -> TextTable {
        let counts = runs.map { change in
            Dictionary(uniqueKeysWithValues: change.run.concepts.map { ($0.text, $0.filters) })
        }
        var totals: [String: Int] = [:]
        for run in counts { totals.merge(run, uniquingKeysWith: +) }
        let concepts = totals.sorted { (-$0.value, $0.key) < (-$1.value, $1.key) }.prefix(most).map(\.key)
        return TextTable(
            columns: ["concept"] + runs.map(\.run.name),
            rows: concepts.map { concept in [.text(concept)] + counts.map { .integer($0[concept] ?? 0) } })
    }

    /// A row a filter and run, the filters of a layer that keep least of their words first.
    /// - Parameter most: filters at most.
    public func filterTable(_ layer: Layer, most: Int) -> TextTable {
        TextTable(
            columns: ["filter", "run", "words", "kept"], textColumns: 3,
            rows: layer.filters.prefix(most).flatMap { filter in
                layer.runs.enumerated().map { index, change in
                    let words = change.run.words(of: filter).map(\.text).joined(separator: " ")
                    return [
                        .text(index == 0 ? String(filter) : ""), .text(change.run.name), .text(words),
                        .number(index == 0 ? nil : change.kept?[filter]),
                    ]
                }
            })
    }

    /// A row a run and filter: its words, and how much of the first run's it keeps (empty for other filters).
    public var csv: String {
        CSV(
            header: ["run", "layer", "filter", "words", "weights", "kept"],
            rows: runs.flatMap { change in
                zip(change.run.filters, change.run.words).map { filter, words in
                    [
                        change.run.name, change.run.layer, String(filter), words.map(\.text).joined(separator: " "),
                        words.map { fixed($0.weight, Decimals.stored) }.joined(separator: " "),
                        fixed(change.kept?[filter], Decimals.stored),
                    ]
                }
            }
        ).text
    }
}
