extension Value {
    /// The value as JSON text: members sorted by key, shortest numbers that read back to the same bits, the same text
    /// everywhere. A number that is not finite has no JSON form and becomes `null`.
    /// - Parameter pretty: one member or element a line, indented by two spaces.
    public func json(pretty: Bool) -> String {
        var writer = JSONWriter(pretty: pretty)
        writer.write(self)
        return writer.text
    }
}

private struct JSONWriter {
    let pretty: Bool
    var text = ""
    var depth = 0

    mutating func write(_ value: Value) {
        switch value {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .int(let value): text += String(value)
        case .double(let value): text += value.isFinite ? value.description : "null"
        case .string(let value): write(string: value)
        case .array(let values):
            list("[", "]", values) { $0.write($1) }
        case .object(let members):
            list("{", "}", Value.sorted(members)) { writer, member in
                writer.write(string: member.key)
                writer.text += writer.pretty ? ": " : ":"
                writer.write(member.value)
            }
        }
    }

    mutating func list<Element>(_ open: String, _ close: String, _ elements: [Element], _ body: (inout JSONWriter, Element) -> Void) {
        text += open
        depth += 1
        for (index, element) in elements.enumerated() {
            if index > 0 { text += "," }
            newLine()
            body(&self, element)
        }
        depth -= 1
        if !elements.isEmpty { newLine() }
        text += close
    }

    mutating func newLine() {
        if pretty { text += "\n" + String(repeating: "  ", count: depth) }
    }

    mutating func write(string: String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
