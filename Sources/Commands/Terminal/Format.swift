import Foundation

/// Text for people: times, sizes, columns.
enum Format {
    /// "0.4s", "12s", "2m13s", "3h05m".
    static func seconds(_ seconds: Double) -> String {
        if seconds < 9.95 { return String(format: "%.1fs", seconds) }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole)s" }
        if whole < 3600 { return "\(whole / 60)m" + padded(whole % 60) + "s" }
        return "\(whole / 3600)h" + padded(whole / 60 % 60) + "m"
    }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// "812 B", "4.2 MB", "19.3 GB" (powers of 1,000).
    static func bytes(_ bytes: Int) -> String {
        var value = Double(bytes), unit = 0
        let units = ["B", "kB", "MB", "GB", "TB"]
        while value >= 999.5, unit < units.count - 1 { value /= 1000; unit += 1 }
        return unit == 0 ? "\(bytes) B" : String(format: value < 9.95 ? "%.1f" : "%.0f", value) + " " + units[unit]
    }

    /// Lines with columns aligned to the left, two spaces between; on a terminal no longer than it is wide.
    /// - Parameter flexible: a column that is cut where the line is too long, before the line is.
    static func columns(_ rows: [[String]], flexible: Int? = nil) -> [String] {
        var widths: [Int] = []
        for row in rows {
            for (i, cell) in row.enumerated() {
                if i == widths.count { widths.append(0) }
                widths[i] = max(widths[i], cell.count)
            }
        }
        let width = terminalWidth(STDOUT_FILENO)
        var rows = rows
        if let flexible, let width, widths.indices.contains(flexible) {
            let over = widths.reduce(0, +) + 2 * (widths.count - 1) - width
            let room = max(4, widths[flexible] - max(0, over))
            widths[flexible] = min(widths[flexible], room)
            rows = rows.map { row in row.enumerated().map { $0 == flexible ? clipped($1, to: room) : $1 } }
        }
        return rows.map { row in
            let cells = row[..<((row.lastIndex { !$0.isEmpty } ?? -1) + 1)]
            return clipped(
                cells.enumerated().map { i, cell in
                    i == cells.count - 1 ? cell : cell + String(repeating: " ", count: widths[i] - cell.count)
                }.joined(separator: "  "), to: width)
        }
    }

    /// Rows under a heading, aligned; on a terminal the heading is faint and the `flexible` column, the last that is
    /// shown whole elsewhere, is cut so that the others stay whole.
    static func table(_ rows: [[String]], flexible: Int, style: Style) -> [String] {
        let shown = columns(rows, flexible: flexible)
        guard let head = shown.first else { return [] }
        return [style.faint(head)] + shown.dropFirst()
    }

    /// The line above what is said of an experiment.
    static func title(_ name: String, _ title: String) -> String {
        clipped("\(name): \(title)", to: terminalWidth(STDOUT_FILENO))
    }

    /// Columns of a terminal; nil where the descriptor is none: what is piped stays whole.
    static func terminalWidth(_ descriptor: Int32) -> Int? {
        guard isatty(descriptor) == 1 else { return nil }
        var size = winsize()
        return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    /// A path below the current folder without it.
    static func path(_ path: String) -> String {
        let here = FileManager.default.currentDirectoryPath + "/"
        return path.hasPrefix(here) ? String(path.dropFirst(here.count)) : path
    }

    /// The line, or as much of it as a terminal of that width shows; whole where there is none.
    static func clipped(_ line: String, to width: Int?) -> String {
        guard let width, line.count > width else { return line }
        return width > 0 ? line.prefix(width - 1) + "…" : ""
    }

    /// Words as a shell takes them, quoted where they need it.
    static func shell(_ words: [String]) -> String {
        words.map { word in
            let isPlain =
                !word.isEmpty
                && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || "_-./=,:+".contains($0) }
            return isPlain ? word : "'\(word.replacingOccurrences(of: "'", with: "'\\''"))'"
        }.joined(separator: " ")
    }
}
