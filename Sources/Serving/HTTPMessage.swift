/// A request, as far as anything here asks.
public struct HTTPRequest: Sendable {
    /// In upper case, as in `GET`.
    public let method: String
    /// Percent-decoded, as libmicrohttpd hands it over; begins with `/`.
    public let path: String
    /// At most `HTTPServer.mostBytes`; empty where the request has none.
    public let body: [UInt8]
    private let headers: [String: String]
    private let query: [String: String]

    /// - Parameter headers: by their names in lower case.
    public init(
        method: String, path: String, query: [String: String] = [:], headers: [String: String] = [:], body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }

    /// A header's value, whatever the case of its name.
    public func header(_ name: String) -> String? { headers[name.lowercased()] }

    /// The value of a `?name=value`, decoded.
    public func argument(_ name: String) -> String? { query[name] }

    /// The value of a cookie.
    public func cookie(_ name: String) -> String? {
        let pairs =
            header("cookie")?.split(separator: ";").map { $0.drop { $0 == " " }.split(separator: "=", maxSplits: 1) }
            ?? []
        return pairs.first { $0.count == 2 && $0[0] == name }.map { String($0[1]) }
    }
}

/// An answer.
public struct HTTPResponse: Sendable {
    /// The status code of RFC 9110.
    public var status: Int
    /// In the order in which they are sent; `Content-Type` is the first.
    public var headers: [(name: String, value: String)]
    /// All of it: nothing is streamed.
    public var body: [UInt8]

    /// - Parameters:
    ///   - type: of `Content-Type`.
    ///   - headers: besides `Content-Type`.
    public init(status: Int = 200, type: String, body: [UInt8], headers: [(name: String, value: String)] = []) {
        self.status = status
        self.headers = [("Content-Type", type)] + headers
        self.body = body
    }

    /// A line of text.
    public static func text(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(status: status, type: "text/plain; charset=utf-8", body: Array((text + "\n").utf8))
    }
}
