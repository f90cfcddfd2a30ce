/// How files are fetched. The defaults suit a good line and a patient user.
public struct DownloadOptions: Sendable {
    /// Folders or `http(s)`/`file` URLs that are asked before the manifest's URLs, for `<mirror>/<name>` and `<mirror>/<sha256>`.
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
    public var longestDelay = 60.0
    /// The longest wait a server may ask for by `Retry-After`; beyond it the origin is given up.
    public var longestRetryAfter = 600.0
    /// Seconds to wait for a connection.
    public var connectTimeout = 30.0
    /// A connection that brings fewer than `stallBytesPerSecond` for so many seconds is cut and tried again.
    public var stallSeconds = 30
    public var stallBytesPerSecond = 1000
    /// Bytes a second over all connections; nil: as fast as it goes.
    public var bandwidthLimit: Int?
    /// A PEM file of the certificate authorities to trust; nil: the system's.
    public var caFile: String?
    /// A proxy URL; nil: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` of the environment; empty: none.
    public var proxy: String?

    public init() {}

    /// The defaults with what the usual variables of `environment` say: `LAVISE_MIRRORS` (folders and URLs, separated by
    /// commas) and `CURL_CA_BUNDLE` or `SSL_CERT_FILE`.
    public init(environment: [String: String]) {
        mirrors = (environment["LAVISE_MIRRORS"] ?? "").split(separator: ",").map(String.init).map(trimmed).filter { !$0.isEmpty }
        caFile = [environment["CURL_CA_BUNDLE"], environment["SSL_CERT_FILE"]].compactMap(\.self).first { !$0.isEmpty }
    }
}

/// The text without spaces and tabs at its ends.
func trimmed(_ text: some StringProtocol) -> String {
    let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0.isNewline }
    var rest = text.drop(while: isSpace)
    while let last = rest.last, isSpace(last) { rest.removeLast() }
    return String(rest)
}
