import Fingerprints
import Foundation

/// An experiment file after `--set`, before validation: JSON with its text, expanded by its matrix into variants.
public struct ExperimentFile: Sendable {
    public let name: String
    public let title: String
    /// One experiment for every combination of the matrix, in its order; a single one without a matrix.
    public let variants: [Variant]
    public let matrixKeys: [String]
    /// The file's JSON after `--set` and `--seeds`.
    public let value: Value

    public struct Variant: Sendable {
        /// The matrix values of this combination as text, in the order of `matrixKeys`.
        public let labels: [String]
        public let experiment: Experiment
    }

    /// - Parameters:
    ///   - settings: `a.b=VALUE` pairs; VALUE is JSON, or else a string.
    ///   - seeds: replaces the experiment's seed by several.
    /// - Throws: `ExperimentError` naming file, line and key.
    public init(contentsOf path: String, settings: [String] = [], seeds: [Int]? = nil) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
            let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".json") }
            let hint = nearest(to: URL(fileURLWithPath: path).lastPathComponent, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
            throw ExperimentError("\(path): no such experiment file\(hint) (`lavise-pipeline list` shows what there is)")
        }
        try self.init(json: String(decoding: data, as: UTF8.self), file: path, settings: settings, seeds: seeds)
    }

    public init(json: String, file: String, settings: [String] = [], seeds: [Int]? = nil) throws {
        let source = ExperimentText(file: file, text: json)
        var root = try Self.parse(source)
        for setting in settings { try Self.apply(setting, to: &root) }
        if let seeds { root = try Self.setting(root, ["matrix", "seed"], .array(seeds.map { .int($0) })) }

        value = root
        guard case .object(var object) = root else { throw ExperimentError("\(file):1: an experiment file holds one object {…}") }
        let matrix = object.removeValue(forKey: "matrix")
        let axes = try Self.axes(matrix, source)
        var variants: [Variant] = []
        for combination in Self.combinations(axes.map(\.values)) {
            var value = Value.object(object)
            for (axis, choice) in zip(axes, combination) {
                value = try Self.setting(value, axis.key.split(separator: ".").map(String.init), choice)
            }
            variants.append(Variant(labels: combination.map(Self.label), experiment: try Experiment(value, source: source)))
        }
        self.variants = variants
        matrixKeys = axes.map(\.key)
        name = variants[0].experiment.name
        title = variants[0].experiment.title
    }

    private static func parse(_ source: ExperimentText) throws -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(source.text.utf8))
        } catch DecodingError.dataCorrupted(let context) {
            let detail = (context.underlyingError as NSError?)?.userInfo[NSDebugDescriptionErrorKey] as? String
            throw ExperimentError("\(source.file): not valid JSON: \(detail ?? context.debugDescription)")
        } catch {
            throw ExperimentError("\(source.file): not valid JSON: \(error)")
        }
    }

    private struct Axis { let key: String; let values: [Value] }

    private static func axes(_ matrix: Value?, _ source: ExperimentText) throws -> [Axis] {
        guard let matrix, matrix != .null else { return [] }
        guard case .object(let object) = matrix else {
            throw ExperimentError("\(source.place(of: ["matrix"])): \"matrix\" must be an object of lists, e.g. {\"seed\": [0, 1, 2]}")
        }
        // The JSON object has no order of its own: rows follow the order in which the keys stand in the file.
        let ordered = object.keys.sorted { a, b in
            let x = source.text.range(of: "\"\(a)\"", options: .backwards)?.lowerBound ?? source.text.endIndex
            let y = source.text.range(of: "\"\(b)\"", options: .backwards)?.lowerBound ?? source.text.endIndex
            return (x, a) < (y, b)
        }
        return try ordered.map { key in
            guard case .array(let values)? = object[key], !values.isEmpty else {
                throw ExperimentError("\(source.place(of: ["matrix", key])): \"matrix.\(key)\" must be a list of values that is not empty")
            }
            return Axis(key: key, values: values)
        }
    }

    private static func combinations(_ axes: [[Value]]) -> [[Value]] {
        axes.reduce([[]]) { rows, values in rows.flatMap { row in values.map { row + [$0] } } }
    }

    private static func label(_ value: Value) -> String {
        switch value {
        case .string(let text): text
        case .array(let items): items.isEmpty ? "none" : items.map(label).joined(separator: " + ")
        case .object(let members):
            members.sorted { $0.key < $1.key }.map { key, value in
                value.boolValue.map { $0 ? key : "no \(key)" } ?? "\(key) \(label(value))"
            }.joined(separator: " + ")
        default: value.json(pretty: false)
        }
    }

    private static func apply(_ setting: String, to root: inout Value) throws {
        guard let equals = setting.firstIndex(of: "="), equals != setting.startIndex else {
            throw ExperimentError("--set \(setting): expected KEY=VALUE, e.g. --set evaluate.topImages=10")
        }
        let text = String(setting[setting.index(after: equals)...])
        let value = (try? JSONDecoder().decode(Value.self, from: Data(text.utf8))) ?? .string(text)
        root = try Self.setting(root, setting[..<equals].split(separator: ".").map(String.init), value)
    }

    /// `root` with the value at a dotted path replaced; objects on the way are made.
    private static func setting(_ root: Value, _ path: [String], _ value: Value) throws -> Value {
        guard let key = path.first else { return value }
        var object: [String: Value]
        switch root {
        case .object(let found): object = found
        // `protocol` may stand as a bare name where its deviations are set.
        case .string(let name) where key == "deviations": object = ["base": .string(name)]
        case .null: object = [:]
        default: throw ExperimentError("cannot set \"\(path.joined(separator: "."))\": what stands there is no object")
        }
        object[key] = try setting(object[key] ?? .null, Array(path.dropFirst()), value)
        return .object(object)
    }
}
