/// What was written.
public struct WrittenReport: Sendable {
    /// Path of `report.html`.
    public let page: String
    /// Bytes of the page and of the pictures beside it.
    public let bytes: Int
    /// The folder of the pictures; nil where they are in the page.
    public let pictures: String?
}
