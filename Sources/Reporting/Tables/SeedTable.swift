/// A recall over several seeds.
public struct SeedRow: Sendable, Equatable {
    /// A method, or a baseline.
    public var method: String
    /// The k of recall@k.
    public var k: Int
    /// Over the seeds.
    public var mean: Double
    /// Sample standard deviation.
    public var deviation: Double
    /// How many seeds there are.
    public var seeds: Int
    /// What was published for it; nil where nothing was.
    public var published: Double?

    /// - Parameters:
    ///   - mean: over the seeds.
    ///   - deviation: the sample's (n − 1).
    public init(method: String, k: Int, mean: Double, deviation: Double, seeds: Int, published: Double? = nil) {
        self.method = method
        self.k = k
        self.mean = mean
        self.deviation = deviation
        self.seeds = seeds
        self.published = published
    }
}

/// Mean and standard deviation over seeds: `results/NAME/seeds.{md,csv}`.
public struct SeedTable: Sendable, Equatable {
    /// The experiment's name.
    public var experiment: String
    /// The experiment's title.
    public var title: String
    /// In the order of methods; columns are sorted by k.
    public var rows: [SeedRow]

    /// - Parameter rows: in the order of methods.
    public init(experiment: String, title: String, rows: [SeedRow]) {
        self.experiment = experiment
        self.title = title
        self.rows = rows
    }

    /// A row a method, a column a k.
    public var textTable: TextTable {
        let ks = Set(rows.map(\.k)).sorted()
        var methods: [String] = []
        for row in rows where !methods.contains(row.method) { methods.append(row.method) }
        let published = Set(rows.filter { $0.published != nil }.map(\.k))
        var table = TextTable(columns: ["method"])
        for k in ks { table.columns += published.contains(k) ? ["recall@\(k)", "published"] : ["recall@\(k)"] }
        table.columns.append("seeds")
        table.rows = methods.map { method in
            let own = rows.filter { $0.method == method }
            let numbers = ks.flatMap { k -> [TextTable.Cell] in
                let row = own.first { $0.k == k }
                let text = row.map { "\(fixed($0.mean, Decimals.shown)) ± \(fixed($0.deviation, Decimals.shown))" }
                return [.text(text ?? "–")] + (published.contains(k) ? [.number(row?.published)] : [])
            }
            return [.text(method)] + numbers + [.integer(own.first?.seeds ?? 0)]
        }
        return table
    }

    /// `seeds.md`.
    public var markdown: String {
        "# \(TextTable.markdownEscaped(title))\n\nrecall@k: mean ± standard deviation over seeds.\n\n\(textTable.markdown)"
    }

    /// `seeds.csv`: a row a method and k.
    public var csv: String {
        CSV(
            header: ["experiment", "method", "k", "mean", "sd", "seeds", "published"],
            rows: rows.map {
                [
                    experiment, $0.method, String($0.k), fixed($0.mean, Decimals.stored),
                    fixed($0.deviation, Decimals.stored),
                    String($0.seeds), fixed($0.published, Decimals.stored),
                ]
            }
        ).text
    }
}
