import Fingerprints

/// A project that uses a store, as the store remembers it: garbage collection keeps what it stands on.
public struct KnownProject: Sendable, Hashable {
    /// The project folder, and the base of its data paths.
    public let path: String, data: String
    /// The folder with a folder for each experiment's results.
    public let results: String

    /// - Parameters:
    ///   - path: the project folder, absolute.
    ///   - data: the base of its data paths, absolute.
    ///   - results: the folder with a folder for each experiment's results, absolute.
    public init(path: String, data: String, results: String) {
        self.path = path
        self.data = data
        self.results = results
    }
}

extension Store {
    /// Remembers a project; a store that can only be read stays as it is.
    /// - Throws: `EngineError`.
    public func register(_ project: KnownProject) throws {
        try asEngineError {
            try checkIsStore()
            let value = value(of: project), path = sharded("projects", value.digest)
            let bytes = Array((value.json(pretty: true) + "\n").utf8)
            guard try fileSystem.read(path) != bytes else { return }
            do {
                try place(bytes, at: path, durable: true)
            } catch let error as FileSystemError where error.isReadOnly {}
        }
    }

    /// The projects that use the store, by path.
    /// - Throws: `EngineError.newerFormat` for a record that this program cannot read.
    public func projects() throws -> [KnownProject] {
        try asEngineError {
            try digests(in: "projects").map { key in
                let path = sharded("projects", key)
                guard let bytes = try fileSystem.read(path), let value = try? Value(json: bytes),
                    let project = project(value)
                else {
                    throw EngineError.newerFormat(path: path)
                }
                return project
            }.sorted { ($0.path, $0.data, $0.results) < ($1.path, $1.data, $1.results) }
        }
    }

    /// Forgets a project: what only it stands on is garbage then.
    /// - Returns: whether it was known.
    /// - Throws: `EngineError`.
    public func forgetProject(at path: String) throws -> Bool {
        try asEngineError {
            let path = try fileSystem.absolute(path)
            let records = try projects().filter { $0.path == path }
            for record in records { try fileSystem.remove(sharded("projects", value(of: record).digest)) }
            return !records.isEmpty
        }
    }

    /// A project that the store lies in is named from there, and what lies in a project from the project, so that both
    /// may move.
    private func value(of project: KnownProject) -> Value {
        [
            "schema": 1, "project": .string(Self.path(project.path, from: root) ?? project.path),
            "data": .string(Self.below(project.path, project.data)),
            "results": .string(Self.below(project.path, project.results)),
        ]
    }

    private func project(_ value: Value) -> KnownProject? {
        guard value["schema"] == 1, let path = value["project"]?.stringValue, let data = value["data"]?.stringValue,
            let results = value["results"]?.stringValue
        else { return nil }
        var project = path
        if !path.hasPrefix("/") {
            project = root
            for _ in path.split(separator: "/") { project = Store.folder(of: project) }
        }
        let absolute = { (text: String) in text.hasPrefix("/") ? text : text.isEmpty ? project : "\(project)/\(text)" }
        return KnownProject(path: project, data: absolute(data), results: absolute(results))
    }

    /// `../..` when `folder` holds `place`.
    private static func path(_ folder: String, from place: String) -> String? {
        guard place.hasPrefix(folder + "/") else { return nil }
        return place.dropFirst(folder.count + 1).split(separator: "/").map { _ in ".." }.joined(separator: "/")
    }

    private static func below(_ folder: String, _ path: String) -> String {
        path == folder ? "" : path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.count + 1)) : path
    }
}
