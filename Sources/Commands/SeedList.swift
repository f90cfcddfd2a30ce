import Pipeline

/// The seeds of `--seeds`: a range such as `0..4`, or a list such as `0,1,2`.
struct SeedList {
    /// More than anyone means.
    static let most = 1000

    let seeds: [Int]

    /// - Throws: `ExperimentError` for anything else, for a range that falls, for a seed that stands twice and for more
    ///   than `most`.
    init(_ text: String) throws {
        func refuse(_ what: String) -> ExperimentError {
            ExperimentError("--seeds \(text): \(what); expected a range such as 0..4, or a list such as 0,1,2")
        }
        let ends = text.components(separatedBy: "..")
        guard ends.count > 1 else {
            let parts = text.components(separatedBy: ",")
            seeds = try parts.map { part in
                guard let seed = Self.seed(part) else {
                    throw refuse(part.isEmpty ? "a seed is missing" : "\"\(part)\" is no seed")
                }
                return seed
            }
            var seen: Set<Int> = []
            if let twice = seeds.first(where: { !seen.insert($0).inserted }) { throw refuse("\(twice) stands twice") }
            guard seeds.count <= Self.most else {
                throw refuse("these are \(seeds.count) seeds, at most \(Self.most) are taken")
            }
            return
        }
        guard ends.count == 2, let first = Self.seed(ends[0]), let last = Self.seed(ends[1]) else {
            throw refuse("this is no range")
        }
        guard first <= last else { throw refuse("the range falls") }
        guard last - first < Self.most else {
            throw refuse("these are \(last - first + 1) seeds, at most \(Self.most) are taken")
        }
        seeds = Array(first...last)
    }

    /// A whole number from 0, written as numbers are.
    private static func seed(_ text: String) -> Int? { Int(text).flatMap { $0 >= 0 && String($0) == text ? $0 : nil } }
}
