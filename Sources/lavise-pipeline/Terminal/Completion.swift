import ArgumentParser
import Foundation
import Pipeline

/// What a shell offers for a word, from the project at hand. What cannot be read offers nothing.
enum Completion {
    /// The names of the project's experiments, and experiment files by path.
    static let experiments = CompletionKind.custom { words, _, prefix in
        let named = (try? project(words)?.experimentPaths()) ?? []
        let folder = prefix.contains("/") ? (prefix as NSString).deletingLastPathComponent + "/" : ""
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? [])
        return named.map { (($0 as NSString).lastPathComponent as NSString).deletingPathExtension }
            + files.filter { $0.hasSuffix(".json") && $0 != "schema.json" }.sorted().map { folder + $0 }
    }

    /// The jobs and stages of the first experiment that was named.
    static let stages = CompletionKind.custom { words, _, _ in
        guard let project = project(words) else { return [] }
        for word in words.dropFirst() where !word.isEmpty && !word.hasPrefix("-") && !LavisePipeline.verbs.contains(word) {
            guard let jobs = try? project.plan(project.experiment(word)).plan.jobs else { continue }
            return Array(Set(jobs.map(\.id)).union(jobs.map(\.stage.name))).sorted()
        }
        return []
    }

    /// The project that the words so far speak of.
    private static func project(_ words: [String]) -> Project? {
        let folder = words.firstIndex(of: "-C").flatMap { words.indices.contains($0 + 1) ? words[$0 + 1] : nil }
        return try? GlobalOptions.parse(folder.map { ["-C", $0] } ?? []).open()
    }
}
