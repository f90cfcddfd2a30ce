/// Encodes as JSON would, without the text between: a plan encodes a stage's parameters for each of its jobs, and `list`
/// plans every experiment.
struct ValueEncoder: Encoder {
    /// A place of the value that grows.
    final class Place {
        var content = Content.object([:])

        enum Content {
            case single(Value)
            case array([Place])
            case object([String: Place])
        }

        var value: Value {
            switch content {
            case .single(let value): value
            case .array(let places): .array(places.map(\.value))
            case .object(let places): .object(places.mapValues(\.value))
            }
        }
    }

    let place: Place
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(Members<Key>(place: place, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .array = place.content {} else { place.content = .array([]) }
        return Elements(place: place, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { Single(place: place, codingPath: codingPath) }

    /// Puts what `encodable` encodes as into a place.
    /// - Throws: `EncodingError` for a number that is not finite, and what the value's own encoding throws.
    static func encode(_ encodable: some Encodable, into place: Place, at path: [any CodingKey]) throws {
        switch encodable {
        case let value as Value: place.content = .single(value)
        case let text as String: place.content = .single(.string(text))
        case let truth as Bool: place.content = .single(.bool(truth))
        case let value as Double: place.content = .single(try number(value, at: path))
        // As many digits as tell it from other floats, as JSON has it.
        case let value as Float:
            place.content = .single(try number(value.isFinite ? Double("\(value)") ?? 0 : .nan, at: path))
        case let whole as any BinaryInteger:
            place.content = .single(Int(exactly: whole).map(Value.int) ?? .double(Double(whole)))
        default: try encodable.encode(to: ValueEncoder(place: place, codingPath: path))
        }
    }

    static func number(_ number: Double, at path: [any CodingKey]) throws -> Value {
        guard number.isFinite else {
            throw EncodingError.invalidValue(
                number, EncodingError.Context(codingPath: path, debugDescription: "\(number) is no JSON number"))
        }
        return .double(number)
    }
}

private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let place: ValueEncoder.Place
    let codingPath: [any CodingKey]

    private func member(_ key: any CodingKey) -> ValueEncoder.Place {
        let member = ValueEncoder.Place()
        guard case .object(var members) = place.content else { return member }
        place.content = .object([:])  // one reference, so that it is not copied
        members[key.stringValue] = member
        place.content = .object(members)
        return member
    }

    func encodeNil(forKey key: Key) { member(key).content = .single(.null) }
    // What most members are, without asking what they are.
    func encode(_ value: String, forKey key: Key) { member(key).content = .single(.string(value)) }
    func encode(_ value: Bool, forKey key: Key) { member(key).content = .single(.bool(value)) }
    func encode(_ value: Int, forKey key: Key) { member(key).content = .single(.int(value)) }
    func encode(_ value: Double, forKey key: Key) throws {
        member(key).content = .single(try ValueEncoder.number(value, at: codingPath + [key]))
    }
    func encode(_ value: some Encodable, forKey key: Key) throws {
        try ValueEncoder.encode(value, into: member(key), at: codingPath + [key])
    }
    func nestedContainer<Nested: CodingKey>(keyedBy: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
        superEncoder(forKey: key).container(keyedBy: keyedBy)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        superEncoder(forKey: key).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { ValueEncoder(place: member(SuperKey()), codingPath: codingPath) }
    func superEncoder(forKey key: Key) -> any Encoder {
        ValueEncoder(place: member(key), codingPath: codingPath + [key])
    }
}

private struct Elements: UnkeyedEncodingContainer {
    let place: ValueEncoder.Place
    let codingPath: [any CodingKey]

    var count: Int { if case .array(let places) = place.content { places.count } else { 0 } }

    private func element() -> ValueEncoder.Place {
        let element = ValueEncoder.Place()
        guard case .array(var places) = place.content else { return element }
        place.content = .array([])
        places.append(element)
        place.content = .array(places)
        return element
    }

    func encodeNil() { element().content = .single(.null) }
    func encode(_ value: some Encodable) throws { try ValueEncoder.encode(value, into: element(), at: codingPath) }
    func nestedContainer<Nested: CodingKey>(keyedBy: Nested.Type) -> KeyedEncodingContainer<Nested> {
        superEncoder().container(keyedBy: keyedBy)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { superEncoder().unkeyedContainer() }
    func superEncoder() -> any Encoder { ValueEncoder(place: element(), codingPath: codingPath) }
}

private struct Single: SingleValueEncodingContainer {
    let place: ValueEncoder.Place
    let codingPath: [any CodingKey]

    func encodeNil() { place.content = .single(.null) }
    func encode(_ value: some Encodable) throws { try ValueEncoder.encode(value, into: place, at: codingPath) }
}

private struct SuperKey: CodingKey {
    let stringValue = "super", intValue: Int? = nil
    init() {}
    init?(stringValue: String) { nil }
    init?(intValue: Int) { nil }
}
