import Fingerprints

/// All claims of an experiment with their verdicts.
public struct ClaimReport: Sendable, Equatable {
    /// The experiment's name.
    public var experiment: String
    /// In the order of the experiment's file; a claim of every row stands once a row.
    public var claims: [CheckedClaim]
    /// Of the intervals.
    public var confidence: Double

    /// - Parameter confidence: of the intervals, from 0 to 1.
    public init(experiment: String, claims: [CheckedClaim], confidence: Double = 0.95) {
        self.experiment = experiment
        self.claims = claims
        self.confidence = confidence
    }

    /// Whether a claim is refuted: `check` then ends with a code of its own.
    public var isRefuted: Bool { claims.contains { $0.verdict == .refuted } }

    /// Whether no claim is inconclusive.
    public var isSettled: Bool { claims.allSatisfy { $0.verdict != .inconclusive } }

    /// `demo: 3 claims: 2 reproduced, 1 inconclusive, 0 refuted`
    public var summary: String {
        guard !claims.isEmpty else { return "\(experiment): no claims" }
        let counts = Verdict.allCases.flatMap { verdict -> [String] in
            let count = claims.count { $0.verdict == verdict && $0.verdictText == verdict.rawValue }
            let others = claims.count { $0.verdict == verdict } - count
            return (count == 0 && (others > 0 || verdict == .notRun) ? [] : ["\(count) \(verdict.rawValue)"])
                + (others > 0 ? ["\(others) \(verdict.rawValue) on other settings"] : [])
        }
        return "\(experiment): \(claims.count) claim\(claims.count == 1 ? "" : "s"): \(counts.joined(separator: ", "))"
    }

    private var columns: [String] {
        let percent = confidence == 0.95 ? "95" : fixed(confidence * 100, 1)
        return [
            "claim", "source", "verdict", "published", "margin", "ours", "\(percent) % interval", "evidence", "note",
        ]
    }

    private func cells(_ checked: CheckedClaim) -> [String] {
        var numbers = ["", ""]
        if case .recall(_, _, _, let published, let margin) = checked.claim {
            numbers = [fixed(published, Decimals.shown), fixed(margin, Decimals.shown)]
        }
        let ours = checked.ours.map { fixed($0.value, Decimals.shown) } ?? "–"
        let interval =
            checked.ours.map { "[\(fixed($0.low, Decimals.shown)), \(fixed($0.high, Decimals.shown))]" } ?? ""
        let claim = (checked.row.map { "\($0): " } ?? "") + checked.claim.text
        let notes = [checked.note, checked.differs.map { "not as the source: \($0)" } ?? ""].filter { !$0.isEmpty }
        return [claim, checked.source, checked.verdictText] + numbers + [
            ours, interval, checked.evidence?.text ?? "", notes.joined(separator: "; "),
        ]
    }

    /// The summary, then a row a claim: `claims.md`.
    public var markdown: String {
        let table = TextTable(
            columns: columns, textColumns: 3, rows: claims.map { cells($0).map(TextTable.Cell.text) })
        return claims.isEmpty ? summary + "\n" : "\(summary)\n\n\(table.markdown)"
    }

    /// For a terminal: up to four lines a claim, the verdict in colour where `colour` is on.
    public func text(colour: Bool) -> String {
        let colours: [Verdict: Int] = [.reproduced: 32, .inconclusive: 33, .refuted: 31]
        let width = Verdict.inconclusive.rawValue.count + 2
        let lines = claims.map { checked in
            let cells = cells(checked), verdictWord = checked.verdict.rawValue
            let space = String(repeating: " ", count: width - verdictWord.count),
                isOwn = checked.verdictText == verdictWord
            // Green and red are for what is said of the source itself.
            let tint = isOwn ? colours[checked.verdict] ?? 0 : colours[.inconclusive] ?? 0
            let verdict = colour ? "\u{1B}[\(tint)m\(verdictWord)\u{1B}[0m" : verdictWord
            let published = cells[3].isEmpty ? [] : ["published \(cells[3]) ± \(cells[4])"]
            let ours = checked.ours == nil ? [] : ["ours \(cells[5]) \(cells[6])"]
            let indent = String(repeating: " ", count: width)
            let numbers = (published + ours).joined(separator: ", ")
            let detail = [numbers, checked.note].filter { !$0.isEmpty }.joined(separator: ", ")
            // A note that 80 columns have no room for stands on a line of its own.
            let details = width + detail.count > 80 ? [numbers, checked.note] : [detail]
            let settings = checked.differs.map {
                ["on other settings than \(checked.source):"] + $0.components(separatedBy: "; ").map { "- \($0)" }
            }
            let more = (details + [cells[7]] + (settings ?? [])).filter { !$0.isEmpty }.map { "\(indent)\($0)\n" }
            return "\(verdict)\(space)\(cells[0])  (\(cells[1]))\n" + more.joined()
        }
        return lines.joined() + summary + "\n"
    }

    /// The document of `check --json`, schema 1.
    public var value: Value {
        func number(_ value: Double?) -> Value { rounded(value, Decimals.stored).map(Value.double) ?? .null }
        let list = claims.map { checked -> Value in
            var members: [String: Value] = [
                "claim": .string(checked.claim.text), "source": .string(checked.source),
                "verdict": .string(checked.verdict.rawValue), "ours": number(checked.ours?.value),
                "low": number(checked.ours?.low), "high": number(checked.ours?.high), "note": .string(checked.note),
            ]
            if let evidence = checked.evidence {
                members["seeds"] = .int(evidence.seeds)
                members["filters"] = .int(evidence.filters)
                members["pairs"] = .int(evidence.pairs)
            }
            if let row = checked.row { members["row"] = .string(row) }
            if let differs = checked.differs { members["differs"] = .string(differs) }
            if case .recall(_, _, _, let published, let margin) = checked.claim {
                members["published"] = number(published)
                members["margin"] = number(margin)
            }
            return .object(members)
        }
        return [
            "schema": 1, "experiment": .string(experiment), "confidence": number(confidence), "claims": .array(list),
        ]
    }
}
