import Foundation
import Synchronization

/// A small HTTP/1.1 server on 127.0.0.1 that does exactly what its handler says, however wrong, and counts what it
/// sends.
public final class LoopbackServer: Sendable {
    /// What a client asked.
    public struct Request: Sendable {
        /// As in `GET`.
        public let method: String
        /// The path, or the whole URL when it came as to a proxy.
        public let path: String
        /// By lower-case name.
        public let fields: [String: String]
        /// How many requests came before it, over all paths.
        public let number: Int
        /// What came behind the head.
        public let body: [UInt8]

        /// `Range: bytes=a-b` or `a-`, as far as it lies in a file of `total` bytes.
        public func range(of total: Int) -> Range<Int>? {
            guard let text = fields["range"], text.hasPrefix("bytes=") else { return nil }
            let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
            guard ends.count == 2, let first = Int(ends[0]), first < total else { return nil }
            return first..<min(total, (Int(ends[1]) ?? total - 1) + 1)
        }
    }

    /// What the server answers, right or wrong.
    public struct Reply: Sendable {
        /// As in `200 OK`.
        public var status: String
        /// Header fields, beside the length and the kind of connection.
        public var fields: [String: String]
        /// The body's source; nil: `text` is the body.
        public var content: GeneratedContent?
        /// Which bytes of the content form the body.
        public var range: Range<Int>
        /// The body where there is no `content`.
        public var text: [UInt8] = []
        /// Close the connection after so many bytes of the body.
        public var cutAfter: Int?
        /// Send so many bytes of the body and then nothing more, with the connection left open.
        public var stallAfter: Int?
        /// Body in chunks, without Content-Length.
        public var isChunked = false
        /// Neither length nor chunks: the body ends with the connection.
        public var endsWithConnection = false

        /// - Parameters:
        ///   - status: as in `200 OK`.
        ///   - text: the body.
        public init(_ status: String, _ fields: [String: String] = [:], text: String = "") {
            self.status = status
            self.fields = fields
            self.text = Array(text.utf8)
            range = 0..<0
        }

        /// What a proper server answers, ranges and `If-Range` included.
        public init(_ content: GeneratedContent, to request: Request, etag: String? = nil, honoursRange: Bool = true) {
            self.init("200 OK")
            self.content = content
            range = 0..<content.bytes
            if let etag { fields["ETag"] = etag }
            guard honoursRange, request.fields["range"] != nil, request.fields["if-range"] ?? etag == etag else {
                return
            }
            if let part = request.range(of: content.bytes) {
                status = "206 Partial Content"
                range = part
                fields["Content-Range"] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(content.bytes)"
            } else {
                status = "416 Range Not Satisfiable"
                range = 0..<0
                fields["Content-Range"] = "bytes */\(content.bytes)"
            }
        }
    }

    /// One answered request.
    public struct Served: Sendable {
        /// The path that was asked for.
        public let path: String
        /// The first byte asked for.
        public let start: Int
        /// Bytes of the body handed to the system.
        public let sent: Int
    }

    /// On 127.0.0.1; the system chose it.
    public let port: Int
    /// Without a slash at the end.
    public var url: String { "http://127.0.0.1:\(port)" }
    private let listener: Int32
    private let handler: @Sendable (Request) -> Reply
    private let state = Mutex(State())

    private struct State {
        var isStopped = false
        var connections: Set<Int32> = []
        var requests = 0
        var served: [Served] = []
        var bytes = 0
        var cuts: [Int] = []
    }

    /// - Parameter cuts: the connection that sends the so-many-th byte of a body, counted over all requests, is cut
    ///   there.
    /// - Throws: `SupportError` where no port can be listened on.
    public init(cuts: [Int] = [], handler: @escaping @Sendable (Request) -> Reply) throws {
        self.handler = handler
        (listener, port) = try listenOnLoopback()
        state.withLock { $0.cuts = cuts.sorted() }
        Thread.detachNewThread { [self, listener] in accept(on: listener) }
    }

    /// Every answered request; waits until all connections have ended, so that nothing is missing.
    public var served: [Served] {
        while !state.withLock(\.connections.isEmpty) { usleep(1000) }
        return state.withLock(\.served)
    }

    /// Bytes of bodies handed to the system so far.
    public var bytesServed: Int { state.withLock(\.bytes) }
    /// Requests that came so far.
    public var requestCount: Int { state.withLock(\.requests) }

