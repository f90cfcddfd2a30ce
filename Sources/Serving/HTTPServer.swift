import CMicroHTTPD
import Glibc

/// A server that cannot be had.
public struct ServingError: Error, CustomStringConvertible {
    /// What could not be had, and the system's reason.
    public let description: String
}

/// Answers HTTP/1.1 requests by a function, a thread a connection; GNU libmicrohttpd does the protocol.
public final class HTTPServer: @unchecked Sendable {  // what changes is the library's own
    /// Bytes of a request's body; more is refused.
    public static let mostBytes = 32 << 20
    private static let mostConnections: UInt32 = 32
    private static let timeout: UInt32 = 60
    private static let headerBytes = 32 << 10

    private let answer: @Sendable (HTTPRequest) -> HTTPResponse
    private var daemon: OpaquePointer?
    /// The port that is listened on.
    public private(set) var port: UInt16 = 0

    /// - Parameters:
    ///   - host: a numeric address, such as `127.0.0.1` or `::1`.
    ///   - port: 0 for a free one.
    ///   - answer: called by many threads at once.
    /// - Throws: `ServingError` for an address that is none, or that is taken.
    public init(host: String, port: UInt16, answer: @escaping @Sendable (HTTPRequest) -> HTTPResponse) throws {
        self.answer = answer
        var hints = addrinfo()
        var found: UnsafeMutablePointer<addrinfo>?
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let found else {
            throw ServingError(description: "\(host): expected a numeric address such as 127.0.0.1 or ::1")
        }
        defer { freeaddrinfo(found) }
        errno = 0
        let context = Unmanaged.passUnretained(self).toOpaque()
        guard
            let daemon = cmicrohttpd_start(
                found.pointee.ai_addr, handleRequest, endRequest, context, Self.mostConnections, Self.timeout,
                Self.headerBytes)
        else {
            throw ServingError(
                description:
                    "cannot listen on \(host), port \(port): \(String(cString: strerror(errno))); --port 0 takes a free one"
            )
        }
        self.daemon = daemon
        self.port = UInt16(truncatingIfNeeded: cmicrohttpd_port(daemon))
    }

    /// Ends it once answers under way have ended.
    public func stop() {
        if let daemon { MHD_stop_daemon(daemon) }
        daemon = nil
    }

    deinit { stop() }

    /// What has come of a request so far.
    fileprivate final class Exchange {
        var body: [UInt8] = []
        var isTooLong = false
    }

    fileprivate func respond(to exchange: Exchange, _ connection: OpaquePointer, _ method: String, _ path: String)
        -> MHD_Result
    {
        let response: HTTPResponse
        if exchange.isTooLong {
            response = .text(413, "at most \(Self.mostBytes >> 20) MB are taken")
        } else {
            response = answer(
                HTTPRequest(
                    method: method, path: path, query: values { cmicrohttpd_arguments(connection, noteArgument, $0) },
                    headers: values { cmicrohttpd_headers(connection, noteHeader, $0) }, body: exchange.body))
        }
        let own = response.body.withUnsafeBytes { cmicrohttpd_response($0.baseAddress, $0.count) }
        guard let own else { return cmicrohttpd_no() }
        defer { MHD_destroy_response(own) }
        for header in response.headers { MHD_add_response_header(own, header.name, header.value) }
        return MHD_queue_response(connection, UInt32(response.status), own)
    }

    /// Headers or arguments by name, of several of one name the first.
    private func values(_ read: (UnsafeMutableRawPointer) -> Int32) -> [String: String] {
        var found: [String: String] = [:]
        withUnsafeMutablePointer(to: &found) { _ = read($0) }
        return found
    }
}

private let noteHeader: MHD_KeyValueIterator = { context, _, name, value in
    note(context, name, value) { $0.lowercased() }
}
private let noteArgument: MHD_KeyValueIterator = { context, _, name, value in note(context, name, value) { $0 } }

private func note(
    _ context: UnsafeMutableRawPointer?, _ name: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?,
    _ key: (String) -> String
) -> MHD_Result {
    guard let found = context?.assumingMemoryBound(to: [String: String].self), let name else { return cmicrohttpd_no() }
    let own = key(String(cString: name))
    if found.pointee[own] == nil { found.pointee[own] = value.map { String(cString: $0) } ?? "" }
    return cmicrohttpd_yes()
}

/// Called once for a request's head, again for each piece of its body, and at last with nothing.
private func handleRequest(
    server: UnsafeMutableRawPointer?, connection: OpaquePointer?, path: UnsafePointer<CChar>?,
    method: UnsafePointer<CChar>?,
    version: UnsafePointer<CChar>?, piece: UnsafePointer<CChar>?, size: UnsafeMutablePointer<Int>?,
    context: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let server, let connection, let path, let method, let size, let context else { return cmicrohttpd_no() }
    guard let known = context.pointee else {
        context.pointee = Unmanaged.passRetained(HTTPServer.Exchange()).toOpaque()
        return cmicrohttpd_yes()
    }
    let exchange = Unmanaged<HTTPServer.Exchange>.fromOpaque(known).takeUnretainedValue()
    if size.pointee > 0, let piece {
        if exchange.body.count + size.pointee > HTTPServer.mostBytes {
            exchange.isTooLong = true
            exchange.body = []
        } else if !exchange.isTooLong {
            exchange.body.append(contentsOf: UnsafeRawBufferPointer(start: piece, count: size.pointee))
        }
        size.pointee = 0
        return cmicrohttpd_yes()
    }
    let own = Unmanaged<HTTPServer>.fromOpaque(server).takeUnretainedValue()
    return own.respond(to: exchange, connection, String(cString: method), String(cString: path))
}

private func endRequest(
    server: UnsafeMutableRawPointer?, connection: OpaquePointer?,
    context: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    code: MHD_RequestTerminationCode
) {
    guard let known = context?.pointee else { return }
    Unmanaged<HTTPServer.Exchange>.fromOpaque(known).release()
    context?.pointee = nil
}
