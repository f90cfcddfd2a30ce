/// What a server says about the state of a file, to notice that it changed between two requests (RFC 9110, section
/// 8.8).
struct Validator: Equatable {
    /// The entity tag as sent; `W/` in front marks a weak one.
    var etag: String?
    /// The date as sent.
    var lastModified: String?

    static let none = Validator()

    /// The value for `If-Range`, which allows no weak tag.
    var ifRange: String? {
        if let etag, !etag.hasPrefix("W/") { return etag }
        return lastModified
    }

    /// Whether both speak of the same state of the file; nil when they have nothing to compare.
    func agrees(with other: Validator) -> Bool? {
        if let etag, let theirs = other.etag { return etag == theirs }
        if let lastModified, let theirs = other.lastModified { return lastModified == theirs }
        return nil
    }
}
