import CCurl
import Engine
import Files
import Fingerprints
import Glibc
import Synchronization
import Transfer

/// One HTTP request.
package struct WebRequest {
    package enum Method: String { case get = "GET", head = "HEAD", put = "PUT", post = "POST" }

    package enum Body {
        case none
        case bytes([UInt8])
        case file(String, bytes: Int)

        var count: Int {
            switch self {
            case .none: 0
            case .bytes(let bytes): bytes.count
            case .file(_, let bytes): bytes
            }
        }
    }

    package var method: Method
    package var url: String
    /// Header fields, names in lower case.
    package var fields: [(name: String, value: String)]
    package var body: Body

    package init(method: Method, url: String, fields: [(name: String, value: String)] = [], body: Body = .none) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
    }
}

/// Sends requests and waits for their ends, from any thread. Connections stay open for the next ones; redirects are not
/// followed.
package final class WebClient: Sendable {
    /// How patient it is, and whom it believes.
    package struct Options: Sendable {
        /// Seconds for a connection, and without a byte from the other side.
        var timeout = 10
        /// A PEM file of the certificate authorities to trust; nil: the system's.
        var caFile: String?
        /// A proxy URL; nil: as the environment says.
        var proxy: String?

        package init() {}
    }

    private let options: Options
    private let idle = Mutex<[Handle]>([])
    /// Bodies of refusals are read up to here.
    static let mostErrorBytes = 64 << 10

    package init(_ options: Options) { self.options = options }

    /// - Parameters:
    ///   - receive: gets the body of an answer of 2xx in pieces.
    ///   - sent: hears how many more bytes of the request's body went over.
    /// - Returns: the answer, whatever its status, and the beginning of the body of one that is not 2xx.
    /// - Throws: `RemoteFault` where there is no whole answer; what `receive` and `sent` throw.
    func send(
        _ request: WebRequest, receive: (ResponseHead, UnsafeRawBufferPointer) throws -> Void = { _, _ in },
        sent: (Int) throws -> Void = { _ in }
    ) throws -> (head: ResponseHead, problem: [UInt8]) {
        guard Network.isReady, let handle = idle.withLock({ $0.popLast() }) ?? Handle() else {
            throw RemoteFault.refused("libcurl would not start")
        }
        defer {
            curl_easy_reset(handle.pointer)
            idle.withLock { $0.append(handle) }
        }
        return try withoutActuallyEscaping(receive) { receive in
            try withoutActuallyEscaping(sent) { sent in
                let exchange = try Exchange(request, receive, sent)
                return try perform(request, exchange, handle.pointer)
            }
        }
    }

    private func perform(_ request: WebRequest, _ exchange: Exchange, _ handle: UnsafeMutableRawPointer) throws -> (
        head: ResponseHead, problem: [UInt8]
    ) {
        var fields: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(fields) }
        // No waiting for a go-ahead that many servers never give.
        for field in request.fields.map({ "\($0.name): \($0.value)" }) + ["Expect:"] {
            fields = curl_slist_append(fields, field)
        }
        ccurl_set_pointer(handle, CURLOPT_HTTPHEADER, fields)
        var words = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        let result = words.withUnsafeMutableBufferPointer { words in
            ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, words.baseAddress)
            configure(request, exchange, handle)
            return withExtendedLifetime(exchange) { curl_easy_perform(handle) }
        }
        if let error = exchange.error { throw error }
        guard result == CURLE_OK else {
            let text =
                words[0] == 0
                ? String(cString: curl_easy_strerror(result))
                : String(decoding: words.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            let isFinal = [
                CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_URL_MALFORMAT,
                CURLE_UNSUPPORTED_PROTOCOL, CURLE_SSL_ISSUER_ERROR,
            ].contains(result)
            throw isFinal ? RemoteFault.refused(text) : RemoteFault.unavailable(text)
        }
        return (exchange.head, exchange.problem)
    }

    private func configure(_ request: WebRequest, _ exchange: Exchange, _ handle: UnsafeMutableRawPointer) {
        func set(_ option: CURLoption, _ text: String) {
            _ = text.withCString { ccurl_set_pointer(handle, option, $0) }
        }
        set(CURLOPT_URL, request.url)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_USERAGENT, "lavise-pipeline")
        if let caFile = options.caFile { set(CURLOPT_CAINFO, caFile) }
        if let proxy = options.proxy { set(CURLOPT_PROXY, proxy) }
        ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        ccurl_set_long(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT, options.timeout)
        ccurl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, 1)
        ccurl_set_long(handle, CURLOPT_LOW_SPEED_TIME, options.timeout)
        switch request.method {
        case .get: break
        case .head: ccurl_set_long(handle, CURLOPT_NOBODY, 1)
        case .put, .post:
            ccurl_set_long(handle, CURLOPT_UPLOAD, 1)
            set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
            ccurl_set_offset(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(request.body.count))
        }
        let context = Unmanaged.passUnretained(exchange).toOpaque()
        ccurl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        ccurl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        ccurl_set_pointer(handle, CURLOPT_READDATA, context)
        ccurl_set_receive(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            let exchange = Unmanaged<Exchange>.fromOpaque(context!).takeUnretainedValue()
            return exchange.receive(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
        }
        ccurl_set_receive(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            let exchange = Unmanaged<Exchange>.fromOpaque(context!).takeUnretainedValue()
            exchange.head.add(
                line: String(decoding: UnsafeRawBufferPointer(start: bytes, count: size * count), as: UTF8.self))
            return size * count
        }
        ccurl_set_receive(handle, CURLOPT_READFUNCTION) { bytes, size, count, context in
            let exchange = Unmanaged<Exchange>.fromOpaque(context!).takeUnretainedValue()
            return exchange.give(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
        }
    }
}

