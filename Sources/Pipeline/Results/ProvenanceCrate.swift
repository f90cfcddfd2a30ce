import Engine
import Fingerprints
import Foundation

/// `provenance.json`: a record as the metadata of a Workflow Run RO-Crate (Provenance Run Crate 0.6, RO-Crate 1.3),
/// which describes the results folder. Copied to `ro-crate-metadata.json` it makes the folder a crate.
///
/// Artifacts and inputs are named by their content, `hash://sha256/HEX`; every step's `identifier` is its fingerprint.
public struct ProvenanceCrate: Sendable, Equatable {
    /// The file's name in a results folder.
    public static let name = "provenance.json"
    /// The experiment after `--set`: the crate's workflow.
    static let workflow = "experiment.json"

    /// What was run on what.
    public let record: ProvenanceRecord
    /// The files of the results folder.
    public let files: [ProvenanceRecord.Item]

    package init(_ record: ProvenanceRecord, files: [ProvenanceRecord.Item]) {
        self.record = record
        self.files = files
    }

    // MARK: Writing

    private static let profiles =
        ["process", "workflow", "provenance"].map { "https://w3id.org/ro/wfrun/\($0)/0.6" }
        + ["https://w3id.org/workflowhub/workflow-ro-crate/1.1"]
    /// Where it is written what the stages compute.
    private static let method = "https://arxiv.org/abs/2204.04601"
    private static let nameStart = "Results of "
    private static let license = "https://www.apache.org/licenses/LICENSE-2.0"

    package var json: String {
        let context: Value = [
            "https://w3id.org/ro/crate/1.3/context", "https://w3id.org/ro/terms/workflow-run/context",
        ]
        return Value.object(["@context": context, "@graph": .array(head + software + data + actions)]).json(
            pretty: true) + "\n"
    }

    private func entity(_ id: String, _ types: String..., members: [String: Value] = [:]) -> Value {
        .object(
            members.merging([
                "@id": .string(id), "@type": types.count == 1 ? .string(types[0]) : .array(types.map { .string($0) }),
            ]) { $1 })
    }

    private func reference(_ id: String) -> Value { ["@id": .string(id)] }
    private func references(_ ids: [String]) -> Value { .array(ids.map(reference)) }

    private static func escaped(_ name: String) -> String {
        name.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-_.")))
            ?? name
    }

    private static func id(_ item: ProvenanceRecord.Item) -> String { idStart + item.digest.hex }
    private static let idStart = "hash://sha256/"
    private static func toolID(_ step: ProvenanceRecord.Step) -> String { "#stage/\(escaped(step.stage))" }
    private static func stepID(_ step: ProvenanceRecord.Step) -> String { "#step/\(escaped(step.job))" }
    private static func runID(_ step: ProvenanceRecord.Step) -> String { runStart + escaped(step.job) }
    private static let runStart = "#run/"
    private static func parameterID(_ step: ProvenanceRecord.Step, _ name: String) -> String {
        "#parameter/\(escaped(step.job))/\(escaped(name))"
    }

    /// Each content once, under its first name.
    private var items: [ProvenanceRecord.Item] {
        var seen: Set<Digest> = []
        return (record.inputs + record.steps.flatMap(\.outputs)).filter { seen.insert($0.digest).inserted }
    }

    private var ended: Date { record.steps.map(\.ended).max() ?? Date(timeIntervalSince1970: 0) }

    private var head: [Value] {
        let profiles = Self.profiles.map {
            entity(
                $0, "CreativeWork", "Profile",
                members: ["name": .string($0), "version": .string(String($0.split(separator: "/").last ?? ""))])
        }
        return [
            entity(
                "ro-crate-metadata.json", "CreativeWork",
                members: [
                    "about": reference("./"),
                    "conformsTo": references([
                        "https://w3id.org/ro/crate/1.3", "https://w3id.org/workflowhub/workflow-ro-crate/1.1",
                    ]),
                ]),
            entity(
                "./", "Dataset",
                members: [
                    "name": .string(Self.nameStart + record.experiment), "description": .string(record.title),
                    "datePublished": .string(ended.ISO8601Format()),
                    "license": reference(Self.license), "conformsTo": references(Self.profiles),
                    "mainEntity": reference(Self.workflow),
                    "hasPart": references(files.map(\.name) + items.map(Self.id)),
                    "mentions": references(["#run", "#organize"]),
                ]),
            entity(
                Self.license, "CreativeWork",
                members: ["name": "Apache-2.0", "description": "Apache License, Version 2.0"]),
        ] + profiles
    }

