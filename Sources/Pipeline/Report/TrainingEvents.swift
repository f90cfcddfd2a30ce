import Foundation
import Reporting

extension ReportPage {
    /// Writes the training curves for TensorBoard: `FOLDER/EXPERIMENT[/ROW]/{train,validation}/events.out.tfevents.…`.
    /// - Returns: the paths of the files.
    /// - Throws: `ExperimentError` when a stage is not fresh; what the disk throws.
    public func writeTrainingEvents(to folder: String) throws -> [String] {
        try rows.flatMap { row -> [String] in
            let results = try state.results(ofVariant: row), train = state.experiment.variants[row].explainer.job
            let time =
                try state.status(of: train)?.fingerprint.flatMap {
                    try project.store.trace($0)?.outcomes.first?.finished
                } ?? 0
            // A label may have characters that a path takes for something else.
            let label = state.file.label(row).map { "/" + $0.map { $0 == "/" ? "-" : String($0) }.joined() } ?? ""
            return try results.trainingTable.eventFiles(time: time).map { run, file in
                let own = URL(fileURLWithPath: "\(folder)/\(state.file.resultsName)\(label)/\(run)")
                try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
                // TensorBoard reads all event files of a folder: those of an earlier run would be drawn, too.
                for old in try FileManager.default.contentsOfDirectory(atPath: own.path)
                where old.hasSuffix(".lavise-pipeline") && old.contains(".tfevents.") {
                    try FileManager.default.removeItem(at: own.appending(path: old))
                }
                let path = own.appending(path: file.name)
                try Data(file.bytes).write(to: path, options: .atomic)
                return path.path
            }
        }
    }
}
