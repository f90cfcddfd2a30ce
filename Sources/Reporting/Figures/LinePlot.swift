/// Lines over numbers or labels, as SVG without fonts or scripts of its own.
public struct LinePlot: Sendable, Equatable {
    /// A point of a line.
    public struct Point: Sendable, Equatable {
        /// A number, or an index into `xLabels`.
        public var x: Double
        /// The height.
        public var y: Double
        /// Bounds of an interval, drawn as a bar.
        public var low: Double?
        /// The upper bound.
        public var high: Double?

        /// - Parameter low: the lower bound of an interval; without both bounds no bar is drawn.
        public init(x: Double, y: Double, low: Double? = nil, high: Double? = nil) {
            self.x = x
            self.y = y
            self.low = low
            self.high = high
        }
    }

    /// A line with its name in the legend.
    public struct Series: Sendable, Equatable {
        /// As the legend has it.
        public var name: String
        /// From left to right.
        public var points: [Point]
        /// Drawn dashed in the colour of the series before it: what was published.
        public var isReference: Bool

        /// - Parameter points: from left to right.
        public init(name: String, points: [Point], isReference: Bool = false) {
            self.name = name
            self.points = points
            self.isReference = isReference
        }
    }

    /// A place on the x axis that is pointed out.
    public struct Mark: Sendable, Equatable {
        /// The place, in the unit of the points.
        public var x: Double
        /// What is written beside it.
        public var text: String

        init(x: Double, text: String) {
            self.x = x
            self.text = text
        }
    }

    /// Stands above the figure, and is what screen readers say.
    public var title: String
    /// Below the x axis.
    public var xTitle: String
    /// Beside the y axis.
    public var yTitle: String
    /// In the order of the legend, which decides the colours.
    public var series: [Series]
    /// Labels of x = 0, 1, …; empty for a scale of numbers.
    public var xLabels: [String]
    /// nil: no place is pointed out.
    public var mark: Mark?

    /// - Parameter xLabels: of x = 0, 1, …; empty for a scale of numbers.
    public init(
        title: String, xTitle: String, yTitle: String, series: [Series], xLabels: [String] = [], mark: Mark? = nil
    ) {
        self.title = title
        self.xTitle = xTitle
        self.yTitle = yTitle
        self.series = series
        self.xLabels = xLabels
        self.mark = mark
    }

