extension TrainingTable {
    /// Loss by epoch.
    public var lossPlot: LinePlot {
        LinePlot(
            title: "Loss", xTitle: "epoch", yTitle: "CSMR loss",
            series: [line("train") { $0.trainLoss }, line("validation") { $0.validLoss }], mark: mark)
    }

    /// The epoch whose explainer is kept: the first with the lowest validation loss; nil where none is a number.
    public var best: Int? {
        rows.filter { $0.validLoss.isFinite }.min { ($0.validLoss, $0.epoch) < ($1.validLoss, $1.epoch) }?.epoch
    }

    private var mark: LinePlot.Mark? { best.map { LinePlot.Mark(x: Double($0), text: "best: \($0)") } }

    /// hit@k by epoch; training's are dashed.
    public var hitPlot: LinePlot {
        LinePlot(
            title: "Any positive concept among the k nearest", xTitle: "epoch", yTitle: "hit@k",
            series: ks.indices.flatMap { index in
                var train = line("train @\(ks[index])") { $0.trainHits[index] }
                train.isReference = true
                return [line("validation @\(ks[index])") { $0.validHits[index] }, train]
            }, mark: mark)
    }

    private func line(_ name: String, _ value: (TrainingRow) -> Double) -> LinePlot.Series {
        LinePlot.Series(name: name, points: rows.map { LinePlot.Point(x: Double($0.epoch), y: value($0)) })
    }
}

extension CollectedTable {
    /// A line a column over the rows, ours beside the published one (dashed): A's Figure 7.
    public var plot: LinePlot {
        LinePlot(
            title: published.caption, xTitle: published.labels, yTitle: "recall",
            series: published.columns.enumerated().flatMap { index, column -> [LinePlot.Series] in
                guard case .recall(let k) = column.measure else { return [] }
                let mine = ours.enumerated().compactMap { x, row in
                    row[index].flatMap { number in
                        number.value.map {
                            LinePlot.Point(x: Double(x), y: $0, low: number.low, high: number.high)
                        }
                    }
                }
                let theirs = published.rows.enumerated().compactMap { x, row in
                    row.values[index].map { LinePlot.Point(x: Double(x), y: $0) }
                }
                return [
                    LinePlot.Series(name: "ours @\(k)", points: mine),
                    LinePlot.Series(name: "published @\(k)", points: theirs, isReference: true),
                ]
            }, xLabels: published.rows.map(\.label))
    }
}
