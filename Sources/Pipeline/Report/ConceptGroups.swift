import Datasets
import Engine
import Foundation

extension ExperimentPlan {
    /// Concepts by the group that the dataset's annotation file gives them; empty where it says nothing, or lies in an
    /// archive.
    func conceptGroups(_ jobs: [JobStatus]) -> [String: String] {
        guard let job = plan.job(variants[0].dataset) else { return [:] }
        let files = job.inputs.compactMap { input -> String? in
            switch input.source {
            case .file(let path): path
            case .output(let source, let output): try? path(of: output, source, jobs)
            }
        }
        let inside = files.filter(isDirectory).map { $0 + "/annotations/instances_val2017.json" }
        for file in inside + files where file.hasSuffix(".json") && FileManager.default.fileExists(atPath: file) {
            // What only groups bars must not end a page.
            if let groups = try? supercategories(ofAnnotations: file), Set(groups.values).count > 1 { return groups }
        }
        return [:]
    }
}
