import Engine
import Fingerprints
import Glibc
import Transfer

/// AWS Signature Version 4 of requests to S3 and its like (libcurl's own signs no `x-amz-content-sha256`).
package struct Signature4 {
    let credentials: AWSCredentials
    let region: String

    package init(credentials: AWSCredentials, region: String) {
        self.credentials = credentials
        self.region = region
    }

    /// The request with its date, its body's SHA-256 and, where there are credentials, its signature.
    /// - Parameters:
    ///   - host: as libcurl will send it.
    ///   - path: percent-encoded, from the first slash on.
    ///   - query: names and values, percent-encoded.
    ///   - now: seconds since 1970.
    package func signed(
        _ request: WebRequest, host: String, path: String, query: [(name: String, value: String)], body: Digest,
        now: Int
    ) -> WebRequest {
        let date = Self.date(now), scope = "\(date.prefix(8))/\(region)/s3/aws4_request"
        var fields = request.fields + [("x-amz-content-sha256", body.hex), ("x-amz-date", date)]
        if let token = credentials.sessionToken { fields.append(("x-amz-security-token", token)) }
        let signedFields = (fields + [("host", host)]).sorted { $0.name < $1.name }
        let names = signedFields.map(\.name).joined(separator: ";")
        let canonical = [
            request.method.rawValue, path, Self.text(query), signedFields.map { "\($0.name):\($0.value)\n" }.joined(),
            names, body.hex,
        ].joined(separator: "\n")
        let message = "AWS4-HMAC-SHA256\n\(date)\n\(scope)\n\(Digest(hashing: canonical).hex)"
        let key = scope.split(separator: "/").reduce(Array("AWS4\(credentials.secretKey)".utf8)) {
            hmacSHA256(key: $0, Array($1.utf8))
        }
        let signature = hmacSHA256(key: key, Array(message.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
            .joined()
        var signed = request
        signed.fields =
            fields + [
                (
                    "authorization",
                    "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), SignedHeaders=\(names), Signature=\(signature)"
                )
            ]
        return signed
    }

    /// A query sorted as it is signed.
    static func text(_ query: [(name: String, value: String)]) -> String {
        query.sorted { $0.name < $1.name }.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    /// `20130524T000000Z`.
    private static func date(_ now: Int) -> String {
        var seconds = time_t(now), parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + "\(number)" }
        return
            "\(parts.tm_year + 1900)\(two(parts.tm_mon + 1))\(two(parts.tm_mday))T\(two(parts.tm_hour))\(two(parts.tm_min))\(two(parts.tm_sec))Z"
    }
}
