/// How files are fetched. The defaults suit a good line and a patient user.
public struct DownloadOptions: Sendable {
    /// Folders or `http(s)`/`file` URLs that are asked before the manifest's URLs, for `<mirror>/<name>` and
    /// `<mirror>/<sha256>`.
    public var mirrors: [String] = []
    /// Never touch the network: only files already here, `file` URLs and mirror folders.
    public var offline = false
    /// Files fetched at a time.
    public var parallelFiles = 3
    /// Connections for one large file, where its server supports ranges.
    public var connectionsPerFile = 4
    /// Bytes a connection asks for at a time; a smaller file takes one connection.
    public var rangeBytes = 64 << 20
    /// Failures in a row, without progress in between, after which an origin is given up.
    public var retries = 6
    /// Seconds before the first retry; doubled at each further one up to `longestDelay`, with jitter.
    public var firstDelay = 0.5
    /// Seconds before a retry at most.
    public var longestDelay = 60.0
    /// The longest wait a server may ask for by `Retry-After`; beyond it the origin is given up.
    public var longestRetryAfter = 600.0
    /// Seconds to wait for a connection.
    public var connectTimeout = 30.0
    /// A connection that brings fewer than `stallBytesPerSecond` for so many seconds is cut and tried again.
    public var stallSeconds = 30
    /// Bytes a second below which a connection counts as stalled.
    public var stallBytesPerSecond = 1000
    /// Bytes a second over all connections; nil: as fast as it goes.
    public var bandwidthLimit: Int?
    /// A PEM file of the certificate authorities to trust; nil: the system's.
    public var caFile: String?
    /// A proxy URL; nil: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` of the environment; empty: none.
    public var proxy: String?

    /// The defaults, without a look at the environment.
    public init() {}

    /// The defaults with what the usual variables of `environment` say: `LAVISE_MIRRORS` (folders and URLs, separated
    /// by commas), `LAVISE_BANDWIDTH` (bytes a second, such as 500k or 20M) and `CURL_CA_BUNDLE` or `SSL_CERT_FILE`.
    /// - Throws: `ManifestError` for a bandwidth that is none.
    public init(environment: [String: String]) throws(ManifestError) {
        bandwidthLimit = try environment["LAVISE_BANDWIDTH"].flatMap(bytesASecond)
        mirrors = (environment["LAVISE_MIRRORS"] ?? "").split(separator: ",").map(String.init).map(trimmed).filter {
            !$0.isEmpty
        }
        caFile = [environment["CURL_CA_BUNDLE"], environment["SSL_CERT_FILE"]].compactMap(\.self).first { !$0.isEmpty }
    }
}

/// A number with an optional unit k, M or G (powers of 1,000); nil for the empty text.
private func bytesASecond(_ text: String) throws(ManifestError) -> Int? {
    let text = trimmed(text)
    guard let last = text.last else { return nil }
    let unit = ["k": 1000, "m": 1_000_000, "g": 1_000_000_000][last.lowercased()]
    guard let number = Double(unit == nil ? text : String(text.dropLast())), number.isFinite,
        case let bytes = number * Double(unit ?? 1), bytes >= 1, bytes < 1e15
    else { throw ManifestError("LAVISE_BANDWIDTH", "expected bytes a second, such as 500k or 20M, found \"\(text)\"") }
    return Int(bytes)
}

/// The text without spaces and tabs at its ends.
func trimmed(_ text: some StringProtocol) -> String {
    let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0.isNewline }
    var rest = text.drop(while: isSpace)
    while let last = rest.last, isSpace(last) { rest.removeLast() }
    return String(rest)
}
