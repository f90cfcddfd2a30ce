/// Why a request gave nothing usable, and what that says about its origin.
enum Problem: Equatable {
    /// May pass: try again after a while, or when the server says (seconds).
    case transient(String, retryAfter: Double? = nil)
    /// The server turns away further requests at the moment.
    case busy(String, retryAfter: Double?)
    /// The file is not the one it was when its first part was fetched.
    case changed
    /// Will not pass: try the next origin.
    case useless(String)
}

/// What a request was for.
struct Ask: Equatable {
    let url: String
    /// The bytes wanted; `Int.max` as end: to the end of the file.
    let range: Range<Int>
    /// Whether a `Range` field was sent.
    let isPartial: Bool
}

/// What to do with the body of a response.
enum ResponseVerdict: Equatable {
    /// The bytes from the start of the asked range on.
    case range(total: Int?)
    /// The whole file from its first byte on; `isSame`: known to be in the state of the bytes already here.
    case whole(total: Int?, isSame: Bool)
    /// There is nothing behind the bytes already here.
    case complete
    case redirect
    case refuse(Problem)

    /// - Parameters:
    ///   - file: what is expected.
    ///   - known: what the bytes already here come from, if from this same URL; nil when there is nothing to compare.
    ///   - total: the size according to the bytes already here.
    init(_ head: ResponseHead, to ask: Ask, retryAfter: Double?, file: ManifestFile, known: Validator?, total: Int?) {
        let wait = retryAfter.flatMap { $0 > 0 ? $0 : nil }
        switch head.status {
        case 206: self = ResponseVerdict.judgePart(head, ask, file, known, total)
        case 200: self = ResponseVerdict.judgeWhole(head, ask, file, known)
        case 416:
            guard let total = head.contentRange?.total else { self = .refuse(.useless("HTTP 416")); return }
            if let problem = ResponseVerdict.sizeProblem(total, file) {
                self = .refuse(problem)
            } else {
                self = ask.isPartial && total == ask.range.lowerBound ? .complete : .refuse(.changed)
            }
        case 301, 302, 303, 307, 308: self = .redirect
        case 429, 503: self = .refuse(.busy("HTTP \(head.status)", retryAfter: wait))
        case 408, 425, 500, 502, 504: self = .refuse(.transient("HTTP \(head.status)", retryAfter: wait))
        default: self = .refuse(.useless("HTTP \(head.status)"))
        }
    }

    private static func judgePart(
        _ head: ResponseHead, _ ask: Ask, _ file: ManifestFile, _ known: Validator?, _ total: Int?
    ) -> ResponseVerdict {
        guard ask.isPartial, let content = head.contentRange, let range = content.range else {
            return .refuse(.useless("HTTP 206 without a usable Content-Range"))
        }
        guard range.lowerBound == ask.range.lowerBound, range.upperBound <= ask.range.upperBound else {
            return .refuse(
                .useless(
                    "asked for bytes from \(ask.range.lowerBound), got \(range.lowerBound) to \(range.upperBound - 1)"))
        }
        if let offered = content.total, let problem = sizeProblem(offered, file) { return .refuse(problem) }
        if let known, known.agrees(with: head.validator) == false { return .refuse(.changed) }
        if let offered = content.total, let total, offered != total { return .refuse(.changed) }
        return .range(total: content.total)
    }

    private static func judgeWhole(_ head: ResponseHead, _ ask: Ask, _ file: ManifestFile, _ known: Validator?)
        -> ResponseVerdict
    {
        let isHTML = head.isHTML && !file.name.hasSuffix(".html") && !file.name.hasSuffix(".htm")
        if let length = head.contentLength, let problem = sizeProblem(length, file) {
            return .refuse(isHTML ? .useless("a web page of \(length) bytes came instead of the file") : problem)
        }
        // A page of unknown length must neither become the file nor displace a part of it.
        if isHTML, head.contentLength == nil || file.checksum == nil {
            return .refuse(.useless("a web page came instead of the file"))
        }
        return .whole(total: head.contentLength ?? file.bytes, isSame: known?.agrees(with: head.validator) ?? false)
    }

    private static func sizeProblem(_ offered: Int, _ file: ManifestFile) -> Problem? {
        guard let expected = file.bytes, offered != expected else { return nil }
        return .useless("size expected \(expected), the server has \(offered)")
    }
}
