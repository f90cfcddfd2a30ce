import Fingerprints

/// The lists of values by dotted key of which every combination is a row, the last key fastest.
struct Matrix {
    /// More rows than anyone means.
    static let mostRows = 10_000

    struct Axis {
        /// As the file says it: `protocol.deviations`.
        let key: String
        /// Its components.
        let path: [String]
        let place: TextPlace
        let values: [JSONNode]
    }

    /// In the order of the file.
    let axes: [Axis]
    private let place: TextPlace

    /// - Parameter member: the experiment's member `matrix`, if it has one.
    /// - Throws: `TextError` for what is no list, an axis that cannot vary or that another one writes over, a value
    ///   that stands twice.
    init(_ member: JSONNode.Member?) throws(TextError) {
        guard let node = member?.value, !node.isNull else {
            (axes, place) = ([], member?.place ?? TextPlace(whole: ""))
            return
        }
        place = node.place
        guard case .object(let members) = node.content else {
            throw TextError(node.place, "\"matrix\" must be an object of lists, e.g. {\"seed\": [0, 1, 2]}")
        }
        var axes: [Axis] = []
        for member in members where !member.key.hasPrefix("$") {
            let axis = try Self.axis(member)
            if let earlier = axes.first(where: { $0.path.starts(with: axis.path) }) {
                throw TextError(
                    member.place,
                    "\"matrix.\(axis.key)\" would write over \"matrix.\(earlier.key)\"; "
                        + "let it stand before that key, or leave one out")
            }
            axes.append(axis)
        }
        self.axes = axes
        var rows = 1
        for axis in axes where rows <= Self.mostRows { rows *= min(axis.values.count, Self.mostRows + 1) }
        guard rows <= Self.mostRows else { throw TextError(place, "\"matrix\" has more than \(Self.mostRows) rows") }
    }

    private static func axis(_ member: JSONNode.Member) throws(TextError) -> Axis {
        let path = member.key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard Experiment.variableKeys.contains(path[0]), !path.contains("") else {
            let known = Experiment.variableKeys
            let hint =
                nearest(to: path[0], among: known).map { "did you mean \"\($0)\"?" }
                ?? "they begin with one of \(known.joined(separator: ", "))"
            throw TextError(member.place, "unknown key \"matrix.\(member.key)\" among those that can vary; \(hint)")
        }
        guard case .array(let values) = member.value.content, !values.isEmpty else {
            throw TextError(member.value.place, "\"matrix.\(member.key)\" must be a list of values that is not empty")
        }
        var seen: Set<[UInt8]> = []
        for value in values {
            // A seed of `null` is the default one.
            let plain = member.key == "seed" && value.isNull ? 0 : value.value
            guard seen.insert(plain.canonicalBytes).inserted else {
                throw TextError(
                    value.place,
                    "\"matrix.\(member.key)\" has \(plain.json(pretty: false)) twice; every row counts once")
            }
        }
        return Axis(key: member.key, path: path, place: member.place, values: values)
    }

    struct Row {
        /// The values as text, in the order of the axes.
        let labels: [String]
        let experiment: JSONNode
    }

    /// `experiment` once for every combination; once as it is without axes.
    /// - Throws: `TextError`.
    func rows(of experiment: JSONNode) throws(TextError) -> [Row] {
        var rows = [Row(labels: [], experiment: experiment)]
        for axis in axes {
            var longer: [Row] = []
            for row in rows {
                for value in axis.values {
                    let varied = try row.experiment.setting(axis.path[...], to: value, at: axis.place) {
                        TextError(axis.place, "\"matrix.\(axis.key)\" cannot be set: \($0)")
                    }
                    longer.append(Row(labels: row.labels + [Self.label(value.value)], experiment: varied))
                }
            }
            rows = longer
        }
        var names: Set<String> = []
        for row in rows where !names.insert(row.labels.joined(separator: ", ")).inserted {
            throw TextError(place, "two rows of \"matrix\" have the name \"\(row.labels.joined(separator: ", "))\"")
        }
        return rows
    }

    private static func label(_ value: Value) -> String {
        switch value {
        case .string(let text): text
        case .array(let items): items.isEmpty ? "none" : items.map(label).joined(separator: " + ")
        case .object(let members):
            members.sorted { $0.key < $1.key }.map { key, value in
                value.boolValue.map { $0 ? key : "no \(key)" } ?? "\(key) \(label(value))"
            }.joined(separator: " + ")
        default: value.withWholeNumbers.json(pretty: false)
        }
    }
}

extension Value {
    /// With numbers such as `1.0` and `1e3` as whole ones, so that they read as they count.
    var withWholeNumbers: Value {
        switch self {
        case .double: intValue.map { .int($0) } ?? self
        case .array(let items): .array(items.map(\.withWholeNumbers))
        case .object(let members): .object(members.mapValues(\.withWholeNumbers))
        default: self
        }
    }
}
