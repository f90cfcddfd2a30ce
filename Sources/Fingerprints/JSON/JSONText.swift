extension Value {
    /// The value as JSON text: members sorted by key, shortest numbers that read back to the same bits, the same text
    /// everywhere. A number that is not finite has no JSON form and becomes `null`.
    /// - Parameter pretty: one member or element a line, indented by two spaces.
    public func json(pretty: Bool) -> String {
        var writer = JSONWriter(pretty: pretty)
        writer.write(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

private struct JSONWriter {
    let pretty: Bool
    var bytes: [UInt8] = []
    var depth = 0

    init(pretty: Bool) { self.pretty = pretty }

    mutating func write(_ value: Value) {
        switch value {
        case .null: put("null")
        case .bool(let value): put(value ? "true" : "false")
        case .int(let value): bytes.append(contentsOf: String(value).utf8)
        case .double(let value): bytes.append(contentsOf: (value.isFinite ? value.description : "null").utf8)
        case .string(let value): write(string: value)
        case .array(let values):
            list("[", "]", values) { $0.write($1) }
        case .object(let members):
            list("{", "}", Value.sorted(members)) { writer, member in
                writer.write(string: member.key)
                writer.put(writer.pretty ? ": " : ":")
                writer.write(member.value)
            }
        }
    }

    mutating func list<Element>(
        _ open: StaticString, _ close: StaticString, _ elements: [Element], _ body: (inout JSONWriter, Element) -> Void
    ) {
        put(open)
        depth += 1
        for (index, element) in elements.enumerated() {
            if index > 0 { put(",") }
            newLine()
            body(&self, element)
        }
        depth -= 1
        if !elements.isEmpty { newLine() }
        put(close)
    }

    mutating func newLine() {
        guard pretty else { return }
        put("\n")
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
    }

    mutating func put(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func write(string: String) {
        put("\"")
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): put("\\\"")
            case UInt8(ascii: "\\"): put("\\\\")
            case 10: put("\\n")
            case 13: put("\\r")
            case 9: put("\\t")
            case 0..<0x20:
                let hex = String(byte, radix: 16)
                put(byte < 16 ? "\\u000" : "\\u00")
                bytes.append(contentsOf: hex.utf8)
            default: bytes.append(byte)
            }
        }
        put("\"")
    }
}
