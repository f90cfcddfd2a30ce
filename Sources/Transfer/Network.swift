import CCurl
import Glibc

/// All requests under way: one owner of libcurl's multi handle, which keeps connections open between requests.
package final class Network {
    private let multi: UnsafeMutableRawPointer
    private var active: [HTTPRequest] = []
    private let bandwidthLimit: Int?
    /// When what has come so far is paid for, with a bandwidth limit.
    private var paidUntil = -Double.infinity

    package static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

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

    /// libcurl keeps the limit within one request; `paidUntil` keeps it over many short ones.
    private func shareBandwidth() {
        guard let bandwidthLimit, !active.isEmpty else { return }
        for request in active { request.limit(to: max(1, bandwidthLimit / active.count)) }
    }

    /// Moves every request on as far as it goes without waiting. Cancelled ones are dropped.
    /// - Returns: those that ended, in the order in which they ended.
    func step() -> [(request: HTTPRequest, result: CURLcode)] {
        for request in active where request.isCancelled { remove(request) }
        guard monotonicSeconds() >= paidUntil else { return [] }
        let before = active.reduce(0) { $0 + $1.received }
        var running: Int32 = 0
        curl_multi_perform(multi, &running)
        if let bandwidthLimit {
            let come = active.reduce(0) { $0 + $1.received } - before
            paidUntil = max(paidUntil, monotonicSeconds()) + Double(come) / Double(max(1, bandwidthLimit))
        }
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
        let debt = paidUntil - monotonicSeconds()
        if debt > 0 {
            usleep(UInt32(max(0, min(seconds, debt, 10)) * 1e6))
            return
        }
        curl_multi_poll(multi, nil, 0, Int32(max(0, min(seconds, 10)) * 1000), nil)
    }
}
