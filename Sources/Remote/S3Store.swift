import CCrypto
import Engine
import Files
import Fingerprints
import Glibc
import Transfer

/// A bucket of S3 or of what speaks its language (radosgw, MinIO, `rclone serve s3`), with the same names as over HTTP.
/// Files larger than a part go over in parts; an upload that broke off goes on with the parts that are missing.
public struct S3Store: RemoteStore {
    /// How messages name it: `s3://bucket/prefix`.
    public let name: String
    private let endpoint: String, host: String
    /// The path of all objects, percent-encoded: bucket and prefix.
    private let bucket: String, prefix: String
    private let credentials: AWSCredentials?
    private let region: String
    private let client: WebClient
    private let partBytes: Int

    /// Of S3: no more parts than this to an object.
    private static let mostParts = 10_000

    /// - Parameters:
    ///   - endpoint: `http(s)://host[:port]`, without a path.
    ///   - prefix: of all names in the bucket; empty, or ending in a slash.
    package init(
        endpoint: String, bucket: String, prefix: String, region: String, credentials: AWSCredentials?, name: String,
        client: WebClient, partBytes: Int = 16 << 20
    ) {
        self.endpoint = endpoint
        let address = endpoint.drop { $0 != ":" }.dropFirst(3)
        let standardPort = endpoint.hasPrefix("https:") ? ":443" : ":80"
        // As libcurl says it: without the port that everyone expects.
        host = String(address.hasSuffix(standardPort) ? address.dropLast(standardPort.count) : address)
        self.bucket = "/" + percentEncoded(bucket)
        self.prefix = prefix
        self.region = region
        self.credentials = credentials
        self.name = name
        self.client = client
        self.partBytes = partBytes
    }

    private func path(_ key: RemoteKey) -> String { "\(bucket)/\(percentEncoded(prefix + key.description))" }

    private func request(
        _ method: WebRequest.Method, _ path: String, _ query: [(name: String, value: String)] = [],
        _ fields: [(name: String, value: String)] = [],
        body: WebRequest.Body = .none, digest: Digest? = nil
    ) -> WebRequest {
        let text = query.isEmpty ? "" : "?" + Signature4.text(query)
        let request = WebRequest(method: method, url: endpoint + path + text, fields: fields, body: body)
        guard let credentials else { return request }
        return Signature4(credentials: credentials, region: region)
            .signed(request, host: host, path: path, query: query, body: digest ?? Digest(hashing: ""), now: time(nil))
    }

    /// GetObject, from byte `start` by a range.
    /// - Throws: as `RemoteStore.get`.
    public func get(_ key: RemoteKey, from start: Int, receive: (Int, UnsafeRawBufferPointer) throws -> Void) throws
        -> Bool
    {
        let fields = start > 0 ? [(name: "range", value: "bytes=\(start)-")] : []
        return try client.get(request(.get, path(key), [], fields), from: start, receive: receive)
    }

    /// HeadObject.
    /// - Throws: as `RemoteStore.has`.
    public func has(_ key: RemoteKey) throws -> Bool {
        try client.ask(request(.head, path(key)), good: [404]).status != 404
    }

    /// PutObject with `If-None-Match: *`, by which the bucket keeps what it has.
    /// - Throws: as `RemoteStore.putNew`.
    public func putNew(_ bytes: [UInt8], _ key: RemoteKey) throws -> Bool {
        let request = request(
            .put, path(key), [], [("if-none-match", "*")], body: .bytes(bytes), digest: Digest(hashing: bytes))
        return try client.ask(request, good: [412]).status != 412
    }

    /// PutObject, or a multipart upload for a file larger than a part; one that broke off goes on.
    /// - Throws: as `RemoteStore.put`.
    public func put(file path: String, bytes: Int, _ key: RemoteKey, sent: (Int) throws -> Void) throws {
        guard bytes > partBytes else {
            _ = try client.ask(
                request(.put, self.path(key), body: .file(path, bytes: bytes), digest: key.digest), sent: sent)
            return
        }
        let size = Self.partBytes(of: bytes, atLeast: partBytes)
        let file = try asFileSystemError { try PlainFile(path) }
        func part(_ number: Int) throws -> [UInt8] {
            try asFileSystemError { try file.bytes(at: (number - 1) * size, upTo: size) }
        }
        // The tag of a part is its MD5, unless the server encrypts: then all of it goes over again.
        let (upload, known) = try openUpload(key) { try $1 == "\"\(md5(part($0)))\"" }
        var tags: [String] = []
        for number in 1...(bytes + size - 1) / size {
            if let tag = known[number] {
                tags.append(tag)
                continue
            }
            let part = try part(number)
            let request = request(
                .put, self.path(key), [("partNumber", "\(number)"), ("uploadId", percentEncodedQuery(upload))],
                body: .bytes(part), digest: Digest(hashing: part))
            guard let tag = try client.ask(request, sent: sent).fields["etag"] else {
                throw RemoteFault.unusable("part \(number) got no ETag")
            }
            tags.append(tag)
        }
        try complete(key, upload, tags)
    }

