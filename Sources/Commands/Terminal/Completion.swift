import ArgumentParser
import Fingerprints
import Foundation
import LaViSE
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

    /// Networks by name, experiments, and model files by path.
    static let models = CompletionKind.custom { words, _, prefix in
        let folder = prefix.contains("/") ? (prefix as NSString).deletingLastPathComponent + "/" : ""
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? [])
            .sorted()
        let names = (try? project(words)?.places.experimentNames()) ?? []
        return ExaminedNetwork.names + names + files.filter(ExaminedNetwork.isModelFile).map { folder + $0 }
    }

    /// The jobs and stages of the first experiment that was named.
    static let stages = CompletionKind.custom { words, _, _ in
        guard let file = experiment(words), let jobs = try? project(words)?.plan(file).plan.jobs else { return [] }
        return Array(Set(jobs.map(\.id)).union(jobs.map(\.stage.name))).sorted()
    }

    /// The explanation methods.
    static let methods = CompletionKind.list(ExplanationMethod.all.map(\.name))

    /// The rows of the matrix of the first experiment that was named.
    static let rows = CompletionKind.custom { words, _, _ in
        experiment(words).map { file in file.variants.map { $0.labels.joined(separator: ", ") }.filter { !$0.isEmpty } }
            ?? []
    }

    /// What `--set` can change: the keys of the first experiment that was named, and behind `backbone.layer=` its
    /// layers.
    static let settings = CompletionKind.custom { words, _, prefix in
        guard let file = experiment(words) else { return [] }
        let layerKey = "backbone.layer="
        if prefix.hasPrefix(layerKey) {
            return file.variants[0].experiment.backbone.layerNames.map { layerKey + $0 }
        }
        let known = keys(of: file.value, "").filter { $0 != "name" && $0 != "title" }.map { $0 + "=" }
        return known + (known.contains(layerKey) ? [] : [layerKey])
    }

    /// `train.epochs`, `seed`: the keys of an object's values, those of objects in it after a dot.
    private static func keys(of value: Value, _ path: String) -> [String] {
        guard let members = value.objectValue else { return [path] }
        return members.keys.sorted().filter { !$0.hasPrefix("$") }.flatMap { key in
            members[key].map { keys(of: $0, path.isEmpty ? key : "\(path).\(key)") } ?? []
        }
    }

    /// The first experiment among the words.
    private static func experiment(_ words: [String]) -> ExperimentFile? {
        guard let project = project(words) else { return nil }
        return words.dropFirst().lazy.filter { !$0.isEmpty && !$0.hasPrefix("-") && !LavisePipeline.verbs.contains($0) }
            .compactMap { try? project.experiment($0) }.first
    }

    /// The project that the words so far speak of.
    private static func project(_ words: [String]) -> Project? {
        let folder = words.firstIndex(of: "-C").flatMap { words.indices.contains($0 + 1) ? words[$0 + 1] : nil }
        return try? GlobalOptions.parse(folder.map { ["-C", $0] } ?? []).open()
    }
}
