/// A run by the name of its results folder: `demo@train.epochs=3,seeds=0..4` is
/// `demo --set train.epochs=3 --seeds 0..4`.
package struct RunName: Sendable, Equatable {
    /// The experiment's name or path, before the `@`.
    package let experiment: String
    /// As `--set` takes them.
    package let settings: [String]
    package let seeds: [Int]?

    /// - Returns: nil for a name without an `@`.
    /// - Throws: `ExperimentError` for what stands behind the `@` and is no change, or was cut.
    package init?(_ text: String) throws {
        guard let at = text.firstIndex(of: "@"), at > text.startIndex else { return nil }
        experiment = String(text[..<at])
        var settings: [String] = []
        var seeds: [Int]?
        for part in text[text.index(after: at)...].split(separator: ",", omittingEmptySubsequences: false) {
            let change = part.removingPercentEncoding ?? String(part)
            guard let equals = change.firstIndex(of: "="), equals > change.startIndex, !change.contains("~") else {
                throw ExperimentError(
                    "\(text): \"\(change)\" behind the @ is no KEY=VALUE; name the run by its experiment with --set and --seeds"
                )
            }
            if change[..<equals] == "seeds" {
                seeds = try Self.seeds(String(change[change.index(after: equals)...]), in: text)
            } else {
                settings.append(change)
            }
        }
        self.settings = settings
        self.seeds = seeds
    }

    /// `0..4` or `0+2+5`.
    private static func seeds(_ text: String, in name: String) throws -> [Int] {
        let ends = text.components(separatedBy: "..")
        let list = text.split(separator: "+").map { Int($0) }
        if ends.count == 2, let first = Int(ends[0]), let last = Int(ends[1]), first <= last, last - first < 1000 {
            return Array(first...last)
        }
        guard !list.isEmpty, !list.contains(nil) else {
            throw ExperimentError("\(name): seeds=\(text): expected a range such as 0..4, or a list such as 0+2+5")
        }
        return list.compactMap { $0 }
    }
}
