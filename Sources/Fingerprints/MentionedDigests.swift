extension Digest {
    /// Every digest that stands in a text as 64 lower-case hex digits, no more and no fewer, whatever the text's format
    /// is.
    public static func mentioned(in text: [UInt8]) -> Set<Digest> {
        let runs = text.split { !((48...57).contains($0) || (97...102).contains($0)) }
        return Set(runs.compactMap { $0.count == 64 ? Digest(hex: String(decoding: $0, as: UTF8.self)) : nil })
    }
}
