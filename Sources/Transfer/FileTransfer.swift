import CCurl
import Fingerprints

/// Brings one file of a manifest into the download folder: asks its origins one after the other, keeps what has come,
/// tries again, and gives the file its name once size and hash are right.
final class FileTransfer: HTTPRequest.Receiver {
    enum State {
        case running
        case finished(FetchedFile)
        case failed([OriginFailure])
    }

    let file: ManifestFile
    private(set) var state = State.running
    private(set) var part: PartFile?

    private let target: String
    private let options: DownloadOptions
    private let network: Network
    private let note: (String) -> Void
    private var origins: ArraySlice<Origin>
    private var failures: [OriginFailure] = []
    private var hash: PrefixHash
    private var requests: [HTTPRequest] = []
    private var copy: LocalCopy?
    private var attempt = Attempt()
    private var generator = SystemRandomNumberGenerator()

    /// What is known about the present origin.
    private struct Attempt {
        /// It has answered a request for a range with that range.
        var givesRanges = false
        /// Connections it bears, as far as known.
        var connections = Int.max
        /// Failures in a row without progress.
        var failures = 0
        var lastFailure = -Double.infinity
        /// Most bytes that were present since this origin is asked.
        var bestPresent = 0
        var notBefore = -Double.infinity
        var restarts = 0
        /// The file has been fetched anew after a wrong hash that may have come from mixing.
        var isClean = false
    }

    /// Bytes hashed or copied in one go; in between the network gets its turn.
    private static let stepBytes = 8 << 20
    /// Less than this between two failures is no progress.
    private static let progressBytes = 64 << 10
    private static let mostRestarts = 3
    private static let mostHops = 10

    init(
        _ file: ManifestFile, target: String, origins: [Origin], options: DownloadOptions, network: Network,
        note: @escaping (String) -> Void
    ) throws {
        self.file = file
        self.target = target
        self.options = options
        self.network = network
        self.note = note
        self.origins = origins[...]
        hash = try PrefixHash(for: file.checksum)
        part = try PartFile.resume(target)
        if let part, let expected = file.bytes, let total = part.header.total, total != expected { try discardPart() }
    }

    /// When it has something to do again, as far as it does not depend on the network.
    func wakeTime(now: Double) -> Double {
        guard case .running = state else { return .infinity }
        if let part, hash.position < part.contiguous || part.isComplete && (requests.isEmpty || file.checksum != nil) {
            return now
        }
        if case .local = origins.first { return now }
        return requests.isEmpty ? attempt.notBefore : .infinity
    }

    /// Does what can be done without waiting.
    func advance(now: Double) throws {
        guard case .running = state else { return }
        let isHashed = try part.map { try hash.follow($0, budget: FileTransfer.stepBytes) } ?? true
        if let part, part.isComplete {
            // Without a hash only the end of the body shows that the file is not longer than said.
            if file.checksum != nil { cancelRequests() }
            if requests.isEmpty, isHashed { try conclude(part, now) }
            return
        }
        guard now >= attempt.notBefore else { return }
        switch origins.first {
        case .local(let path): try copyStep(from: path, now)
        case .remote(let url): try ask(url, now)
        case nil: state = .failed(failures)
        }
    }

    func owns(_ request: HTTPRequest) -> Bool { requests.contains { $0 === request } }

    /// Ends it before its time; what has come so far stays.
    func leave() {
        cancelRequests()
        // Without the last lines of the journal a later call fetches a little more again.
        try? part?.flush()
    }

    // MARK: Requests

    private func ask(_ url: String, _ now: Double) throws {
        try adoptPart(for: .remote(url: url))
        let most = part != nil && attempt.givesRanges ? min(options.connectionsPerFile, attempt.connections) : 1
        while requests.count < most, let claim = nextClaim() { try start(url, claim, hops: 0, now) }
    }

    /// What the present origin said of the file when the bytes that are here came from it.
    private var known: Validator? {
        guard let part, part.bytesPresent > 0, part.header.url == origins.first?.shown else { return nil }
        return part.header.validator
    }

