import Fingerprints
import Foundation
import Pipeline
import Reporting
import Testing

/// experiments/schema.json and the reader of experiments say the same: of every key, type, range, choice and default.
@Suite struct SchemaTests {
    private static let experiments = URL(fileURLWithPath: #filePath).appending(path: "../../../experiments")
        .standardized

    private static func schema() throws -> JSONSchema {
        JSONSchema(root: try Value(json: [UInt8](Data(contentsOf: experiments.appending(path: "schema.json")))))
    }

    private static func isRead(_ experiment: Value) -> Bool {
        (try? ExperimentFile(json: experiment.json(pretty: false), file: "x.json")) != nil
    }

    private static let plain: Value = [
        "name": "x", "dataset": ["kind": "coco", "root": "a"], "embedding": ["kind": "glove", "path": "b"],
        "backbone": ["architecture": "resnet18", "weights": ["path": "w"]],
    ]
    private static let scenes: Value = [
        "name": "x", "dataset": ["kind": "demo-scenes"], "embedding": ["kind": "demo-scenes"],
        "backbone": ["architecture": "alexnet", "random": true],
        "claims": [
            ["source": "A", "method": "image", "k": 5, "published": 0.5],
            ["source": "B", "order": ["image", "original"]],
        ],
    ]

    private static let dependsOnTheNetwork: Set<[String]> = [
        ["backbone", "architecture"], ["backbone", "layer"], ["backbone", "layers"],
        ["backbone", "preprocess", "resize"], ["backbone", "preprocess", "crop"],
    ]

    /// Values of every type, at and beside every bound, and every choice that the schema names.
    private static func probes(_ schema: JSONSchema, _ node: Value) -> [Value] {
        var values: [Value] = [
            nil, true, false, 0, -1, 1, 0.5, 1.5, .double(1e300), "", "x", "all", [], [:], ["a"], [1, 2], [2, 1],
            [1, 1], [0.5], [nil], ["image", "image"], ["$note": 1], ["nothing": 1],
        ]
        for bound in schema.every("minimum", in: node) + schema.every("maximum", in: node) {
            values += [bound, .double((bound.doubleValue ?? 0) - 1), .double((bound.doubleValue ?? 0) + 1)]
        }
        let choices = schema.every("enum", in: node).flatMap { $0.arrayValue ?? [] } + schema.every("const", in: node)
        return values + choices + choices.map { [$0] }
    }

    @Test func everyValueIsReadExactlyWhereTheSchemaAllowsIt() throws {
        let schema = try Self.schema()
        var tried = 0, allowed = 0
        for base in [Self.plain, Self.scenes] {
            #expect(schema.allows(base) && Self.isRead(base))
            for (path, node) in schema.keys() {
                for probe in Self.probes(schema, node) + [Value?.none] {
                    let changed = base.setting(path, to: probe)
                    // Of filters the layer knows how many there are; ks must rise; a name's letters are the reader's
                    // own.
                    if path == ["evaluate", "ks"] && probe == [2, 1] || path == ["name"] { continue }
                    // Which layers there are, and whether one must be named, is the network's; a crop fits into its
                    // picture.
                    if Self.dependsOnTheNetwork.contains(path), schema.allows(changed) { continue }
                    tried += 1
                    allowed += schema.allows(changed) ? 1 : 0
                    // What a matrix's values make of other keys no schema can say.
                    if path.first == "matrix", schema.allows(changed) { continue }
                    #expect(
                        schema.allows(changed) == Self.isRead(changed),
                        "\(path.joined(separator: ".")) = \(probe.map { $0.json(pretty: false) } ?? "absent"): schema \(schema.allows(changed))"
                    )
                }
            }
        }
        #expect(tried > 2000 && allowed > 300 && allowed < tried)
    }

    /// Giving a key its default changes nothing.
    @Test func defaultsAreTheReaders() throws {
        let schema = try Self.schema()
        var checked = 0
        for (path, node) in schema.keys() {
            guard let value = node["default"], path.first != "matrix", !path.contains("0") else { continue }
            // Their default takes the claims of the second away.
            for base in path == ["claims"] ? [Self.plain] : [Self.plain, Self.scenes] {
                let given = base.setting(path, to: value)
                guard let before = try? ExperimentFile(json: base.json(pretty: false), file: "x"),
                    let after = try? ExperimentFile(json: given.json(pretty: false), file: "x")
                else { continue }
                #expect(
                    "\(before.variants[0].experiment)" == "\(after.variants[0].experiment)",
                    "\(path.joined(separator: "."))")
                checked += 1
            }
        }
        #expect(checked > 20)
    }

    /// A claim on other settings than its source's says so: of those that are no row of a published table.
    @Test func claimsOnOtherSettingsSayWhatDiffers() throws {
        let published = Set(PublishedTable.all.flatMap(\.rows).map(\.experiment))
        var others = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: Self.experiments.path)
        where name.hasSuffix(".json") && name != "schema.json" {
            let experiment = try Value(json: [UInt8](Data(contentsOf: Self.experiments.appending(path: name))))
            let isSource = published.contains(name.replacingOccurrences(of: ".json", with: ""))
            for claim in experiment["claims"]?.arrayValue ?? [] {
                #expect((claim["differs"]?.stringValue == nil) == isSource, "\(name)")
                if !isSource { others += 1 }
            }
        }
        #expect(others >= 3)
    }

    @Test func theProjectsExperimentsFollowIt() throws {
        let schema = try Self.schema()
        for name in try FileManager.default.contentsOfDirectory(atPath: Self.experiments.path)
        where name.hasSuffix(".json") && name != "schema.json" {
            #expect(
                schema.allows(try Value(json: [UInt8](Data(contentsOf: Self.experiments.appending(path: name))))),
                "\(name)")
        }
    }
}

