import Engine
import Fingerprints
import Foundation
import Synchronization
import TestSupport

/// A random DAG over random inputs, and a model that knows what each job must leave and which must run.
struct World {
    struct JobSpec {
        /// Indices into files, or of earlier jobs with the output read.
        var files: [Int]
        var jobs: [(job: Int, output: String)]
        var parameter: Int
        var revision = 1
        /// Outputs take one of this many contents, so that different inputs may give equal bytes.
        var contents: Int
        var hasFolder: Bool
    }

    var files: [[String]]
    var jobs: [JobSpec]

    init(_ random: inout RandomSource) {
        files = (0..<1 + random.below(3)).map { _ in (0..<1 + random.below(3)).map { _ in "v0" } }
        jobs = []
        for index in 0..<1 + random.below(7) {
            var spec = JobSpec(
                files: [], jobs: [], parameter: random.below(3), contents: 1 + random.below(4),
                hasFolder: random.below(3) == 0)
            for file in files.indices where random.below(3) == 0 { spec.files.append(file) }
            for other in 0..<index where random.below(3) == 0 {
                spec.jobs.append((other, jobs[other].hasFolder && random.below(2) == 0 ? "folder" : "out"))
            }
            jobs.append(spec)
        }
    }

    /// File inputs with one part are files, others folders.
    static func path(_ file: Int) -> String { "/data/f\(file)" }

    func write(_ file: Int, _ process: MemoryProcess) throws {
        try process.remove(Self.path(file))
        guard files[file].count > 1 else { return try process.write(Array(files[file][0].utf8), to: Self.path(file)) }
        try process.makeFolder(Self.path(file))
        for (part, text) in files[file].enumerated() {
            try process.write(Array(text.utf8), to: "\(Self.path(file))/\(part)")
        }
    }

    /// In place: only what `part` holds changes, its inode stays.
    func edit(_ file: Int, _ part: Int, _ process: MemoryProcess) throws {
        let path = files[file].count > 1 ? "\(Self.path(file))/\(part)" : Self.path(file)
        try process.write(Array(files[file][part].utf8), to: path)
    }

    // MARK: Model

    struct Expected: Equatable {
        /// Stands for the fingerprint.
        let key: String
        /// Output name → content.
        let outputs: [String: String]
    }

    func expected() -> [Expected] {
        var all: [Expected] = []
        for (index, spec) in jobs.enumerated() {
            let inputs =
                spec.files.map { "file[\(files[$0].joined(separator: "|"))]" }
                + spec.jobs.map { all[$0.job].outputs[$0.output] ?? "" }
            let key = "job\(index) revision \(spec.revision) parameter \(spec.parameter) inputs \(inputs)"
            all.append(Expected(key: key, outputs: Self.outputs(index, spec, inputs)))
        }
        return all
    }

    static func outputs(_ index: Int, _ spec: JobSpec, _ inputs: [String]) -> [String: String] {
        let digest = Digest(hashing: "\(index) \(spec.parameter) \(inputs)")
        let content = "content \(digest.bytes[0] % UInt8(spec.contents)) of job \(index)"
        return spec.hasFolder ? ["out": content, "folder": "folder \(content)"] : ["out": content]
    }

    // MARK: Plan

    /// - Parameter ran: hears the key of each execution, once the stage has read its inputs.
    func plan(_ process: MemoryProcess, _ ran: @escaping @Sendable (String) -> Void) throws -> Plan {
        let specs = jobs
        return try Plan(
            jobs.indices.map { index in
                let spec = specs[index]
                let inputs =
                    spec.files.map { Input("f\($0)", .file(Self.path($0))) }
                    + spec.jobs.map { Input("j\($0.job)", .output(job: "job\($0.job)", name: $0.output)) }
                let stage = TestStage(
                    name: "stage\(index)", revision: spec.revision, parameters: ["p": .int(spec.parameter)],
                    outputs: spec.hasFolder ? ["out", "folder"] : ["out"]
                ) { context in
                    let texts =
                        try spec.files.map {
                            "file[\(try Self.text(context.input("f\($0)"), process, separator: "|"))]"
                        }
                        + spec.jobs.map { try Self.text(context.input("j\($0.job)"), process, separator: "") }
                    ran("job\(index) revision \(spec.revision) parameter \(spec.parameter) inputs \(texts)")
                    for (name, content) in Self.outputs(index, spec, texts).sorted(by: { $0.key < $1.key }) {
                        if name == "folder" {
                            try process.makeFolder(context.output + "/folder/deep")
                            try process.write(Array(content.prefix(9).utf8), to: context.output + "/folder/a")
                            try process.write(Array(content.dropFirst(9).utf8), to: context.output + "/folder/deep/b")
                        } else {
                            try process.write(Array(content.utf8), to: context.output + "/out")
                        }
                    }
                }
                return Job(id: "job\(index)", stage: stage, inputs: inputs)
            })
    }

    static func text(_ path: String, _ process: MemoryProcess, separator: String) throws -> String {
        if let status = try process.status(of: path), status.kind == .folder {
            let scan = try process.scan(path, threads: 1)
            return try (0..<scan.count).map {
                String(decoding: try process.read("\(path)/\(scan.name($0))") ?? [], as: UTF8.self)
            }
            .joined(separator: separator)
        }
        return String(decoding: try process.read(path) ?? [], as: UTF8.self)
    }
}