    private func nextClaim() -> Range<Int>? {
        if let part { return part.nextClaim(busy: requests.map(\.claim), isOpenEnded: options.connectionsPerFile <= 1) }
        guard requests.isEmpty else { return nil }
        let isLarge = options.connectionsPerFile > 1 && file.bytes ?? 0 > options.rangeBytes
        return 0..<(isLarge ? options.rangeBytes : Int.max)
    }

    private func start(_ url: String, _ claim: Range<Int>, hops: Int, _ now: Double) throws {
        let total = part?.header.total ?? file.bytes
        let range = claim.lowerBound..<(claim.upperBound == total ? Int.max : claim.upperBound)
        let isPartial = range != 0..<Int.max
        let request = try HTTPRequest(
            Ask(url: url, range: range, isPartial: isPartial), ifRange: known?.ifRange, hops: hops, started: now,
            limit: options.bandwidthLimit, options: options, receiver: self)
        request.claim = claim
        requests.append(request)
        network.start(request)
    }

    private func cancelRequests(except kept: HTTPRequest? = nil) {
        for request in requests where request !== kept { request.isCancelled = true }
        requests.removeAll { $0 !== kept }
    }

    func receive(_ bytes: UnsafeRawBufferPointer, from request: HTTPRequest) throws -> Bool {
        if request.verdict == nil { try judge(request) }
        guard let part, let verdict = request.verdict, verdict.brings else {
            // Short bodies of errors and redirects are read to their end, so that the connection stays usable.
            request.discarded += bytes.count
            return request.discarded < 64 << 10
        }
        let count = min(bytes.count, request.claim.upperBound - request.position)
        let written = try part.write(UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: request.position)
        if !written.isEmpty {
            let first = written.lowerBound - request.position
            hash.take(UnsafeRawBufferPointer(rebasing: bytes[first..<first + written.count]), at: written.lowerBound)
        }
        request.position += count
        request.isTooLong = count < bytes.count
        return !request.isTooLong
    }

    /// Looks at the head of the response and makes the part ready for the body.
    private func judge(_ request: HTTPRequest) throws {
        let verdict = ResponseVerdict(
            request.head, to: request.ask, retryAfter: request.retryAfter, file: file, known: known,
            total: part?.header.total)
        request.verdict = verdict
        guard let origin = origins.first else { return }
        switch verdict {
        case .range(let total):
            attempt.givesRanges = true
            try preparePart(origin, request.head.validator, total: total ?? file.bytes)
            let end = part?.header.total ?? Int.max
            request.claim = request.claim.lowerBound..<min(request.claim.upperBound, end)
        case .whole(let total, let isSame):
            attempt.givesRanges = false
            cancelRequests(except: request)
            if let part, part.bytesPresent > 0, !isSame {
                attempt.restarts += 1
                try restart(part, origin, request.head.validator, total: total)
            } else {
                try preparePart(origin, request.head.validator, total: total)
            }
            request.position = 0
            request.claim = 0..<(part?.header.total ?? Int.max)
        case .complete, .redirect, .refuse: break
        }
    }

    /// Deals with a request that has ended.
    func ended(_ request: HTTPRequest, _ result: CURLcode, now: Double) throws {
        requests.removeAll { $0 === request }
        guard !request.isCancelled, case .running = state else { return }
        try part?.flush()
        if let error = request.error { throw error }
        if request.verdict == nil, request.head.isComplete { try judge(request) }
        switch request.verdict {
        case nil: try handle(problem(result, request), request, now)
        case .refuse(let problem): try handle(problem, request, now)
        case .redirect: try redirect(request, now)
        case .complete: try part.map { try learnTotal($0, request.position) }
        case .range, .whole: try endedBody(request, result, now)
        }
    }