    /// The engine, the workflow, its steps and its tools, one a stage.
    private var software: [Value] {
        var stages: [ProvenanceRecord.Step] = []
        for step in record.steps where !stages.contains(where: { $0.stage == step.stage }) { stages.append(step) }
        let tools = stages.map { stage in
            entity(
                Self.toolID(stage), "SoftwareApplication",
                members: [
                    "name": .string("lavise-pipeline, stage \(stage.stage)"), "url": .string(Self.method),
                    "version": .string("revision \(stage.parameters["revision"]?.intValue ?? 1)"),
                ])
        }
        let steps = record.steps.enumerated().map { index, step in
            entity(
                Self.stepID(step), "HowToStep",
                members: [
                    "name": .string(step.job), "position": .string(String(index + 1)),
                    "workExample": reference(Self.toolID(step)),
                ])
        }
        let engine = entity(
            "#lavise-pipeline", "SoftwareApplication",
            members: [
                "name": "lavise-pipeline", "url": .string(Self.method), "version": .string(PipelineVersion.text),
                "softwareVersion": .string(
                    record.versions.sorted { $0.key < $1.key }.map { "\($0) \($1)" }.joined(separator: ", ")),
            ])
        let language = entity(
            "#experiment-language", "ComputerLanguage",
            members: [
                "name": "lavise-pipeline experiment", "alternateName": "JSON",
                "url": "https://www.rfc-editor.org/rfc/rfc8259", "version": "1",
            ])
        return [engine, language] + tools + steps
    }

    private var data: [Value] {
        let results = files.map { file -> Value in
            var members = describe(file)
            members["encodingFormat"] = .string(Self.format(file.name))
            guard file.name == Self.workflow else { return entity(file.name, "File", members: members) }
            members["name"] = .string("Experiment \(record.experiment)")
            members["programmingLanguage"] = reference("#experiment-language")
            members["hasPart"] = references(Array(Set(record.steps.map(Self.toolID))).sorted())
            members["step"] = references(record.steps.map(Self.stepID))
            return entity(file.name, "File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo", members: members)
        }
        let artifacts = items.map { entity(Self.id($0), $0.isFolder ? "Dataset" : "File", members: describe($0)) }
        let parameters = record.steps.flatMap { step in
            step.parameters.sorted { $0.key < $1.key }.map { name, value in
                entity(
                    Self.parameterID(step, name), "PropertyValue",
                    members: ["name": .string(name), "value": Self.plain(value)])
            }
        }
        return results + artifacts + parameters + usages
            + settings.map { id, words in
                entity(id, "PropertyValue", members: ["name": .string(words.name), "value": .string(words.value)])
            }
    }

    /// What the command line changed, an option and its value each.
    private var settings: [(id: String, words: (name: String, value: String))] {
        record.settings.enumerated().map { index, text in
            let words = text.split(separator: " ", maxSplits: 1)
            return ("\(Self.settingStart)\(index + 1)", (String(words[0]), words.count > 1 ? String(words[1]) : ""))
        }
    }

    private static let settingStart = "#setting/"

    /// What a step took: a name, a number and its unit (QUDT) each.
    private static func usage(_ step: ProvenanceRecord.Step) -> [(name: String, value: Value, unit: String)] {
        var usage: [(name: String, value: Value, unit: String)] = []
        if let bytes = step.peakMemory { usage.append(("peakMemory", .int(bytes), "BYTE")) }
        if let cost = step.cost {
            usage += [("coreSeconds", .double(cost.coreSeconds), "SEC"), (energy, .double(cost.joules), "J")]
        }
        return usage
    }

