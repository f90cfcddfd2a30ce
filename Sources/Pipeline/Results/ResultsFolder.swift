import Engine
import Fingerprints
import Foundation
import Reporting

/// A results folder as its `provenance.json` describes it.
public struct ResultsFolder: Sendable {
    /// As the user named it, for messages.
    public let shown: String
    /// What made it; nil without provenance.
    let crate: ProvenanceCrate?
    /// The experiment after `--set` and `--seeds`.
    private let experiment: Value?
    /// Files that are not what the provenance says, each with what is wrong: `recall.csv was changed`.
    public let damage: [String]

    /// Reads a folder of this project's disk.
    /// - Returns: nil where there is none.
    /// - Throws: `FileSystemError` for a file that is there and cannot be read.
    public init?(_ place: ResultsPlace) throws {
        let files = LocalFileSystem()
        guard try files.status(of: place.folder) != nil else { return nil }
        try self.init(place.shown) { try files.read("\(place.folder)/\($0)").map { Data($0) } }
    }

    /// - Parameter read: a file's bytes by its name; nil where there is none.
    init(_ shown: String, read: (String) throws -> Data?) rethrows {
        self.shown = shown
        let provenance = try read(ProvenanceCrate.name)
        crate = provenance.flatMap { try? ProvenanceCrate(json: String(decoding: $0, as: UTF8.self), name: shown) }
        experiment = try read(ProvenanceCrate.workflow).flatMap {
            try? Value(json: String(decoding: $0, as: UTF8.self))
        }
        guard let crate else {
            damage = provenance == nil ? [] : ["\(ProvenanceCrate.name) was changed"]
            return
        }
        let listed = Set(crate.files.map(\.name))
        damage =
            try crate.files.compactMap { file in
                guard let bytes = try read(file.name) else { return "\(file.name) is missing" }
                return Digest(hashing: [UInt8](bytes)) == file.digest ? nil : "\(file.name) was changed"
            }
            + ResultsNames.all.sorted().compactMap { name in
                guard name != ProvenanceCrate.name, !listed.contains(name), try read(name) != nil else { return nil }
                return "\(name) is of another run"
            }
    }

    /// Digest of the tables that a run left here.
    var tables: Digest? { crate?.record.steps.last { $0.stage == TablesFolder.name }?.outputs.first?.digest }

    /// Why these are not an experiment's results; nil when they are.
    /// - Parameters:
    ///   - name: the experiment's.
    ///   - asked: its keys, after what was set; nil where there is no such file to ask. Then nothing may have been set.
    func strangeness(to name: String, asked: Value?) -> String? {
        guard let crate else {
            let name = ProvenanceCrate.name
            return "has \(damage.isEmpty ? "no \(name)" : "a \(name) that is none"): nothing says what made it"
        }
        guard crate.record.experiment == name else {
            return "holds the results of \(crate.record.experiment), not of \(name)"
        }
        guard let asked else {
            return crate.record.settings.isEmpty
                ? nil : "was made with \(crate.record.settings.joined(separator: " "))"
        }
        guard let experiment else { return "has no \(ProvenanceCrate.workflow): nothing says what was asked for" }
        let changes = asked.withoutComments.differences(from: experiment)
        guard !changes.isEmpty else { return nil }
        let named = changes.prefix(3).map { "\($0.key) was \(Self.brief($0.old)), now \(Self.brief($0.new))" }
        return "was made by other settings: " + named.joined(separator: "; ")
            + (changes.count > 3 ? "; and \(changes.count - 3) more" : "")
    }

    /// Why these are not the results of the experiment that the folder is named after, as its file in `experiments/`
    /// has it.
    func concern(_ project: Project) throws -> String? {
        let name = String(URL(fileURLWithPath: shown).lastPathComponent.prefix { $0 != "@" })
        // What a variant's folder is named after says that it is none of the file's own.
        guard !URL(fileURLWithPath: shown).lastPathComponent.contains("@") else {
            return crate?.record.experiment == name ? nil : strangeness(to: name, asked: nil).map { "\(shown) \($0)" }
        }
        return try strangeness(to: name, asked: project.ownExperiment(name)).map { "\(shown) \($0)" }
    }

    private static func brief(_ value: Value?) -> String {
        guard let text = value.map({ $0.stringValue ?? $0.json(pretty: false) }) else { return "not set" }
        return text.count <= 40 ? text : text.prefix(39) + "…"
    }
}

extension Value {
    /// Keys with $ are an editor's: `$schema` is a path from elsewhere.
    var withoutComments: Value {
        guard case .object(let object) = self else { return self }
        return .object(object.filter { !$0.key.hasPrefix("$") })
    }
}

extension Project {
    /// What the file of that name in `experiments/` says; nil where there is none.
    func ownExperiment(_ name: String) throws -> Value? {
        let path = places.projectPath("experiments/\(name).json")
        guard try places.isThere(path) else { return Value?.none }
        return try ExperimentFile(contentsOf: path).value
    }

    /// What there is to say of the folder where an experiment's results are looked for: that something else made it, or
    /// that its files are not what its provenance says; nil where all is well or there is none.
    public func concern(about file: ExperimentFile) -> String? {
        let place = ResultsPlace(file, places: places), found: ResultsFolder?
        do { found = try ResultsFolder(place) } catch { return "\(place.shown): \(describe(error))" }
        guard let folder = found else { return nil }
        if let strangeness = folder.strangeness(to: file.name, asked: file.value) {
            return "\(place.shown) \(strangeness)"
        }
        return folder.damage.isEmpty
            ? nil
            : "\(place.shown): \(folder.damage.joined(separator: ", ")) since the run that its provenance records"
    }

    /// - Throws: `ExperimentError` where the folder of an experiment's results is there and holds others.
    public func requireOwnResults(of state: ExperimentState) throws {
        let place = ResultsPlace(state.file, places: places)
        guard let folder = try ResultsFolder(place), folder.crate != nil || folder.hasTables(place) else { return }
        let made = state.tables?.digest
        let strangeness =
            folder.strangeness(to: state.file.name, asked: state.file.value)
            ?? (folder.tables == made ? nil : "is of another run")
        guard let strangeness else { return }
        throw ExperimentError(
            "\(place.shown) \(strangeness); write it again with lavise-pipeline run, "
                + "or name another folder with --output")
    }
}

extension ResultsFolder {
    fileprivate func hasTables(_ place: ResultsPlace) -> Bool {
        ResultsNames.all.contains { FileManager.default.fileExists(atPath: "\(place.folder)/\($0)") }
    }
}
