/// All that `report.html` shows, as plain values.
public struct Report: Sendable {
    /// A line of a list: what was run, where it came from.
    public struct Fact: Sendable, Equatable {
        /// What stands on the left.
        public var name: String
        /// What stands on the right.
        public var value: String

        /// What stands on the left and what on the right.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The page's title.
    public var title: String
    /// The experiment's name.
    public var experiment: String
    /// What was run, when, where and by which version.
    public var facts: [Fact]
    /// Of two runs side by side: the keys in which their experiments differ.
    public var differences: TextTable?
    /// Files beside the page: their names.
    public var links: [String]
    /// Recall tables: of all concepts, of the seen, of the unseen.
    public var tables: [RecallTable]
    /// Further tables, under their titles: what deviations cost, seeds.
    public var moreTables: [(title: String, table: TextTable)]
    /// How well explanations fit, under their titles.
    public var scores: [(title: String, table: ScoreTable)]
    /// Of several runs: what their filters say, beside each other.
    public var comparison: RunComparison?
    /// nil where the experiment has no claims.
    public var claims: ClaimReport?
    /// How training went, a row of `filters` each.
    public var training: [TrainingTable]
    /// Further figures: A's Figure 7.
    public var plots: [LinePlot]
    /// nil where no filter was explained.
    public var filters: ReportFilters?
    /// The jobs, in an order in which each stands behind those that it reads.
    public var stages: [ReportStage]
    /// What the results were made of: digests and versions.
    public var provenance: [Fact]
    /// Command lines that make this page again.
    public var reproduce: [String]
    /// Whether the page comes from `serve`, which draws heat maps and explains pictures when asked.
    public var isServed = false

    /// A part that is left out, or empty, is no part of the page.
    public init(
        title: String, experiment: String, facts: [Fact] = [], differences: TextTable? = nil, links: [String] = [],
        tables: [RecallTable] = [],
        moreTables: [(title: String, table: TextTable)] = [], scores: [(title: String, table: ScoreTable)] = [],
        comparison: RunComparison? = nil, claims: ClaimReport? = nil, training: [TrainingTable] = [],
        plots: [LinePlot] = [],
        filters: ReportFilters? = nil, stages: [ReportStage] = [], provenance: [Fact] = [],
        reproduce: [String] = []
    ) {
        self.title = title
        self.experiment = experiment
        self.facts = facts
        self.differences = differences
        self.links = links
        self.tables = tables
        self.moreTables = moreTables
        self.scores = scores
        self.comparison = comparison
        self.claims = claims
        self.training = training
        self.plots = plots
        self.filters = filters
        self.stages = stages
        self.provenance = provenance
        self.reproduce = reproduce
    }
}

/// A job as the report's graph and table show it.
public struct ReportStage: Sendable, Equatable {
    /// The job's name in its plan.
    public var name: String
    /// The stage that it is of: jobs of one stage are one box of the graph.
    public var stage: String
    /// fresh, stale, missing, running or failed.
    public var state: String
    /// Why it last ran, or why it has to.
    public var reason: String
    /// How long it took when it ran last; nil where it never did.
    public var seconds: Double?
    /// When and on which host it last ran.
    public var made: String
    /// Short hash of its fingerprint.
    public var fingerprint: String
    /// Names of the jobs that it reads.
    public var inputs: [String]

    /// - Parameter stage: nil: the job is called as its stage.
    public init(
        name: String, stage: String? = nil, state: String, reason: String = "", seconds: Double? = nil,
        made: String = "",
        fingerprint: String = "", inputs: [String] = []
    ) {
        self.name = name
        self.stage = stage ?? name
        self.state = state
        self.reason = reason
        self.seconds = seconds
        self.made = made
        self.fingerprint = fingerprint
        self.inputs = inputs
    }
}
