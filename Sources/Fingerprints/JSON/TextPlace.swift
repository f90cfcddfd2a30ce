/// Where something stands in a text that a user wrote: a file, or an argument of the command line.
public struct TextPlace: Sendable, Hashable, CustomStringConvertible {
    /// The file's path, or the argument.
    public let source: String
    /// Line and column (in Unicode scalars), both from 1; nil for the argument or file as a whole.
    public let position: Position?

    /// A character of a text: its line and its column (in Unicode scalars), both from 1.
    public struct Position: Sendable, Hashable {
        public let line: Int, column: Int
    }

    /// - Parameters:
    ///   - source: the file's path.
    ///   - line: from 1.
    ///   - column: in Unicode scalars, from 1.
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
    /// Where the fault begins.
    public let place: TextPlace
    /// What is wrong and what was expected, without the place.
    public let problem: String

    /// - Parameter problem: without the place, which `description` puts before it.
    public init(_ place: TextPlace, _ problem: String) {
        self.place = place
        self.problem = problem
    }

    /// `FILE:LINE:COLUMN: ` and the problem, or the argument in place of the file's place.
    public var description: String { "\(place): \(problem)" }
}
