import Foundation

/// Colour on a terminal; plain text elsewhere and with `NO_COLOR`.
struct Style: Sendable {
    let isOn: Bool

    init(descriptor: Int32) {
        isOn = isatty(descriptor) == 1 && getenv("NO_COLOR") == nil && getenv("TERM").map { String(cString: $0) } != "dumb"
    }

    private func paint(_ code: String, _ text: String) -> String { isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }

    func good(_ text: String) -> String { paint("32", text) }
    func bad(_ text: String) -> String { paint("31", text) }
    func changed(_ text: String) -> String { paint("33", text) }
    func faint(_ text: String) -> String { paint("2", text) }
}
