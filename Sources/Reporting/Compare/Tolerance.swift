import Foundation

/// How far a number may move and still count as the same. Numbers are decimals, as tables print them: 0.29 and 0.30 are
/// 0.01 apart, which two binary numbers are not.
public struct Tolerance: Sendable, Equatable {
    /// In the column's own unit.
    public var absolute: Decimal
    /// In hundredths of the old number.
    public var percent: Decimal

    /// - Parameter percent: in hundredths of the old number. Either bound is enough.
    public init(absolute: Decimal = 0, percent: Decimal = 0) {
        self.absolute = absolute
        self.percent = percent
    }

    /// Either bound is enough.
    func allows(_ old: Decimal, _ new: Decimal) -> Bool {
        let change = (new - old).magnitude
        return change <= absolute || change * 100 <= percent * old.magnitude
    }
}

extension Decimal {
    /// The number that `text` is, all of it; nil for what is none, or is not finite.
    init?(printed text: some StringProtocol) {
        guard let number = Double(text), number.isFinite, text.allSatisfy({ "0123456789+-.eE".contains($0) }),
            let decimal = Decimal(string: String(text)), decimal.isFinite
        else { return nil }
        self = decimal
    }
}

/// A tolerance for all columns, and others for some.
public struct Tolerances: Sendable, Equatable {
    /// For every column that has none of its own.
    public var common: Tolerance
    /// By the column's heading.
    public var columns: [String: Tolerance]

    /// - Parameter columns: by heading; they replace `common`.
    public init(common: Tolerance = Tolerance(), columns: [String: Tolerance] = [:]) {
        self.common = common
        self.columns = columns
    }

    /// Reads `0.01`, `1%`, `recall=0.01` or `train_loss=1%`, any number of them; also several separated by commas.
    /// - Throws: `ToleranceError` that quotes what it cannot read.
    public init(_ texts: [String]) throws {
        self.init()
        for text in texts.flatMap({ $0.split(separator: ",") }) {
            let parts = text.split(separator: "=", omittingEmptySubsequences: false)
            guard let value = parts.last, parts.count <= 2, let tolerance = Self.tolerance(value), parts[0] != "" else {
                throw ToleranceError(text: String(text))
            }
            if parts.count == 2 { columns[String(parts[0])] = tolerance } else { common = tolerance }
        }
    }

    private static func tolerance(_ text: Substring) -> Tolerance? {
        let isRelative = text.hasSuffix("%")
        guard let number = Decimal(printed: isRelative ? text.dropLast() : text), number >= 0 else { return nil }
        return isRelative ? Tolerance(percent: number) : Tolerance(absolute: number)
    }

    /// The number that a column holds the bound of: what is allowed of the number is allowed of its bounds.
    private static let bounded = ["low": "recall", "high": "recall", "change_low": "change", "change_high": "change"]

    subscript(column: String) -> Tolerance {
        columns[column] ?? Self.bounded[column].flatMap { columns[$0] } ?? common
    }
}

/// A tolerance that cannot be read.
public struct ToleranceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What cannot be read, as it was given.
    public let text: String
    /// What can be written in its place.
    public var description: String {
        "--tolerance \(text): write a number, a percentage, or COLUMN=NUMBER, as in recall=0.01 or train_loss=1%"
    }
}
