import CCurl

/// One GET request on one libcurl handle; the body goes to its receiver.
final class HTTPRequest {
    /// Called by libcurl, so it must not start or end requests.
    protocol Receiver: AnyObject {
        /// Takes some bytes of the body; false ends the request.
        func receive(_ bytes: UnsafeRawBufferPointer, from request: HTTPRequest) throws -> Bool
    }

    let ask: Ask
    /// The bytes of the file that this request alone writes.
    var claim: Range<Int>
    /// Where the next byte of the body belongs.
    var position: Int
    var verdict: ResponseVerdict?
    let started: Double
    /// How many redirects led here.
    let hops: Int
    /// Set from outside: its outcome interests nobody any more.
    var isCancelled = false
    /// The body went on behind the last byte asked for.
    var isTooLong = false
    /// Bytes of the body so far.
    private(set) var received = 0
    /// Bytes of an unwanted body.
    var discarded = 0
    private(set) var head = ResponseHead()
    /// What the receiver threw.
    private(set) var error: (any Error)?

    let handle: UnsafeMutableRawPointer
    private unowned let receiver: any Receiver
    private var fields: UnsafeMutablePointer<curl_slist>?
    private let problemText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    init(
        _ ask: Ask, ifRange: String?, hops: Int, started: Double, limit: Int?, options: DownloadOptions,
        receiver: any Receiver
    ) throws(TransferError) {
        guard let handle = curl_easy_init() else { throw .library("libcurl: out of memory") }
        self.handle = handle
        self.ask = ask
        self.receiver = receiver
        self.started = started
        self.hops = hops
        claim = ask.range
        position = ask.range.lowerBound
        problemText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        configure(ifRange, limit, options)
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(fields)
        problemText.deallocate()
    }

    private func configure(_ ifRange: String?, _ limit: Int?, _ options: DownloadOptions) {
        set(CURLOPT_URL, ask.url)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_USERAGENT, "lavise-pipeline")
        if let caFile = options.caFile { set(CURLOPT_CAINFO, caFile) }
        if let proxy = options.proxy { set(CURLOPT_PROXY, proxy) }
        if ask.isPartial {
            let last = ask.range.upperBound == Int.max ? "" : String(ask.range.upperBound - 1)
            set(CURLOPT_RANGE, "\(ask.range.lowerBound)-\(last)")
            if let ifRange { fields = curl_slist_append(nil, "If-Range: \(ifRange)") }
            ccurl_set_pointer(handle, CURLOPT_HTTPHEADER, fields)
        }
        // Several ranges at once are worth it only over several connections, which HTTP/2 would merge into one.
        ccurl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        ccurl_set_long(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // libcurl reads up to a hundred buffers at a time: with a limit that must be a fraction of a second's worth.
        ccurl_set_long(handle, CURLOPT_BUFFERSIZE, max(1024, min(256 << 10, (limit ?? Int.max) / 400)))
        ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, Int(options.connectTimeout * 1000))
        let slowest = min(options.stallBytesPerSecond, (limit ?? Int.max) / 2)
        ccurl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, max(1, slowest))
        ccurl_set_long(handle, CURLOPT_LOW_SPEED_TIME, options.stallSeconds)
        ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, problemText)
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_pointer(handle, CURLOPT_PRIVATE, context)
        ccurl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        ccurl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        ccurl_set_receive(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            let request = Unmanaged<HTTPRequest>.fromOpaque(context!).takeUnretainedValue()
            return request.receive(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
        }
        ccurl_set_receive(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            let request = Unmanaged<HTTPRequest>.fromOpaque(context!).takeUnretainedValue()
            request.head.add(
                line: String(decoding: UnsafeRawBufferPointer(start: bytes, count: size * count), as: UTF8.self))
            return size * count
        }
    }

    private func set(_ option: CURLoption, _ text: String) {
        _ = text.withCString { ccurl_set_pointer(handle, option, $0) }
    }

    private func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        received += bytes.count
        guard !isCancelled, error == nil else { return false }
        do { return try receiver.receive(bytes, from: self) } catch {
            self.error = error
            return false
        }
    }

    /// Bytes a second for this request; 0: no limit.
    func limit(to bytesPerSecond: Int) {
        ccurl_set_offset(handle, CURLOPT_MAX_RECV_SPEED_LARGE, curl_off_t(bytesPerSecond))
    }

    /// libcurl's words for how the request ended.
    func words(for result: CURLcode) -> String {
        problemText.pointee == 0 ? String(cString: curl_easy_strerror(result)) : String(cString: problemText)
    }

    /// Seconds that the server wants to be left alone.
    var retryAfter: Double? { head.fields["retry-after"] == nil ? nil : Double(ccurl_retry_after(handle)) }

    /// Where a redirect leads, made absolute.
    var redirectURL: String? { ccurl_redirect_url(handle).map(String.init(cString:)) }
}