    private func endedBody(_ request: HTTPRequest, _ result: CURLcode, _ now: Double) throws {
        guard let part else { return }
        if request.position >= request.claim.upperBound {
            guard request.isTooLong, file.checksum == nil, request.position == part.header.total else { return }
            try setAside(part)
            return try giveUp("the body is longer than the \(request.position) bytes announced")
        }
        guard result == CURLE_OK else { return try handle(problem(result, request), request, now) }
        guard let total = part.header.total else { return try learnTotal(part, request.position) }
        if case .whole = request.verdict, request.head.isChunked, part.bytesPresent == request.position {
            try setAside(part)
            return try giveUp("size expected \(total), got \(request.position)")
        }
        // A server may give less than asked for at a time.
        let come = request.position - request.ask.range.lowerBound
        if come >= FileTransfer.progressBytes, request.ask.isPartial, attempt.givesRanges { return }
        try handle(.transient("the body ended after \(request.position) of \(total) bytes"), request, now)
    }

    private func redirect(_ request: HTTPRequest, _ now: Double) throws {
        guard let url = request.redirectURL, let to = WebAddress(url), to.scheme != .file else {
            return try giveUp("a redirect to nowhere")
        }
        if WebAddress(request.ask.url)?.scheme == .https, to.scheme == .http {
            return try giveUp("a redirect from https to \(to.shown), which is not followed")
        }
        guard request.hops < FileTransfer.mostHops else {
            return try giveUp("more than \(FileTransfer.mostHops) redirects")
        }
        try start(url, request.claim, hops: request.hops + 1, now)
    }

    private func problem(_ result: CURLcode, _ request: HTTPRequest) -> Problem {
        let words = request.words(for: result)
        switch result {
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL,
            CURLE_SSL_ISSUER_ERROR:
            return .useless(words)
        default: return .transient(words)
        }
    }

    // MARK: Failures

    private func handle(_ problem: Problem, _ request: HTTPRequest, _ now: Double) throws {
        switch problem {
        case .useless(let words): try giveUp(words)
        case .changed:
            attempt.restarts += 1
            cancelRequests()
            if let part, let origin = origins.first { try restart(part, origin, .none, total: file.bytes) }
            if attempt.restarts > FileTransfer.mostRestarts {
                return try giveUp("the file changes while it is fetched")
            }
            note("\(file.name): the file at \(origins.first?.shown ?? "") has changed, it is fetched anew")
        case .busy(let words, let wait):
            // The server bears no more connections: go on with those that run.
            if !requests.isEmpty { attempt.connections = requests.count } else { try pause(words, wait, request, now) }
        case .transient(let words, let wait): try pause(words, wait, request, now)
        }
    }

    private func pause(_ words: String, _ wait: Double?, _ request: HTTPRequest, _ now: Double) throws {
        // Connections that break together are one failure.
        guard request.started >= attempt.lastFailure else { return }
        let present = part?.bytesPresent ?? 0
        if present >= attempt.bestPresent + FileTransfer.progressBytes { attempt.failures = 0 }
        attempt.bestPresent = max(attempt.bestPresent, present)
        attempt.failures += 1
        attempt.lastFailure = now
        guard attempt.failures <= options.retries, attempt.restarts <= options.retries else { return try giveUp(words) }
        if let wait, wait > options.longestRetryAfter { return try giveUp("\(words), asks to wait \(Int(wait)) s") }
        let delay = max(wait ?? 0, retryDelay(after: attempt.failures, options: options, using: &generator))
        attempt.notBefore = now + delay
        note("\(file.name): \(words) from \(origins.first?.shown ?? ""); next try in \((delay * 10).rounded() / 10) s")
    }

    /// Goes over to the next origin; what has come so far stays.
    private func giveUp(_ problem: String) throws {
        cancelRequests()
        copy = nil
        guard let origin = origins.popFirst() else { return }
        failures.append(OriginFailure(origin: origin.shown, problem: problem))
        note("\(file.name): \(origin.shown): \(problem)")
        attempt = Attempt()
        if origins.isEmpty { state = .failed(failures) }
    }

    // MARK: The part

    /// Drops the part when bytes of another origin could not be told from wrong ones at the end.
    private func adoptPart(for origin: Origin) throws {
        guard let part, part.header.url != origin.shown else { return }
        if file.checksum == nil || part.header.total == nil || part.header.total != file.bytes { try discardPart() }
    }