    private static let width = 640.0, height = 360.0
    private static let left = 56.0, right = 150.0, top = 52.0, bottom = 48.0
    /// Okabe and Ito's colours, which the colour-blind can tell apart.
    private static let colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]

    /// 640×360 units, scaled to the room there is; colours follow the page's text.
    public var svg: String {
        let points = series.flatMap(\.points)
        let xScale = Scale(xLabels.isEmpty ? points.map(\.x) : [0, Double(max(xLabels.count - 1, 1))], isPadded: false)
        let yScale = Scale(points.flatMap { [$0.y, $0.low ?? $0.y, $0.high ?? $0.y] }, isPadded: true)
        func x(_ value: Double) -> Double { Self.left + xScale.share(value) * (Self.width - Self.left - Self.right) }
        func y(_ value: Double) -> Double {
            Self.height - Self.bottom - yScale.share(value) * (Self.height - Self.top - Self.bottom)
        }
        var svg =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 360\" role=\"img\" "
            + "font-family=\"sans-serif\" font-size=\"12\" fill=\"currentColor\">\n<title>\(escaped(title))</title>\n"
        svg += text(8, 18, title, anchor: "start", weight: "bold")
        for tick in yScale.ticks {
            svg += line(Self.left, y(tick), Self.width - Self.right, y(tick), "#8884")
            svg += text(Self.left - 8, y(tick) + 4, yScale.label(tick), anchor: "end")
        }
        let xTicks =
            xLabels.isEmpty
            ? xScale.ticks.map { ($0, xScale.label($0)) } : xLabels.enumerated().map { (Double($0), $1) }
        for (tick, label) in xTicks { svg += text(x(tick), Self.height - Self.bottom + 18, label, anchor: "middle") }
        svg += text((Self.left + Self.width - Self.right) / 2, Self.height - 8, xTitle, anchor: "middle")
        svg += text(8, 36, yTitle, anchor: "start")
        if let mark {
            svg +=
                "<g class=\"mark-line\">" + line(x(mark.x), Self.top, x(mark.x), Self.height - Self.bottom, "#888")
                + text(x(mark.x), Self.top - 4, mark.text, anchor: "middle") + "</g>\n"
        }
        var colour = -1
        for (index, line) in series.enumerated() {
            if !line.isReference || colour < 0 { colour += 1 }
            svg += drawn(line, Self.colours[colour % Self.colours.count], legendRow: index, x: x, y: y)
        }
        return svg + "</svg>\n"
    }

    private func drawn(
        _ series: Series, _ colour: String, legendRow: Int, x: (Double) -> Double, y: (Double) -> Double
    ) -> String {
        let dash = series.isReference ? " stroke-dasharray=\"5 4\"" : ""
        let path = series.points.map { "\(short(x($0.x))),\(short(y($0.y)))" }.joined(separator: " ")
        var svg = "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"\(dash)/>\n"
        for point in series.points {
            if let low = point.low, let high = point.high {
                svg += line(x(point.x), y(low), x(point.x), y(high), colour)
            }
            svg += "<circle cx=\"\(short(x(point.x)))\" cy=\"\(short(y(point.y)))\" r=\"2.5\" fill=\"\(colour)\"/>\n"
        }
        let legendX = Self.width - Self.right + 12, legendY = Self.top + 8 + Double(legendRow) * 18
        svg +=
            "<line x1=\"\(short(legendX))\" y1=\"\(short(legendY))\" x2=\"\(short(legendX + 20))\" y2=\"\(short(legendY))\" "
            + "stroke=\"\(colour)\" stroke-width=\"2\"\(dash)/>\n"
        return svg + text(legendX + 26, legendY + 4, series.name, anchor: "start")
    }

    private func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ colour: String) -> String {
        "<line x1=\"\(short(x1))\" y1=\"\(short(y1))\" x2=\"\(short(x2))\" y2=\"\(short(y2))\" stroke=\"\(colour)\"/>\n"
    }

    private func text(_ x: Double, _ y: Double, _ text: String, anchor: String, weight: String = "normal") -> String {
        "<text x=\"\(short(x))\" y=\"\(short(y))\" text-anchor=\"\(anchor)\" font-weight=\"\(weight)\">\(escaped(text))</text>\n"
    }

    private func short(_ number: Double) -> String { fixed(number, 1) }
}

/// An axis with round ticks.
private struct Scale {
    let low: Double, high: Double, step: Double

    /// - Parameter isPadded: whether the axis ends at ticks.
    init(_ values: [Double], isPadded: Bool) {
        let finite = values.filter(\.isFinite)
        let least = finite.min() ?? 0, most = finite.max() ?? 1
        let span = most > least ? most - least : max(most.magnitude, 1)
        var step = 1.0
        while step * 10 < span { step *= 10 }
        while step > span { step /= 10 }
        // `step` is now the power of ten at or below the span: at most about ten ticks after this.
        step *= span / step > 5 ? 1 : span / step > 2 ? 0.5 : 0.2
        self.step = step
        low = isPadded ? (least / step).rounded(.down) * step : least
        high = isPadded ? (most / step).rounded(.up) * step : most
    }

    var ticks: [Double] {
        let first = (low / step).rounded(.up), last = (high / step + 1e-9).rounded(.down)
        return first <= last ? stride(from: first, through: last, by: 1).map { $0 * step } : [low]
    }

    func share(_ value: Double) -> Double { high > low ? (value - low) / (high - low) : 0.5 }

    func label(_ tick: Double) -> String {
        var decimals = 0, unit = step
        while unit < 1, decimals < 6 {
            unit *= 10
            decimals += 1
        }
        return fixed(tick, decimals)
    }
}

/// Text that stands for itself in HTML and SVG.
func escaped(_ text: String) -> String {
    text.map { character in
        switch character {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        case "\"": "&quot;"
        case "'": "&#39;"
        default: String(character)
        }
    }.joined()
}
