/// What one run says of its filters, to be held beside other runs (METHOD 14).
public struct RunWords: Sendable, Equatable {
    public struct Word: Sendable, Equatable {
        public var text: String
        /// At least 0.
        public var weight: Double

        public init(text: String, weight: Double) {
            self.text = text
            self.weight = weight
        }
    }

    /// The experiment, and the row of its matrix.
    public var name: String
    /// Runs of one layer of one architecture have the same filters.
    public var layer: String
    public var filters: [Int]
    /// Each filter's first words, the first first.
    public var words: [[Word]]

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

    func words(of filter: Int) -> [Word]? { filters.firstIndex(of: filter).map { words[$0] } }
}

/// Runs beside each other: which words filters keep, which concepts are born and lost.
public struct RunComparison: Sendable {
    /// A run held against the first, and against the one before it.
    public struct Change: Sendable {
        public var run: RunWords
        /// Of every filter that the first run has too, how much of its words it keeps; nil where the run has other
        /// filters.
        public var kept: [Int: Double]?
        /// The share of those filters with the same first word.
        public var sameFirst: Double?
        /// First words of filters that the run before has for no filter, and the other way round.
        public var born: [String]
        public var lost: [String]

        public var meanKept: Double? {
            kept.flatMap { $0.isEmpty ? nil : $0.values.sorted().reduce(0, +) / Double($0.count) }
        }
    }

    public let runs: [Change]

    public init(_ all: [RunWords]) {
        runs = all.enumerated().map { index, run in
            let first = all[0], before = all[max(index - 1, 0)]
            var change = Change(run: run, kept: nil, sameFirst: nil, born: [], lost: [])
            if run.layer == first.layer {
                var kept: [Int: Double] = [:], same = 0
                for (filter, words) in zip(run.filters, run.words) {
                    guard let own = first.words(of: filter) else { continue }
                    kept[filter] = Self.overlap(own, words)
                    if own.first?.text == words.first?.text { same += 1 }
                }
                change.kept = kept
                change.sameFirst = kept.isEmpty ? nil : Double(same) / Double(kept.count)
            }
            let now = Set(run.concepts.map(\.text)), then = Set(before.concepts.map(\.text))
            change.born = now.subtracting(then).sorted()
            change.lost = then.subtracting(now).sorted()
            return change
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

    /// The mean over all pairs of runs that have the same filters, and over their filters: agreement over seeds, say;
    /// nil without a pair.
    public var agreement: Double? {
        var values: [Double] = []
        for (index, a) in runs.enumerated() {
            for b in runs[..<index] where a.run.layer == b.run.layer {
                for (filter, words) in zip(a.run.filters, a.run.words) {
                    if let own = b.run.words(of: filter) { values.append(Self.overlap(own, words)) }
                }
            }
        }
        return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
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

    /// The filters that all runs have, those that keep least of their words in the last run first.
    public var filters: [Int] {
        guard let first = runs.first, let last = runs.last, last.kept != nil else { return [] }
        return first.run.filters.filter { filter in runs.allSatisfy { $0.kept?[filter] != nil } }
            .sorted { (last.kept?[$0] ?? 0, $0) < (last.kept?[$1] ?? 0, $1) }
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
