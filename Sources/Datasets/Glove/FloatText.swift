import Glibc

/// 10⁰…10¹⁰, the powers of ten that a Float holds exactly.
private let powersOfTen: [Float] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10]

/// The Float nearest to a decimal number, as C's `strtof` rounds it; nil if the text is no finite decimal number.
///
/// `text` must be followed by one readable byte that belongs to no number.
func float(fromDecimal text: UnsafeBufferPointer<UInt8>) -> Float? {
    guard let start = text.baseAddress, !text.isEmpty else { return nil }
    var mantissa: UInt32 = 0, decimals = 0, digits = 0, seenPoint = false
    let negative = start[0] == UInt8(ascii: "-")
    for at in (negative ? 1 : 0)..<text.count {
        let byte = start[at]
        if byte &- 48 < 10, mantissa < 1 << 24 {
            mantissa = mantissa * 10 + UInt32(byte &- 48)
            digits += 1
            if seenPoint { decimals += 1 }
        } else if byte == UInt8(ascii: "."), !seenPoint {
            seenPoint = true
        } else {
            return generalFloat(fromDecimal: text)
        }
    }
    guard digits > 0 else { return nil }
    guard mantissa <= 1 << 24, decimals <= 10 else { return generalFloat(fromDecimal: text) }
    // Both operands are exact, so the one division rounds once (Clinger 1990).
    let magnitude = Float(mantissa) / powersOfTen[decimals]
    return negative ? -magnitude : magnitude
}

/// The same by `strtof`, kept from what it takes beyond decimal numbers: spaces, hexadecimal, infinity, NaN.
private func generalFloat(fromDecimal text: UnsafeBufferPointer<UInt8>) -> Float? {
    let isDecimal = text.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }
    guard isDecimal, let start = text.baseAddress else { return nil }
    var end: UnsafeMutablePointer<CChar>?
    let value = start.withMemoryRebound(to: CChar.self, capacity: text.count + 1) { characters -> Float? in
        let value = strtof(characters, &end)
        return end.map { UnsafePointer($0) } == characters + text.count ? value : nil
    }
    return value.flatMap { $0.isFinite ? $0 : nil }
}
