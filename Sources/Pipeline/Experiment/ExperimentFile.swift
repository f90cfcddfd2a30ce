import Fingerprints
import Foundation
import Transfer

/// An experiment file after `--set`, before validation: JSON with its places, expanded by its matrix into variants.
public struct ExperimentFile: Sendable {
    /// The experiment's name, which is the file's without its ending.
    public let name: String
    /// The experiment's title.
    public let title: String
    /// One experiment for every combination of the matrix, in its order; a single one without a matrix.
    public let variants: [Variant]
    /// The keys that the variants differ in, in the matrix's order; `backbone.layer` is the last where a file names
    /// several.
    public let matrixKeys: [String]
    /// The file's JSON after `--set` and `--seeds`.
    public let value: Value
    /// The file's JSON as it is, and after `--set` alone.
    let original: Value, set: Value
    /// What the command line changed: `a.b=VALUE` pairs, and the seeds in place of the file's.
    public let settings: [String], seeds: [Int]?

    /// One experiment of the file.
    public struct Variant: Sendable {
        /// The matrix values of this combination as text, in the order of `matrixKeys`.
        public let labels: [String]
        /// The experiment of this combination, validated.
        public let experiment: Experiment
    }

    /// - Parameters:
    ///   - settings: `a.b=VALUE` pairs, the later over the earlier; VALUE is JSON, or else a string.
    ///   - seeds: replaces the experiment's seed by several.
    ///   - catalogue: what the file can name.
    /// - Throws: `ExperimentError` naming file, line, column and key, or the argument that is wrong.
    public init(
        contentsOf path: String, settings: [String] = [], seeds: [Int]? = nil, catalogue: Catalogue = Catalogue()
    ) throws {
        do {
            let stem = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
            try self.init(
                json: readWholeFile(path, limit: 16 << 20), file: path, stem: stem, settings: settings,
                seeds: seeds, catalogue: catalogue)
        } catch let error as TransferError {
            throw ExperimentError("\(error)")
        }
    }

    /// The same from JSON text; `file` names it in errors.
    /// - Throws: `ExperimentError` naming line, column and key, or the argument that is wrong.
    public init(
        json: String, file: String, settings: [String] = [], seeds: [Int]? = nil, catalogue: Catalogue = Catalogue()
    ) throws {
        try self.init(json: Array(json.utf8), file: file, settings: settings, seeds: seeds, catalogue: catalogue)
    }

    /// The same from the file's bytes; `file` names it in errors, and `stem` is what its `name` must be.
    /// - Throws: `ExperimentError` naming line, column and key, or the argument that is wrong.
    public init(
        json: [UInt8], file: String, stem: String? = nil, settings: [String] = [], seeds: [Int]? = nil,
        catalogue: Catalogue = Catalogue()
    ) throws {
        do {
            let node = try JSONNode(json: json, source: file)
            try Self.check(node, isNamed: stem)
            try self.init(node, settings: settings, seeds: seeds, catalogue)
        } catch let error as TextError {
            throw ExperimentError(error)
        }
    }

    /// The key of the rows that `backbone.layers` makes.
    private static let layerKey = "backbone.layer"

    private static func check(_ file: JSONNode, isNamed stem: String?) throws {
        guard let stem, case .object(let members) = file.content,
            let member = members.first(where: { $0.key == "name" }),
            case .string(let name) = member.value.content, name != stem
        else { return }
        throw TextError(
            member.value.place,
            "\"name\" is \"\(name)\", and the file is named \(stem).json; results go by the name: let both be the same"
        )
    }

    private init(_ file: JSONNode, settings arguments: [String], seeds: [Int]?, _ catalogue: Catalogue) throws {
        let settings = try arguments.map(Setting.init)
        let noObject = TextError(file.place, "an experiment file holds one object {…}")
        var root = file
        guard case .object = root.content else { throw noObject }
        for setting in settings { root = try setting.applied(to: root) }
        set = root.value.withWholeNumbers
        if let seeds { root = try Setting(seeds: seeds).applied(to: root) }
        value = root.value.withWholeNumbers
        original = file.value.withWholeNumbers
        self.settings = arguments
        self.seeds = seeds
        guard case .object(let members) = root.content else { throw noObject }
        let matrix = try Matrix(members.first { $0.key == "matrix" })
        for setting in settings { try setting.check(against: matrix.axes.map(\.path)) }
        let plain = JSONNode(.object(members.filter { $0.key != "matrix" }), at: root.place)
        let rows = try matrix.rows(of: plain), byLayer = try rows.map { try $0.byLayer() }
        let layered = zip(rows, byLayer).count { $0.labels.count < $1[0].labels.count }, hasLayers = layered > 0
        guard !hasLayers || layered == rows.count else {
            throw TextError(file.place, "every row of \"matrix\" must have \"backbone.layers\", or none")
        }
        variants = try byLayer.joined().map { row in
            Variant(labels: row.labels, experiment: try Experiment(row.experiment, catalogue))
        }
        matrixKeys = matrix.axes.map(\.key) + (hasLayers ? [Self.layerKey] : [])
        name = variants[0].experiment.name
        title = variants[0].experiment.title
    }
}
