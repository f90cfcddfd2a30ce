/// A JSON value as it was written: with its place, and the members of objects in their order.
public struct JSONNode: Sendable {
    /// Where the value begins.
    public let place: TextPlace
    /// What the value is, with the places of its parts.
    public let content: Content

    /// As `Value`, but the parts have places and members keep their order.
    public enum Content: Sendable {
        case null
        case bool(Bool)
        case int(Int)
        case double(Double)
        case string(String)
        case array([JSONNode])
        /// No key stands twice.
        case object([Member])
    }

    /// A key of an object and what stands under it.
    public struct Member: Sendable {
        /// As it is meant: without quotes, escapes resolved.
        public let key: String
        /// Of the key.
        public let place: TextPlace
        /// What stands under the key.
        public let value: JSONNode

        /// - Parameter place: where the key begins.
        public init(key: String, place: TextPlace, value: JSONNode) {
            self.key = key
            self.place = place
            self.value = value
        }
    }

    /// - Parameter place: where the value begins.
    public init(_ content: Content, at place: TextPlace) {
        self.content = content
        self.place = place
    }

    /// Reads JSON text as strictly as `Value(json:)` does.
    /// - Parameter source: the file's path, for errors.
    /// - Throws: `TextError` with the place of the first fault.
    public init(json bytes: [UInt8], source: String) throws(TextError) {
        do {
            self = try JSONParser.parse(bytes, source: source)
        } catch {
            throw TextError(TextPlace(source, line: error.line, column: error.column), error.message)
        }
    }

    /// Reads JSON text that is an argument of the command line: `argument` is the place of all that is in it.
    /// - Throws: `TextError` whose problem names the character.
    public init(json text: String, argument: String) throws(TextError) {
        do {
            self = try JSONParser.parse(Array(text.utf8), source: argument).moved(to: TextPlace(whole: argument))
        } catch {
            throw TextError(TextPlace(whole: argument), "character \(error.column) of the value: \(error.message)")
        }
    }

    private func moved(to place: TextPlace) -> JSONNode {
        switch content {
        case .array(let items):
            JSONNode(.array(items.map { $0.moved(to: place) }), at: place)
        case .object(let members):
            JSONNode(
                .object(members.map { Member(key: $0.key, place: place, value: $0.value.moved(to: place)) }), at: place)
        default:
            JSONNode(content, at: place)
        }
    }

    /// A value that stands in no text of its own: all of it at `place`.
    public init(value: Value, at place: TextPlace) {
        self.place = place
        content =
            switch value {
            case .null: .null
            case .bool(let flag): .bool(flag)
            case .int(let number): .int(number)
            case .double(let number): .double(number)
            case .string(let text): .string(text)
            case .array(let items): .array(items.map { JSONNode(value: $0, at: place) })
            case .object(let members):
                .object(
                    Value.sorted(members).map { member in
                        Member(key: member.key, place: place, value: JSONNode(value: member.value, at: place))
                    })
            }
    }

    /// The value alone.
    public var value: Value {
        switch content {
        case .null: .null
        case .bool(let flag): .bool(flag)
        case .int(let number): .int(number)
        case .double(let number): .double(number)
        case .string(let text): .string(text)
        case .array(let items): .array(items.map(\.value))
        case .object(let members):
            .object(Dictionary(members.map { ($0.key, $0.value.value) }, uniquingKeysWith: { first, _ in first }))
        }
    }

    /// Whether the value is `null`.
    public var isNull: Bool { if case .null = content { true } else { false } }

    /// The member `key` of an object; nil for anything else.
    public subscript(key: String) -> Member? {
        if case .object(let members) = content { members.first { $0.key == key } } else { nil }
    }
}
