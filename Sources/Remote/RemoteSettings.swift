import Engine
import Fingerprints
import Transfer

/// A remote store that cannot be used as it was named (exit code 2).
public struct RemoteError: Error, CustomStringConvertible, Sendable, Equatable {
    /// What was found, what was expected, and what to do.
    public let description: String

    /// - Parameter description: all that the user is told.
    public init(_ description: String) { self.description = description }
}

/// Where a remote store is and how it is used: `remote` of a project's `lavise.json`.
public struct RemoteSettings: Sendable, Equatable {
    /// `http(s)://host/path`, `s3://bucket/prefix`, or `file:///folder`; nil: none is used unless the command line
    /// names one.
    public var url: String?
    /// Of S3: `http(s)://host[:port]`; nil: Amazon's in the region.
    public var endpoint: String?
    /// Of S3.
    public var region: String?
    /// Whether a run gives the store what it made.
    public var write = false
    /// Whose traces are used, by the names they have here.
    public var trust: [String: PublicKey] = [:]
    /// Transfers at a time.
    public var connections = 4
    /// Seconds without an answer that count as none.
    public var timeout = 10

    /// The keys of a `remote` object.
    public static let keys = ["url", "endpoint", "region", "write", "trust", "connections", "timeout"]

    /// No remote store.
    public init() {}

    /// - Parameter fields: an object of no other keys than `keys`.
    /// - Throws: `TextError` for an address, endpoint, number or key that is not as described here.
    public init(_ fields: Fields) throws(TextError) {
        url = try fields.string("url")
        if let url, let problem = Self.problem(of: url) { throw fields.error("url", problem) }
        endpoint = try fields.string("endpoint")
        if let endpoint, !Self.isEndpoint(endpoint) { throw fields.error("endpoint", "http(s)://host[:port]") }
        region = try fields.string("region")
        write = try fields.bool("write") ?? false
        connections = try fields.int("connections", in: 1...64) ?? 4
        timeout = try fields.int("timeout", in: 1...3600) ?? 10
        guard let node = fields.node("trust") else { return }
        guard case .object(let members) = node.content else {
            throw fields.error("trust", "an object: a name and a key \"ed25519:…\" each")
        }
        for member in members where !member.key.hasPrefix("$") {
            guard case .string(let text) = member.value.content, let key = PublicKey(text) else {
                throw TextError(
                    member.value.place,
                    "\"remote.trust.\(member.key)\" must be a key \"ed25519:…\", as `lavise-pipeline key show` prints it"
                )
            }
            trust[member.key] = key
        }
    }

    /// What is wrong with the address of a store; nil when nothing is.
    static func problem(of url: String) -> String? {
        let expected = "http(s)://host/path, s3://bucket/prefix, or file:///folder"
        if url.hasPrefix("file://") { return url.hasPrefix("file:///") ? nil : expected }
        if url.hasPrefix("s3://") {
            let bucket = url.dropFirst(5).prefix { $0 != "/" }
            return bucket.isEmpty || url.contains("@") ? expected : nil
        }
        guard let address = WebAddress(url), address.scheme != .file, !url.contains("?"), !url.contains("#") else {
            return expected
        }
        return address.shown.count < url.count && url.contains("@")
            ? "without a name and password: they belong into the environment (LAVISE_REMOTE_USER, LAVISE_REMOTE_PASSWORD)"
            : nil
    }

    private static func isEndpoint(_ text: String) -> Bool {
        guard let address = WebAddress(text), address.scheme != .file, !text.contains("@") else { return false }
        return address.path == "/" && !text.hasSuffix("/") && !text.contains("?")
    }

    /// The store as these settings and the environment say.
    /// - Parameter environment: credentials are from here alone, and from AWS's file.
    /// - Returns: nil where none is named; with it, for `doctor`, as whom it is used.
    /// - Throws: `RemoteError`.
    public func store(environment: [String: String], downloads: DownloadOptions) throws(RemoteError) -> (
        store: any RemoteStore, identity: String
    )? {
        guard let url else { return nil }
        if let problem = Self.problem(of: url) {
            throw RemoteError("the remote store \(WebAddress(url)?.shown ?? url): expected \(problem)")
        }
        if url.hasPrefix("file://") { return (FolderStore(String(url.dropFirst(7))), "a folder") }
        var options = WebClient.Options()
        options.timeout = timeout
        options.caFile = downloads.caFile
        options.proxy = downloads.proxy
        let client = WebClient(options)
        if url.hasPrefix("s3://") { return s3(url, environment, client) }
        let credentials = try Self.webCredentials(environment, for: url)
        let name = WebAddress(url)?.shown ?? url
        return (HTTPStore(url, name: name, credentials: credentials.fields, client: client), credentials.identity)
    }

    private func s3(_ url: String, _ environment: [String: String], _ client: WebClient) -> (
        store: any RemoteStore, identity: String
    ) {
        let rest = url.dropFirst(5), bucket = String(rest.prefix { $0 != "/" })
        let prefix = rest.dropFirst(bucket.count).split(separator: "/").map { $0 + "/" }.joined()
        let region = region ?? environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"] ?? "us-east-1"
        let endpoint =
            endpoint ?? environment["AWS_ENDPOINT_URL_S3"] ?? environment["AWS_ENDPOINT_URL"]
            ?? "https://s3.\(region).amazonaws.com"
        let credentials = AWSCredentials(environment: environment)
        let store = S3Store(
            endpoint: endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint, bucket: bucket, prefix: prefix,
            region: region, credentials: credentials,
            name: url, client: client)
        return (store, credentials?.source ?? "nobody: AWS_ACCESS_KEY_ID is not set, and there is no credentials file")
    }

    private static func webCredentials(_ environment: [String: String], for url: String) throws(RemoteError) -> (
        fields: [(name: String, value: String)], identity: String
    ) {
        let field: (name: String, value: String), identity: String
        if let token = environment["LAVISE_REMOTE_TOKEN"] {
            (field, identity) = (("authorization", "Bearer \(token)"), "the owner of LAVISE_REMOTE_TOKEN")
        } else if let user = environment["LAVISE_REMOTE_USER"], let password = environment["LAVISE_REMOTE_PASSWORD"] {
            (field, identity) = (("authorization", "Basic " + base64(Array("\(user):\(password)".utf8))), user)
        } else {
            return ([], "nobody")
        }
        guard !field.value.utf8.contains(where: { $0 < 32 || $0 == 127 }) else {
            throw RemoteError("a LAVISE_REMOTE_ variable holds a line end or another control character")
        }
        let host = url.split(separator: "/").dropFirst().first ?? ""
        let isHere = ["127.0.0.1", "localhost", "[::1]"].contains { host == $0 || host.hasPrefix("\($0):") }
        guard url.hasPrefix("https:") || isHere else {
            throw RemoteError(
                "\(url): a password would go over the network for all to read; name the store with https://, or unset LAVISE_REMOTE_TOKEN and LAVISE_REMOTE_PASSWORD"
            )
        }
        return ([field], identity)
    }
}
