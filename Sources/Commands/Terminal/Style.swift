import Engine
import Foundation

/// Colour on a terminal; plain text elsewhere and where `NO_COLOR` is set to anything (no-color.org).
struct Style: Sendable {
    let isOn: Bool

    init(descriptor: Int32) {
        isOn = Self.obeysEscapes(descriptor) && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
    }

    /// Whether the descriptor is a terminal that understands escape sequences.
    static func obeysEscapes(_ descriptor: Int32) -> Bool {
        isatty(descriptor) == 1 && !["", "dumb"].contains(ProcessInfo.processInfo.environment["TERM"] ?? "")
    }

    private func paint(_ code: String, _ text: String) -> String { isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }

    func good(_ text: String) -> String { paint("32", text) }
    func bad(_ text: String) -> String { paint("31", text) }
    func changed(_ text: String) -> String { paint("33", text) }
    func strong(_ text: String) -> String { paint("1", text) }
    func faint(_ text: String) -> String { paint("2", text) }

    /// A line in the colour of a state.
    func state(_ text: String, _ state: JobState) -> String {
        switch state {
        case .fresh: text
        case .failed: bad(text)
        case .stale, .missing, .running: changed(text)
        }
    }
}