extension Value {
    /// With another value at a path through objects and lists; nil takes it away.
    fileprivate func setting(_ path: [String], to value: Value?) -> Value {
        guard let key = path.first else { return value ?? nil }
        let rest = Array(path.dropFirst())
        if case .array(var items) = self, let index = Int(key), items.indices.contains(index) {
            items[index] = items[index].setting(rest, to: value)
            return .array(items)
        }
        var members = objectValue ?? [:]
        members[key] = rest.isEmpty ? value : (members[key] ?? [:]).setting(rest, to: value)
        return .object(members)
    }
}

/// As much of JSON Schema 2020-12 as experiments/schema.json uses; a keyword it does not know allows nothing.
private struct JSONSchema {
    let root: Value

    func allows(_ value: Value) -> Bool { allows(value, root) }

    private func allows(_ value: Value, _ schema: Value) -> Bool {
        if let flag = schema.boolValue { return flag }
        guard let rules = schema.objectValue else { return false }
        return rules.allSatisfy { allows(value, $0, $1, rules) }
    }

    private func allows(_ value: Value, _ keyword: String, _ rule: Value, _ rules: [String: Value]) -> Bool {
        let members = value.objectValue, items = value.arrayValue, number = value.doubleValue
        let rulesOf = rule.arrayValue ?? []
        switch keyword {
        case "$schema", "$defs", "title", "description", "default", "then", "else": return true
        case "type": return (rule.arrayValue ?? [rule]).contains { isOf(value, $0.stringValue ?? "") }
        case "enum": return rulesOf.contains(value)
        case "const": return rule == value
        case "minimum": return number.map { $0 >= rule.doubleValue ?? .nan } ?? true
        case "maximum": return number.map { $0 <= rule.doubleValue ?? .nan } ?? true
        case "minLength": return value.stringValue.map { $0.count >= rule.intValue ?? 0 } ?? true
        case "maxLength": return value.stringValue.map { $0.count <= rule.intValue ?? 0 } ?? true
        case "pattern":
            return value.stringValue.map { $0.range(of: rule.stringValue ?? "", options: .regularExpression) != nil }
                ?? true
        case "minItems": return items.map { $0.count >= rule.intValue ?? 0 } ?? true
        case "maxItems": return items.map { $0.count <= rule.intValue ?? 0 } ?? true
        case "uniqueItems": return items.map { Set($0).count == $0.count } ?? true
        case "items": return items?.allSatisfy { allows($0, rule) } ?? true
        case "required":
            return members.map { members in rulesOf.allSatisfy { members[$0.stringValue ?? ""] != nil } } ?? true
        case "properties":
            return members?.allSatisfy { key, value in rule[key].map { allows(value, $0) } ?? true } ?? true
        case "patternProperties": return rule.objectValue?.keys.allSatisfy { $0 == "^\\$" } ?? false
        case "additionalProperties":
            let comments = rules["patternProperties"] != nil
            return members?.keys.allSatisfy { rules["properties"]?[$0] != nil || comments && $0.hasPrefix("$") } ?? true
        case "oneOf": return rulesOf.count { allows(value, $0) } == 1
        case "anyOf": return rulesOf.contains { allows(value, $0) }
        case "allOf": return rulesOf.allSatisfy { allows(value, $0) }
        case "not": return !allows(value, rule)
        case "if": return allows(value, (allows(value, rule) ? rules["then"] : rules["else"]) ?? true)
        case "$ref": return resolve(rule).map { allows(value, $0) } ?? false
        default: return false
        }
    }

    private func isOf(_ value: Value, _ type: String) -> Bool {
        switch (type, value) {
        case ("null", .null), ("boolean", .bool), ("string", .string), ("array", .array), ("object", .object): true
        case ("number", .int), ("number", .double): true
        case ("integer", .int), ("integer", .double): value.intValue != nil
        default: false
        }
    }

    private func resolve(_ reference: Value) -> Value? {
        var node: Value? = root
        for key in (reference.stringValue ?? "").split(separator: "/").dropFirst() {
            node =
                Int(key).flatMap { index in node?.arrayValue.flatMap { $0.indices.contains(index) ? $0[index] : nil } }
                ?? node?[String(key)]
        }
        return node
    }

    /// The rules of every key, with the path to it; of claims the first two.
    func keys(_ node: Value? = nil, _ path: [String] = []) -> [(path: [String], node: Value)] {
        let node = node ?? root
        var found: [(path: [String], node: Value)] = path.isEmpty ? [] : [(path: path, node: node)]
        if let reference = node["$ref"], let target = resolve(reference) {
            return path.first == "matrix" ? [(path, node)] : keys(target, path)
        }
        for (key, rules) in (node["properties"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key })
        where key != "$schema" { found += keys(rules, path + [key]) }
        for choice in node["oneOf"]?.arrayValue ?? [] where choice["properties"] != nil && path == ["protocol"] {
            found += keys(choice, path).dropFirst()
        }
        if path == ["claims"], let items = node["items"] {
            found += keys(items, path + ["0"]) + keys(items, path + ["1"])
        }
        return found
    }

    /// What a keyword says anywhere below a node.
    func every(_ keyword: String, in node: Value) -> [Value] {
        switch node {
        case .object(let members):
            (members[keyword].map { [$0] } ?? [])
                + (members["$ref"].flatMap(resolve).map { every(keyword, in: $0) } ?? [])
                + members.sorted { $0.key < $1.key }.flatMap { every(keyword, in: $1) }
        case .array(let items): items.flatMap { every(keyword, in: $0) }
        default: []
        }
    }
}
