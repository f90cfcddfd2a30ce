import Engine
import Fingerprints
import Transfer

/// A server of Bazel's HTTP cache (bazel-remote), or any that takes PUT (nginx with `dav_methods PUT`), or for reading
/// any at all: `<address>/ac/<fingerprint>`, `<address>/cas/<digest>`.
public struct HTTPStore: RemoteStore {
    /// How messages name it: the address without user and password.
    public let name: String
    private let base: String
    private let credentials: [(name: String, value: String)]
    private let client: WebClient

    init(_ address: String, name: String, credentials: [(name: String, value: String)], client: WebClient) {
        base = address.hasSuffix("/") ? String(address.dropLast()) : address
        self.name = name
        self.credentials = credentials
        self.client = client
    }

    private func request(_ method: WebRequest.Method, _ key: RemoteKey, _ fields: [(name: String, value: String)] = [])
        -> WebRequest
    {
        WebRequest(method: method, url: "\(base)/\(key)", fields: credentials + fields)
    }

    /// GET, from byte `start` by a range.
    /// - Throws: as `RemoteStore.get`.
    public func get(_ key: RemoteKey, from start: Int, receive: (Int, UnsafeRawBufferPointer) throws -> Void) throws
        -> Bool
    {
        try client.get(
            request(.get, key, start > 0 ? [("range", "bytes=\(start)-")] : []), from: start, receive: receive)
    }

    /// HEAD.
    /// - Throws: as `RemoteStore.has`.
    public func has(_ key: RemoteKey) throws -> Bool { try client.ask(request(.head, key), good: [404]).status != 404 }

    /// PUT with `If-None-Match: *`, by which a server keeps what it has.
    /// - Throws: as `RemoteStore.putNew`.
    public func putNew(_ bytes: [UInt8], _ key: RemoteKey) throws -> Bool {
        var request = request(.put, key, [("if-none-match", "*"), ("content-type", "application/octet-stream")])
        request.body = .bytes(bytes)
        return try client.ask(request, good: [412]).status != 412
    }

    /// PUT, streamed from the file.
    /// - Throws: as `RemoteStore.put`.
    public func put(file path: String, bytes: Int, _ key: RemoteKey, sent: (Int) throws -> Void) throws {
        var request = request(.put, key, [("content-type", "application/octet-stream")])
        request.body = .file(path, bytes: bytes)
        _ = try client.ask(request, sent: sent)
    }
}
