import ArgumentParser
import Foundation

/// How many threads a verb that computes may use.
struct ThreadOptions: ParsableArguments {
    @Option(name: [.short, .long], help: ArgumentHelp("Threads (default: one a core).", valueName: "n"))
    var jobs: Int?

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs \(jobs): expected at least 1") }
    }

    /// Far more threads than cores cost time and memory and bring nothing; results do not depend on their number.
    var count: Int {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        return min(jobs ?? cores, max(4 * cores, 16))
    }
}