    /// Ends every connection and the server itself.
    public func stop() {
        let connections = state.withLock { state in
            state.isStopped = true
            return state.connections
        }
        for connection in connections { shutdown(connection, Int32(SHUT_RDWR)) }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func accept(on listener: Int32) {
        defer { close(listener) }
        while case let connection = Glibc.accept(listener, nil, nil), connection >= 0 {
            guard state.withLock({ state in state.isStopped ? false : state.connections.insert(connection).inserted })
            else {
                close(connection)
                break
            }
            Thread.detachNewThread { [self] in
                while converse(connection) {}
                state.withLock { _ = $0.connections.remove(connection) }
                close(connection)
            }
        }
    }

    /// Reads one request and answers it; false when the connection is done with.
    private func converse(_ connection: Int32) -> Bool {
        guard let head = readHead(connection) else { return false }
        let lines = head.components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count == 3 else { return false }
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        let number = state.withLock { state in
            state.requests += 1
            return state.requests - 1
        }
        guard let body = read(Int(fields["content-length"] ?? "0") ?? 0, from: connection) else { return false }
        let request = Request(
            method: String(words[0]), path: String(words[1]), fields: fields, number: number, body: body)
        return answer(handler(request), to: request, connection)
    }

    private func read(_ count: Int, from connection: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        let received = count == 0 ? 0 : recv(connection, &bytes, count, Int32(MSG_WAITALL))
        return received == count ? bytes : nil
    }

    private func readHead(_ connection: Int32) -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            guard recv(connection, &byte, 1, 0) == 1, bytes.count < 65536 else { return nil }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func answer(_ reply: Reply, to request: Request, _ connection: Int32) -> Bool {
        let count = reply.content == nil ? reply.text.count : reply.range.count
        var fields = reply.fields
        if reply.isChunked {
            fields["Transfer-Encoding"] = "chunked"
        } else if !reply.endsWithConnection, fields["Content-Length"] == nil {
            fields["Content-Length"] = String(count)
        }
        let head =
            "HTTP/1.1 \(reply.status)\r\n"
            + fields.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined() + "\r\n"
        guard sendAll(connection, Array(head.utf8)) else { return false }
        let end = min(count, reply.cutAfter ?? count, reply.stallAfter ?? count)
        var sent = 0
        var isWhole = end == count
        while sent < end {
            let block = min(64 << 10, end - sent)
            let allowed = state.withLock { state -> Int in
                let allowed = state.cuts.first.map { min(block, max(0, $0 - state.bytes)) } ?? block
                state.bytes += allowed
                if allowed < block { state.cuts.removeFirst() }
                return allowed
            }
            let start = reply.range.lowerBound + sent
            let bytes = reply.content?.slice(start..<start + allowed) ?? Array(reply.text[sent..<sent + allowed])
            let frame =
                reply.isChunked && !bytes.isEmpty
                ? Array((String(bytes.count, radix: 16) + "\r\n").utf8) + bytes + Array("\r\n".utf8) : bytes
            guard sendAll(connection, frame) else { isWhole = false; break }
            sent += allowed
            if allowed < block { isWhole = false; break }
        }
        let start = request.fields["range"] == nil ? 0 : reply.range.lowerBound
        let entry = Served(path: request.path, start: start, sent: sent)
        state.withLock { $0.served.append(entry) }
        if reply.stallAfter != nil { waitForEnd(connection) }
        if isWhole, reply.isChunked { return sendAll(connection, Array("0\r\n\r\n".utf8)) }
        return isWhole && !reply.endsWithConnection && reply.cutAfter == nil
    }

    /// Returns when the other side, or `stop`, ends the connection.
    private func waitForEnd(_ connection: Int32) {
        var byte: UInt8 = 0
        while recv(connection, &byte, 1, 0) > 0 {}
    }

    private func sendAll(_ connection: Int32, _ bytes: [UInt8]) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(connection, $0.baseAddress! + done, $0.count - done, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            done += count
        }
        return true
    }
}

/// A listening socket on a free port of 127.0.0.1.
func listenOnLoopback() throws -> (descriptor: Int32, port: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    // Small, so that little is under way when a client dies.
    var buffer = Int32(64 << 10)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &buffer, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            bind(descriptor, address, length) == 0 && listen(descriptor, 64) == 0
                && getsockname(descriptor, address, &length) == 0
        }
    }
    guard result else {
        close(descriptor)
        throw POSIXError(.init(rawValue: errno) ?? .EIO)
    }
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
}
