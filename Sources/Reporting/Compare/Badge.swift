import Fingerprints

/// A badge of an experiment's verdicts for a page that can show an SVG.
public struct Badge: Sendable, Equatable {
    /// The left half: the experiment's name.
    public var label: String
    /// The right half: how many claims have which verdict.
    public var message: String
    /// `#rrggbb`.
    public var colour: String

    /// - Parameter colour: of the right half, `#rrggbb`.
    public init(label: String, message: String, colour: String) {
        self.label = label
        self.message = message
        self.colour = colour
    }

    /// Green where every claim is reproduced, red where one is refuted, amber where one is open, grey where there is
    /// none.
    public init(_ report: ClaimReport) {
        func count(_ verdict: Verdict) -> Int { report.claims.count { $0.verdictText == verdict.rawValue } }
        let others = report.claims.count { $0.verdictText != $0.verdict.rawValue }
        let parts =
            Verdict.allCases.map { (count($0), $0.rawValue) }.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
            + (others > 0 ? ["\(others) on other settings"] : [])
        let colour =
            if count(.refuted) > 0 { "#c0392b" } else if count(.reproduced) == 0 {
                "#7f8c8d"
            } else if count(.reproduced) == report.claims.count {
                "#2e7d32"
            } else { "#b7791f" }
        self.init(
            label: report.experiment, message: parts.isEmpty ? "no claims" : parts.joined(separator: ", "),
            colour: colour)
    }

    /// Letters are given their width, so that it looks alike with any font.
    public var svg: String {
        let letter = 6.5, left = Double(label.count) * letter + 12, right = Double(message.count) * letter + 12
        func text(_ words: String, _ x: Double) -> String {
            let width = Double(words.count) * letter
            return
                "<text x=\"\(fixed(x + 6, 1))\" y=\"14\" textLength=\"\(fixed(width, 1))\" lengthAdjust=\"spacingAndGlyphs\">\(escaped(words))</text>"
        }
        let title = "\(label): \(message)"
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(fixed(left + right, 1))" height="20" role="img" aria-label="\(escaped(title))">
            <title>\(escaped(title))</title>
            <rect width="\(fixed(left, 1))" height="20" fill="#444444"/>
            <rect x="\(fixed(left, 1))" width="\(fixed(right, 1))" height="20" fill="\(colour)"/>
            <g fill="#ffffff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
            \(text(label, 0))
            \(text(message, left))
            </g>
            </svg>

            """
    }
}
