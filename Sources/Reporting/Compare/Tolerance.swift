/// How far a number may move and still count as the same.
public struct Tolerance: Sendable, Equatable {
    public var absolute: Double
    /// Of the old number.
    public var relative: Double

    public init(absolute: Double = 0, relative: Double = 0) {
        self.absolute = absolute
        self.relative = relative
    }

    /// Either bound is enough.
    func allows(_ old: Double, _ new: Double) -> Bool {
        let change = (new - old).magnitude
        return change <= absolute || change <= relative * old.magnitude
    }
}

/// A tolerance for all columns, and others for some.
public struct Tolerances: Sendable, Equatable {
    public var common: Tolerance
    public var columns: [String: Tolerance]

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
        guard let number = Double(isRelative ? text.dropLast() : text), number >= 0, number.isFinite else { return nil }
        return isRelative ? Tolerance(relative: number / 100) : Tolerance(absolute: number)
    }

    subscript(column: String) -> Tolerance { columns[column] ?? common }
}

/// A tolerance that cannot be read.
public struct ToleranceError: Error, Sendable, Equatable, CustomStringConvertible {
    public let text: String
    public var description: String { "--tolerance \(text): write a number, a percentage, or COLUMN=NUMBER, as in recall=0.01 or train_loss=1%" }
}
