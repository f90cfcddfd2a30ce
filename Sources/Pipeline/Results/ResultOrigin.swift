import Engine
import Fingerprints
import Foundation

/// Where a file of a results folder comes from, by the `provenance.json` beside it.
public struct ResultOrigin: Sendable {
    /// The file, by its content.
    public let file: ProvenanceRecord.Item
    /// What was run on what to make it.
    public let record: ProvenanceRecord
    /// That the folder's name says something else than what made it; nil where it does not.
    public let concern: String?

    /// `experiment demo`
    public var experiment: String { "experiment \(record.experiment)" }

    /// - Parameter argument: the file as the user named it.
    /// - Returns: nil for a path with no provenance beside it, or of which the provenance does not speak.
    /// - Throws: `ExperimentError` when the file is not the one that the run left.
    public init?(of argument: String, project: Project) throws {
        let url = URL(fileURLWithPath: project.places.argumentPath(argument)), name = url.lastPathComponent
        guard let bytes = try LocalFileSystem().read(url.path) else { return nil }
        let place = ResultsPlace(Self.folder(of: argument, url), places: project.places, isArgument: true)
        guard let folder = try ResultsFolder(place) else { return nil }
        guard let crate = folder.crate else {
            guard !folder.damage.isEmpty else { return nil }
            throw ExperimentError(
                "\(place.shown)/\(ProvenanceCrate.name): no provenance of a run; "
                    + "write the results again with lavise-pipeline run")
        }
        let again = "write it again: lavise-pipeline run \(crate.record.experiment)"
        guard let file = crate.files.first(where: { $0.name == name }) else {
            guard ResultsNames.all.contains(name), name != ProvenanceCrate.name else { return nil }
            throw ExperimentError(
                "\(argument) is of another run than the one that \(ProvenanceCrate.name) records; \(again)")
        }
        guard Digest(hashing: bytes) == file.digest else {
            throw ExperimentError(
                "\(argument) was changed since the run that \(ProvenanceCrate.name) records; \(again)")
        }
        self.file = file
        record = crate.record
        concern = try folder.concern(project)
    }

    private static func folder(of argument: String, _ url: URL) -> String {
        guard let slash = argument.lastIndex(of: "/"), slash > argument.startIndex else {
            return url.deletingLastPathComponent().path
        }
        return String(argument[..<slash])
    }
}
