import Glibc

/// A line at the bottom of a terminal that is drawn again and again; nothing where standard error is none that can.
struct LiveLine {
    let isOn: Bool
    private var isDrawn = false

    init(isWanted: Bool) { isOn = isWanted && Style.obeysEscapes(STDERR_FILENO) }

    /// Shows the beginning of `text` that fits; nothing for an empty one.
    mutating func draw(_ text: String) {
        // A cursor in the last column would wrap the next line.
        let room = (Format.terminalWidth(STDERR_FILENO) ?? 0) - 1
        guard isOn, room > 0, !text.isEmpty else { return clear() }
        standardError("\r\u{1B}[K\(Format.clipped(text, to: room))", terminator: "")
        isDrawn = true
    }

    mutating func clear() {
        guard isDrawn else { return }
        standardError("\r\u{1B}[K", terminator: "")
        isDrawn = false
    }
}
