/// The kind of file system (`ext4`, `nfs4`, …) that holds the absolute path `real`.
/// - Parameter mounts: the text of `/proc/self/mounts`.
package func mountKind(of real: String, mounts: [UInt8]) -> String? {
    let path = Array(real.utf8)
    var found: (length: Int, kind: String)?
    for line in mounts.split(separator: UInt8(ascii: "\n")) {
        let words = line.split(separator: UInt8(ascii: " "))
        guard words.count > 2 else { continue }
        let place = withoutOctalEscapes(words[1])
        let isAbove =
            place == [UInt8(ascii: "/")]
            || path.starts(with: place) && (path.count == place.count || path[place.count] == UInt8(ascii: "/"))
        // Of mounts at one place the last hides the others.
        if isAbove, place.count >= found?.length ?? 0 {
            found = (place.count, String(decoding: words[2], as: UTF8.self))
        }
    }
    return found?.kind
}

/// A blank in a mount point is written `\040`; so are tabs, line ends and backslashes.
private func withoutOctalEscapes(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
        let digits = rest.prefix(3)
        if byte == UInt8(ascii: "\\"), digits.count == 3, digits.allSatisfy({ (48...55).contains($0) }) {
            bytes.append(UInt8(truncatingIfNeeded: digits.reduce(0) { $0 * 8 + Int($1) - 48 }))
            rest = rest.dropFirst(3)
        } else {
            bytes.append(byte)
        }
    }
    return bytes
}
