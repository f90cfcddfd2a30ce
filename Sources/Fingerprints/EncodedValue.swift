extension Value {
    /// The JSON value that `encodable` encodes as.
    /// - Throws: `EncodingError` for what is no JSON value: a number that is not finite.
    public init(encoding encodable: some Encodable) throws {
        let place = ValueEncoder.Place()
        try ValueEncoder.encode(encodable, into: place, at: [])
        self = place.value
    }
}

/// A member that is `null` where there is none; a plain optional would be absent.
@propertyWrapper
public struct OrNull<Wrapped: Encodable & Sendable>: Encodable, Sendable {
    /// nil: `null`.
    public var wrappedValue: Wrapped?

    /// The value, or none.
    public init(wrappedValue: Wrapped?) { self.wrappedValue = wrappedValue }

    /// Writes the value, or `null`.
    /// - Throws: what the value's own encoding throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(wrappedValue)
    }
}

extension OrNull: Equatable where Wrapped: Equatable {}