    private static let energy = "energy"
    private static let unitStart = "https://qudt.org/vocab/unit/"
    private static let measured = "as the processors' meter says (RAPL)"
    private static let estimated = "an estimate: so many watts a busy core"
    static let usageStart = "#usage/"
    private static func usageID(_ step: ProvenanceRecord.Step, _ name: String) -> String {
        "\(usageStart)\(escaped(step.job))/\(name)"
    }

    private var usages: [Value] {
        record.steps.flatMap { step in
            Self.usage(step).map { usage in
                var members: [String: Value] = [
                    "name": .string(usage.name), "propertyID": .string(usage.name), "value": usage.value,
                    "unitCode": .string(Self.unitStart + usage.unit),
                ]
                if usage.name == Self.energy {
                    members["description"] = .string(step.cost?.isMeasured == true ? Self.measured : Self.estimated)
                }
                return entity(Self.usageID(step, usage.name), "PropertyValue", members: members)
            }
        }
    }

    /// Reads what `usages` says of a step.
    private static func cost(_ usages: [Value]) -> (cost: Cost?, peakMemory: Int?) {
        func usage(_ name: String) -> Value? { usages.first { $0["name"]?.stringValue == name } }
        func number(_ name: String) -> Double? { usage(name)?["value"]?.doubleValue }
        var cost = number("coreSeconds").map { Cost(coreSeconds: $0, joules: number(energy)) }
        cost?.isMeasured = usage(energy)?["description"]?.stringValue == measured
        return (cost, number("peakMemory").map { Int($0) })
    }

    private func describe(_ item: ProvenanceRecord.Item) -> [String: Value] {
        ["name": .string(item.name), "sha256": .string(item.digest.hex), "contentSize": .string(String(item.bytes))]
    }

    private static func plain(_ value: Value) -> Value {
        switch value {
        case .string, .int, .double, .bool: value
        default: .string(value.json(pretty: false))
        }
    }

    private static func format(_ name: String) -> String {
        switch URL(fileURLWithPath: name).pathExtension {
        case "md": "text/markdown"
        case "csv": "text/csv"
        case "tex": "application/x-tex"
        case "svg": "image/svg+xml"
        default: "application/json"
        }
    }

    /// The run as a whole, and every step's.
    private var actions: [Value] {
        let runs = record.steps.map { step in
            entity(
                Self.runID(step), "CreateAction",
                members: [
                    "name": .string("Run of \(step.job)"), "instrument": reference(Self.toolID(step)),
                    "identifier": .string(step.fingerprint.hex),
                    "object": references(
                        step.inputs.map(Self.id) + step.parameters.keys.sorted().map { Self.parameterID(step, $0) }),
                    "result": references(step.outputs.map(Self.id)), "startTime": .string(step.began.ISO8601Format()),
                    "endTime": .string(step.ended.ISO8601Format()),
                    "actionStatus": ["@id": "http://schema.org/CompletedActionStatus"],
                    "resourceUsage": references(Self.usage(step).map { Self.usageID(step, $0.name) }),
                ])
        }
        let controls = record.steps.map { step in
            entity(
                "#control/\(Self.escaped(step.job))", "ControlAction",
                members: [
                    "name": .string("Orchestration of \(step.job)"), "instrument": reference(Self.stepID(step)),
                    "object": reference(Self.runID(step)),
                ])
        }
        let whole = entity(
            "#run", "CreateAction",
            members: [
                "name": .string("Run of \(record.experiment)"), "instrument": reference(Self.workflow),
                "object": references(record.inputs.map(Self.id) + settings.map(\.id)),
                "result": references(files.map(\.name).filter { $0 != Self.workflow }),
                "endTime": .string(ended.ISO8601Format()),
                "actionStatus": ["@id": "http://schema.org/CompletedActionStatus"],
            ])
        let organize = entity(
            "#organize", "OrganizeAction",
            members: [
                "name": .string("Run of \(record.experiment) by the engine"),
                "instrument": reference("#lavise-pipeline"), "result": reference("#run"),
                "object": references(record.steps.map { "#control/\(Self.escaped($0.job))" }),
            ])
        return [whole, organize] + runs + controls
    }