/// One owner of one libcurl handle. Used by one thread at a time.
private final class Handle: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer

    init?() {
        guard let pointer = curl_easy_init() else { return nil }
        self.pointer = pointer
    }

    deinit { curl_easy_cleanup(pointer) }
}

/// A request under way, as libcurl's callbacks see it.
private final class Exchange {
    var head = ResponseHead()
    private(set) var problem: [UInt8] = []
    private(set) var error: (any Error)?
    private let body: WebRequest.Body
    private let file: PlainFile?
    private var position = 0
    private let received: (ResponseHead, UnsafeRawBufferPointer) throws -> Void
    private let sent: (Int) throws -> Void

    /// libcurl's CURL_READFUNC_ABORT.
    private static let abort = 0x1000_0000

    init(
        _ request: WebRequest, _ received: @escaping (ResponseHead, UnsafeRawBufferPointer) throws -> Void,
        _ sent: @escaping (Int) throws -> Void
    ) throws {
        body = request.body
        self.received = received
        self.sent = sent
        if case .file(let path, _) = body { file = try asFileSystemError { try PlainFile(path) } } else { file = nil }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard 200..<300 ~= head.status else {
            problem.append(contentsOf: bytes.prefix(max(0, WebClient.mostErrorBytes - problem.count)))
            return true
        }
        do { try received(head, bytes) } catch {
            self.error = error
            return false
        }
        return true
    }

    /// Fills in more of the body.
    func give(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        do {
            let count = try fill(UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(body.count - position)))
            position += count
            if count > 0 { try sent(count) }
            return count
        } catch {
            self.error = error
            return Self.abort
        }
    }

    private func fill(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if case .bytes(let bytes) = body { buffer.copyBytes(from: bytes[position..<position + buffer.count]) }
        guard let file, !buffer.isEmpty else { return buffer.count }
        return try asFileSystemError { try file.read(into: buffer, at: position) }
    }
}

/// Trouble with this machine's disk is not the other side's.
func asFileSystemError<Result>(_ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch let error as FileError {
        throw FileSystemError("read", error.path, code: error.code ?? EINVAL)
    } catch TransferError.fileSystem(let operation, let path, let code) {
        throw FileSystemError(operation, path, code: code)
    }
}
