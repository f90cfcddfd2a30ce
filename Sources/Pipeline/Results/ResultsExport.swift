import Engine
import Fingerprints
import Foundation
import Reporting

extension Project {
    /// Puts the tables of a run, its experiment and its provenance in the place of what an earlier run left in the
    /// folder, in one step; what other verbs and the user put there stays.
    /// - Parameters:
    ///   - state: the tables are fresh.
    ///   - patience: seconds to wait for another run that writes there.
    /// - Returns: whether anything changed. The same results made again, elsewhere or later, are no change: who keeps
    ///   them in git sees none.
    /// - Throws: `ResultsError`, `ExperimentError`, `EngineError`.
    @discardableResult
    public func export(
        _ state: ExperimentState, to place: ResultsPlace, patience: Double? = nil
    ) throws -> Bool {
        var unit = try place.unit()
        if let patience { unit.patience = patience }
        let made = try resultFiles(state)
        return try unit.replaceRun(with: made.tables, provenance: Array(made.crate.json.utf8))
    }

    /// The tables and the experiment of a run, and what says how they came about.
    func resultFiles(_ state: ExperimentState) throws -> (tables: [ResultsUnit.File], crate: ProvenanceCrate) {
        guard let tables = state.tables?.path else {
            throw ExperimentError("the tables of \(state.file.name) are not there; run it again")
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: tables).sorted()
        let workflow = state.file.value.withoutComments.json(pretty: true) + "\n"
        var files = [ResultsUnit.File(name: ProvenanceCrate.workflow, bytes: Array(workflow.utf8))]
        files += try names.map {
            ResultsUnit.File(name: $0, bytes: [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(tables)/\($0)"))))
        }
        let items = files.map {
            ProvenanceRecord.Item(name: $0.name, digest: Digest(hashing: $0.bytes), bytes: $0.bytes.count)
        }
        return (files, try ProvenanceCrate(ProvenanceRecord(state, self), files: items))
    }
}

extension ResultsUnit {
    /// As `replace`, for the files of a run and its provenance.
    package func replaceRun(with files: [File], provenance: [UInt8]) throws -> Bool {
        try replace(
            with: files + [File(name: ProvenanceCrate.name, bytes: provenance)],
            leavings: { ResultsNames.all.union(try listed()) },
            isSame: { name, old, new in
                guard name == ProvenanceCrate.name, let old = try? Value(json: old), let new = try? Value(json: new)
                else { return old == new }
                return old.withoutTimes == new.withoutTimes
            })
    }

    /// What an earlier run says that it left, whatever this version knows of it; nothing where its provenance is none.
    private func listed() throws -> Set<String> {
        guard let bytes = try disk.read("\(folder)/\(ProvenanceCrate.name)"),
            let crate = try? ProvenanceCrate(json: String(decoding: bytes, as: UTF8.self), name: folder)
        else { return [] }
        return Set(crate.files.map(\.name))
    }
}

extension ResultsPlace {
    /// Writes one file, `heatmaps/filter-3.png`, into the folder; whole or not at all.
    /// - Returns: its path.
    /// - Throws: `ResultsError`, also where a link stands in its place; `EngineError.lockTimeout`.
    public func write(_ bytes: [UInt8], to name: String) throws -> String {
        let unit = try unit()
        try unit.locked {
            let path = "\(unit.folder)/\(name)", draft = path + "#new"
            try disk.makeFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path)
            try ResultsUnit.checkIsFile(path, shown: "\(shown)/\(name)", disk)
            do {
                try disk.write(bytes, to: draft)
                try disk.rename(draft, to: path)
            } catch {
                try? disk.remove(draft)
                throw error
            }
        }
        return "\(folder)/\(name)"
    }
}