    // MARK: Reading

    /// Reads `provenance.json`.
    /// - Parameter name: the file, for errors.
    /// - Throws: `ExperimentError` when it is no record of ours.
    public init(json: String, name: String) throws {
        guard let graph = (try? Value(json: json))?["@graph"]?.arrayValue else {
            throw ExperimentError("\(name): no provenance of a run; write the results again with lavise-pipeline run")
        }
        let entities = Dictionary(
            graph.compactMap { entity in entity["@id"]?.stringValue.map { ($0, entity) } },
            uniquingKeysWith: { first, _ in first })
        func targets(_ value: Value?) -> [Value] {
            (value?.arrayValue ?? [value].compactMap { $0 }).compactMap { $0["@id"]?.stringValue }.compactMap {
                entities[$0]
            }
        }
        func item(_ entity: Value) -> ProvenanceRecord.Item? {
            guard let name = entity["name"]?.stringValue,
                let digest = entity["sha256"]?.stringValue.flatMap(Digest.init(hex:))
            else { return nil }
            return ProvenanceRecord.Item(
                name: name, digest: digest, bytes: entity["contentSize"]?.stringValue.flatMap { Int($0) } ?? 0,
                isFolder: entity["@type"] == "Dataset")
        }
        func date(_ value: Value?) -> Date {
            value?.stringValue.flatMap { try? Date($0, strategy: .iso8601) } ?? Date(timeIntervalSince1970: 0)
        }
        let steps = graph.compactMap { action -> ProvenanceRecord.Step? in
            guard let id = action["@id"]?.stringValue, id.hasPrefix(Self.runStart),
                let job = String(id.dropFirst(Self.runStart.count)).removingPercentEncoding,
                let fingerprint = action["identifier"]?.stringValue.flatMap(Digest.init(hex:))
            else { return nil }
            let objects = targets(action["object"])
            let parameters = objects.filter { $0["@type"] == "PropertyValue" }.compactMap { value in
                value["name"]?.stringValue.map { ($0, value["value"] ?? .null) }
            }
            let (cost, peakMemory) = Self.cost(targets(action["resourceUsage"]))
            return ProvenanceRecord.Step(
                job: job,
                stage: targets(action["instrument"]).first?["name"]?.stringValue?.split(separator: " ").last.map(
                    String.init) ?? job,
                fingerprint: fingerprint, parameters: Dictionary(parameters, uniquingKeysWith: { first, _ in first }),
                inputs: objects.compactMap(item),
                outputs: targets(action["result"]).compactMap(item), began: date(action["startTime"]),
                ended: date(action["endTime"]), cost: cost, peakMemory: peakMemory)
        }
        let settings = targets(entities["#run"]?["object"]).filter {
            $0["@id"]?.stringValue?.hasPrefix(Self.settingStart) == true
        }
        .compactMap { setting in setting["name"]?.stringValue.map { "\($0) \(setting["value"]?.stringValue ?? "")" } }
        let name = entities["./"]?["name"]?.stringValue ?? ""
        record = ProvenanceRecord(
            experiment: name.hasPrefix(Self.nameStart) ? String(name.dropFirst(Self.nameStart.count)) : name,
            title: entities["./"]?["description"]?.stringValue ?? "", settings: settings, versions: [:], steps: steps)
        files = graph.compactMap { entity in
            guard let id = entity["@id"]?.stringValue, !id.hasPrefix(Self.idStart), var file = item(entity) else {
                return nil
            }
            file.name = id
            return file
        }
    }
}

extension Value {
    /// What a crate says but for when it was, and how much it took.
    var withoutTimes: Value {
        switch self {
        case .object(let object):
            object["@id"]?.stringValue?.hasPrefix(ProvenanceCrate.usageStart) == true
                ? .object(object.filter { $0.key == "@id" })
                : .object(
                    object.filter { !["startTime", "endTime", "datePublished"].contains($0.key) }
                        .mapValues(\.withoutTimes))
        case .array(let items): .array(items.map(\.withoutTimes))
        default: self
        }
    }
}
