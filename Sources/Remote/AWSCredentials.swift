import Transfer

/// Keys for S3: from the environment (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`), or else of
/// the profile `AWS_PROFILE` (`default`) of AWS's credentials file (`AWS_SHARED_CREDENTIALS_FILE`, or
/// `~/.aws/credentials`).
package struct AWSCredentials: Sendable, Equatable {
    package let accessKey: String
    package let secretKey: String
    package var sessionToken: String?
    /// Where they are from, for `doctor`.
    var source = ""

    /// nil where there are none: requests go unsigned, which public buckets allow.
    package init?(environment: [String: String]) {
        if let access = environment["AWS_ACCESS_KEY_ID"], let secret = environment["AWS_SECRET_ACCESS_KEY"] {
            self.init(
                accessKey: access, secretKey: secret, sessionToken: environment["AWS_SESSION_TOKEN"],
                source: "AWS_ACCESS_KEY_ID")
            return
        }
        let path = environment["AWS_SHARED_CREDENTIALS_FILE"] ?? environment["HOME"].map { $0 + "/.aws/credentials" }
        let profile = environment["AWS_PROFILE"] ?? "default"
        guard let path, let bytes = try? readWholeFile(path, limit: 1 << 20) else { return nil }
        let values = Self.profile(profile, in: String(decoding: bytes, as: UTF8.self))
        guard let access = values["aws_access_key_id"], let secret = values["aws_secret_access_key"] else { return nil }
        self.init(
            accessKey: access, secretKey: secret, sessionToken: values["aws_session_token"],
            source: "[\(profile)] of \(path)")
    }

    package init(accessKey: String, secretKey: String, sessionToken: String? = nil, source: String = "") {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
        self.source = source
    }

    /// The values of a section of an INI file.
    private static func profile(_ name: String, in text: String) -> [String: String] {
        var values: [String: String] = [:], isInside = false
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimmingPrefix { $0.isWhitespace }
            guard let first = line.first, first != "#", first != ";" else { continue }
            if first == "[" {
                isInside = line.dropFirst().prefix { $0 != "]" }.split(separator: " ").joined(separator: " ") == name
            } else if isInside, let equals = line.firstIndex(of: "=") {
                func trimmed(_ part: Substring) -> String {
                    part.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                }
                values[trimmed(line[..<equals]).lowercased()] = trimmed(line[line.index(after: equals)...])
            }
        }
        return values
    }
}
