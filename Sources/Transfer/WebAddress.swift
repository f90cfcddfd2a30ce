import CCurl

/// A URL taken apart by libcurl.
package struct WebAddress {
    package enum Scheme: String, Sendable { case http, https, file }

    package let scheme: Scheme
    /// The decoded path of a `file` URL.
    package let path: String
    /// The URL without user name and password: fit for messages and for disk.
    package let shown: String

    /// nil when libcurl does not accept the URL or the scheme is another one.
    package init?(_ url: String) {
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }), let parts = curl_url() else { return nil }
        defer { curl_url_cleanup(parts) }
        func part(_ part: CURLUPart, _ flags: UInt32 = 0) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            guard curl_url_get(parts, part, &text, flags) == CURLUE_OK, let text else { return nil }
            defer { curl_free(text) }
            return String(cString: text)
        }
        guard curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK, let name = part(CURLUPART_SCHEME),
            let scheme = Scheme(rawValue: name), let path = part(CURLUPART_PATH, UInt32(CURLU_URLDECODE))
        else { return nil }
        curl_url_set(parts, CURLUPART_USER, nil, 0)
        curl_url_set(parts, CURLUPART_PASSWORD, nil, 0)
        self.scheme = scheme
        self.path = path
        shown = part(CURLUPART_URL) ?? url
    }
}

/// Whether Transfer can fetch from this URL.
func isFetchable(_ url: String) -> Bool { url.contains("://") && WebAddress(url) != nil }

/// A relative path in the spelling of URLs: every byte but letters, digits and `-._~/` as `%XX`.
package func percentEncoded(_ path: String) -> String {
    path.utf8.map { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            String(UnicodeScalar(byte))
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "/"):
            String(UnicodeScalar(byte))
        default:
            "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
    }.joined()
}