    // MARK: Multipart uploads

    /// The size of all parts but the last: larger for an object that would have too many.
    package static func partBytes(of bytes: Int, atLeast least: Int) -> Int {
        max(least, (bytes + mostParts - 1) / mostParts)
    }

    /// An upload of this object that was begun earlier and the tags of its parts, which all are ours, or else a new
    /// one.
    private func openUpload(_ key: RemoteKey, isOurs: (Int, String) throws -> Bool) throws -> (
        id: String, tags: [Int: String]
    ) {
        if let upload = try earlierUpload(key) {
            let parts = try parts(of: upload, key)
            if try parts.allSatisfy({ try isOurs($0.key, $0.value) }) { return (upload, parts) }
        }
        let answer = try text(request(.post, path(key), [("uploads", "")]))
        guard let upload = element("UploadId", in: answer) else { throw RemoteFault.unusable("it gave no UploadId") }
        return (upload, [:])
    }

    private func earlierUpload(_ key: RemoteKey) throws -> String? {
        let name = prefix + key.description
        do {
            let answer = try text(request(.get, bucket, [("prefix", percentEncodedQuery(name)), ("uploads", "")]))
            return elements("Upload", in: answer).last { element("Key", in: $0) == name }.flatMap {
                element("UploadId", in: $0)
            }
        } catch RemoteFault.refused, RemoteFault.unusable {
            // Who may write need not be allowed to list: then it begins anew.
            return nil
        }
    }

    /// The tags of the parts that an upload has, by number.
    private func parts(of upload: String, _ key: RemoteKey) throws -> [Int: String] {
        var parts: [Int: String] = [:], marker: String?
        repeat {
            let after = marker.map { [(name: "part-number-marker", value: $0)] } ?? []
            let answer: String
            do {
                answer = try text(request(.get, path(key), [("uploadId", percentEncodedQuery(upload))] + after))
            } catch RemoteFault.refused, RemoteFault.unusable {
                return [:]
            }
            for part in elements("Part", in: answer) {
                if let number = element("PartNumber", in: part).flatMap({ Int($0) }),
                    let tag = element("ETag", in: part)
                {
                    parts[number] = tag
                }
            }
            marker = element("IsTruncated", in: answer) == "true" ? element("NextPartNumberMarker", in: answer) : nil
        } while marker != nil
        return parts
    }

    private func complete(_ key: RemoteKey, _ upload: String, _ tags: [String]) throws {
        let parts = tags.enumerated().map { "<Part><PartNumber>\($0 + 1)</PartNumber><ETag>\($1)</ETag></Part>" }
            .joined()
        let body = Array("<CompleteMultipartUpload>\(parts)</CompleteMultipartUpload>".utf8)
        do {
            let answer = try text(
                request(
                    .post, path(key), [("uploadId", percentEncodedQuery(upload))], body: .bytes(body),
                    digest: Digest(hashing: body)))
            // S3 answers 200 before it knows.
            guard answer.contains("<CompleteMultipartUploadResult") else {
                throw RemoteFault.unavailable(
                    "the upload could not be completed: \(element("Code", in: answer) ?? "no reason given")")
            }
        } catch let fault as RemoteFault {
            // Another writer of the same bytes may have completed it.
            guard try has(key) else { throw fault }
        }
    }

    private func text(_ request: WebRequest) throws -> String {
        var bytes: [UInt8] = []
        _ = try client.ask(
            request,
            receive: { _, piece in
                guard bytes.count + piece.count <= 8 << 20 else {
                    throw RemoteFault.unusable("an answer of more than 8 MB")
                }
                bytes.append(contentsOf: piece)
            })
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// In the value of a query a slash is encoded as well.
private func percentEncodedQuery(_ text: String) -> String { percentEncoded(text).replacing("/", with: "%2F") }

private func md5(_ bytes: [UInt8]) -> String {
    var digest = [UInt8](repeating: 0, count: 16)
    EVP_Digest(bytes, bytes.count, &digest, nil, EVP_md5(), nil)
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
