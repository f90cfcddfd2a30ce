/// Status and header fields of one HTTP response.
package struct ResponseHead: Equatable, Sendable {
    package var status = 0
    /// Whether the empty line after the fields has come.
    package private(set) var isComplete = false
    /// By lower-case name; of a field that is sent twice the last one.
    package private(set) var fields: [String: String] = [:]

    /// Takes in one line as libcurl hands it over. A new status line begins a new head (after `100 Continue`).
    package mutating func add(line: some StringProtocol) {
        if line.hasPrefix("HTTP/") {
            let words = line.split(separator: " ", maxSplits: 2)
            self = ResponseHead(status: words.count > 1 ? Int(trimmed(words[1])) ?? 0 : 0)
        } else if let colon = line.firstIndex(of: ":") {
            fields[line[..<colon].lowercased()] = trimmed(line[line.index(after: colon)...])
        } else if trimmed(line).isEmpty {
            isComplete = true
        }
    }

    package init(status: Int = 0) { self.status = status }

    var contentLength: Int? { fields["content-length"].flatMap(Int.init).flatMap { $0 >= 0 ? $0 : nil } }
    /// Whether the end of the body is marked in the stream, so that a body cut short is noticed.
    var isChunked: Bool { fields["transfer-encoding"]?.lowercased().contains("chunked") ?? false }
    var isHTML: Bool { fields["content-type"]?.lowercased().contains("html") ?? false }
    var validator: Validator { Validator(etag: fields["etag"], lastModified: fields["last-modified"]) }

    /// `Content-Range: bytes 0-99/1000`, either half of which may be `*`.
    package var contentRange: (range: Range<Int>?, total: Int?)? {
        guard let field = fields["content-range"], field.lowercased().hasPrefix("bytes ") else { return nil }
        let halves = field.dropFirst(6).split(separator: "/").map(trimmed)
        guard halves.count == 2 else { return nil }
        let total = Int(halves[1])
        guard total != nil || halves[1] == "*", total ?? 0 >= 0 else { return nil }
        if halves[0] == "*" { return (nil, total) }
        let ends = halves[0].split(separator: "-").map { Int($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], 0 <= first, first <= last,
            last < total ?? Int.max
        else {
            return nil
        }
        return (first..<last + 1, total)
    }
}
