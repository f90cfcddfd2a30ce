/// Where something stands in a text that a user wrote: a file, or an argument of the command line.
public struct TextPlace: Sendable, Hashable, CustomStringConvertible {
    /// The file's path, or the argument.
    public let source: String
    /// Line and column (in Unicode scalars), both from 1; nil for the argument or file as a whole.
    public let position: Position?

    public struct Position: Sendable, Hashable {
        public let line: Int, column: Int
    }

    public init(_ source: String, line: Int, column: Int) {
        self.source = source
        position = Position(line: line, column: column)
    }

    /// - Parameter source: an argument of the command line, or a file as a whole.
    public init(whole source: String) {
        self.source = source
        position = nil
    }

    /// `FILE:LINE:COLUMN`, or the argument alone.
    public var description: String { position.map { "\(source):\($0.line):\($0.column)" } ?? source }
}

/// What is wrong in a text that a user wrote, and where.
public struct TextError: Error, Sendable, Equatable, CustomStringConvertible {
    public let place: TextPlace
    public let problem: String

    public init(_ place: TextPlace, _ problem: String) {
        self.place = place
        self.problem = problem
    }

    public var description: String { "\(place): \(problem)" }
}
