import Datasets
import Engine
import Foundation

extension ExperimentState {
    /// Concepts by the group that the dataset's annotation file gives them; empty where it says nothing, or lies in an
    /// archive.
    func conceptGroups() -> [String: String] {
        let files = inputs(of: experiment.variants[0].dataset.job)
        let inside = files.filter(isDirectory).map { $0 + "/annotations/instances_val2017.json" }
        for file in inside + files where file.hasSuffix(".json") && FileManager.default.fileExists(atPath: file) {
            // What only groups bars must not end a page.
            if let groups = try? supercategories(ofAnnotations: file), Set(groups.values).count > 1 { return groups }
        }
        return [:]
    }
}