    private func preparePart(_ origin: Origin, _ validator: Validator, total: Int?) throws {
        guard let part else {
            part = try PartFile.create(target, header: header(origin, validator, total))
            return
        }
        guard part.bytesPresent > 0 else {
            let fresh = header(origin, validator, total)
            if part.header != fresh { try part.restart(fresh) }
            return
        }
        var header = part.header
        let isSame = header.validator.agrees(with: validator) == true
        if header.url != origin.shown || !isSame { header.isMixed = true }
        header.url = origin.shown
        if !isSame { header.validator = validator }
        header.total = header.total ?? total
        try part.update(header)
    }

    private func header(_ origin: Origin, _ validator: Validator, _ total: Int?) -> PartFile.Header {
        PartFile.Header(
            url: origin.shown, validator: validator, total: total,
            pieceBytes: total == nil ? Int.max : max(1, options.rangeBytes))
    }

    private func restart(_ part: PartFile, _ origin: Origin, _ validator: Validator, total: Int?) throws {
        try part.restart(header(origin, validator, total))
        try hash.restart()
    }

    private func learnTotal(_ part: PartFile, _ total: Int) throws {
        var header = part.header
        header.total = total
        try part.update(header)
    }

    private func discardPart() throws {
        try part?.remove()
        part = nil
        try hash.restart()
    }

    private func setAside(_ part: PartFile) throws {
        try part.setAside(as: quarantinePath(target))
        self.part = nil
        try hash.restart()
    }

    /// All bytes are here and hashed: keep the file or set it aside.
    private func conclude(_ part: PartFile, _ now: Double) throws {
        guard let origin = origins.first else { return }
        let found = hash.finish()
        if let problem = try file.checksum.map({ $0.mismatch(found) })
            ?? implausibility(of: part.path, named: file.name)
        {
            let mayBeMixed = part.wasResumed || part.header.isMixed || attempt.restarts > 0
            let words = "\(problem); kept as \(quarantinePath(target))"
            try setAside(part)
            guard mayBeMixed, !attempt.isClean else { return try giveUp(words) }
            attempt.isClean = true
            return note("\(file.name): \(words); fetched anew, as its bytes may have come from two states of the file")
        }
        try part.publish(as: target)
        self.part = nil
        state = .finished(
            FetchedFile(
                name: file.name, path: target, bytes: hash.position, sha256: found.sha256, origin: origin.shown))
    }

    // MARK: Local origins

    private func copyStep(from path: String, _ now: Double) throws {
        let origin = Origin.local(path: path)
        try adoptPart(for: origin)
        do {
            let source = try copy ?? LocalCopy(path)
            copy = source
            if let expected = file.bytes, expected != source.size {
                return try giveUp("size expected \(expected), got \(source.size)")
            }
            if let part, part.bytesPresent > 0, part.header.url == origin.shown,
                part.header.validator != source.validator
            {
                try restart(part, origin, source.validator, total: source.size)
            }
            try preparePart(origin, source.validator, total: source.size)
            guard let part, let claim = part.nextClaim(busy: [], isOpenEnded: true) else { return }
            let block = try source.read(
                claim.lowerBound..<min(claim.upperBound, claim.lowerBound + FileTransfer.stepBytes))
            guard !block.isEmpty else { return try giveUp("the file has shrunk while it was read") }
            let written = try part.write(block, at: claim.lowerBound)
            hash.take(UnsafeRawBufferPointer(rebasing: block[..<written.count]), at: written.lowerBound)
        } catch let error as LocalCopy.Unreadable {
            try giveUp(error.words)
        }
    }
}

extension ResponseVerdict {
    /// Whether the body belongs into the file.
    fileprivate var brings: Bool {
        switch self {
        case .range, .whole: true
        case .complete, .redirect, .refuse: false
        }
    }
}

/// Where a file is set aside that turned out to be wrong.
func quarantinePath(_ target: String) -> String { target + ".quarantine" }
