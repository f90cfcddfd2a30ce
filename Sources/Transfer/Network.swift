import CCurl

/// All requests under way: one owner of libcurl's multi handle, which keeps connections open between requests.
final class Network {
    private let multi: UnsafeMutableRawPointer
    private var active: [HTTPRequest] = []
    private let bandwidthLimit: Int?

    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init(bandwidthLimit: Int?) throws(TransferError) {
        guard Network.isReady, let multi = curl_multi_init() else { throw .library("libcurl would not start") }
        self.multi = multi
        self.bandwidthLimit = bandwidthLimit
    }

    deinit {
        for request in active { curl_multi_remove_handle(multi, request.handle) }
        curl_multi_cleanup(multi)
    }

    func start(_ request: HTTPRequest) {
        active.append(request)
        curl_multi_add_handle(multi, request.handle)
        shareBandwidth()
    }

    private func shareBandwidth() {
        guard let bandwidthLimit, !active.isEmpty else { return }
        for request in active { request.limit(to: max(1, bandwidthLimit / active.count)) }
    }

    /// Moves every request on as far as it goes without waiting. Cancelled ones are dropped.
    /// - Returns: those that ended, in the order in which they ended.
    func step() -> [(request: HTTPRequest, result: CURLcode)] {
        for request in active where request.isCancelled { remove(request) }
        var running: Int32 = 0
        curl_multi_perform(multi, &running)
        var ended: [(HTTPRequest, CURLcode)] = []
        var result = CURLE_OK
        while let handle = ccurl_next_finished(multi, &result) {
            if let request = active.first(where: { $0.handle == handle }) { ended.append((request, result)) }
        }
        for (request, _) in ended { remove(request) }
        return ended
    }

    private func remove(_ request: HTTPRequest) {
        curl_multi_remove_handle(multi, request.handle)
        active.removeAll { $0 === request }
        shareBandwidth()
    }

    /// Sleeps until something can be moved on, at most so long.
    func wait(seconds: Double) {
        curl_multi_poll(multi, nil, 0, Int32(max(0, min(seconds, 10)) * 1000), nil)
    }
}
