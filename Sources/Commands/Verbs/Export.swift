import ArgumentParser
import Engine
import Fingerprints
import Foundation
import Pipeline
import Remote

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract:
            "One archive that proves a table: claims, tables, provenance, container recipe, signature; or a check of one.",
        discussion: """
            Needs an experiment that is up to date. The archive is signed with your Ed25519 key (LAVISE_KEY, or \
            lavise-pipeline/signing-key.pem in ~/.config), which is made where there is none.
            --check looks at every byte, without data and network, and ends with 5 where one was changed.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(
        help: ArgumentHelp("An experiment file, or the name of one in experiments/.", valueName: "experiment"),
        completion: Completion.experiments)
    var experiment: String?

    @Option(
        help: ArgumentHelp("Change a parameter: a.b=VALUE; VALUE is JSON, or else a string.", valueName: "key=value"))
    var set: [String] = []

    @Option(help: ArgumentHelp("Of a run with several seeds: 0..4 or 0,1,2.", valueName: "seeds"))
    var seeds: String?

    @Option(
        name: [.short, .long], help: ArgumentHelp("Where the archive goes (default NAME.zip).", valueName: "file"),
        completion: .file())
    var output: String?

    @Option(help: ArgumentHelp("Check this archive instead.", valueName: "file"), completion: .file())
    var check: String?

    @Option(
        help: ArgumentHelp("With --check: whose signature counts, ed25519:… or a file that has it.", valueName: "key"))
    var key: String?

    /// No bundle of tables comes near this.
    private static let largest = 256 << 20

    func validate() throws {
        guard (check == nil) != (experiment == nil) else {
            throw ValidationError("name an experiment, or an archive with --check")
        }
        if check != nil, !set.isEmpty || seeds != nil || output != nil {
            throw ValidationError("--check takes no --set, --seeds and --output")
        }
        if check == nil, key != nil { throw ValidationError("--key goes with --check") }
    }

    func run() throws {
        if let check { try examine(check) } else if let experiment { try write(experiment) }
    }

    private func write(_ name: String) throws {
        let project = try global.open()
        let file = try project.experiment(name, settings: set, seeds: seeds.map { try SeedList($0).seeds })
        let shown = output ?? "\(file.resultsName).zip", path = project.places.argumentPath(shown)
        try Self.checkPlace(path, shown)
        let state = try project.state(of: project.plan(file))
        let proof = try TableProof(state, project, key: signingKey())
        try Data(proof.bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
        guard global.json else {
            try standardOutput(shown)
            if !global.quiet {
                standardError("\(proof.files) files, \(Format.bytes(proof.bytes.count)), signed by \(proof.publicKey)")
            }
            return
        }
        try standardOutput(json: [
            "schema": 1, "experiment": .string(file.name), "archive": .string(shown), "bytes": .int(proof.bytes.count),
            "files": .int(proof.files), "key": .string("\(proof.publicKey)"),
        ])
    }

    /// The user's, made where there is none.
    private func signingKey() throws -> SigningKey {
        let file = try SigningKeyFile(environment: GlobalOptions.environment)
        if let key = try file.read() { return key }
        let key = try file.create()
        if !global.quiet {
            standardError("made a signing key, \(file.path); publish its public half: \(key.publicKey)")
        }
        return key
    }

    /// Before a key is made: an archive cannot lie where there is no folder for it, or in a folder's place.
    private static func checkPlace(_ path: String, _ shown: String) throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw ExperimentError("\(shown): there is no folder \(folder); make it, or name another place with -o")
        }
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            throw ExperimentError("\(shown): a folder stands there; name a file in it with -o")
        }
        guard access(folder, W_OK) == 0 else {
            let reason = String(cString: strerror(errno))
            throw ExperimentError("\(shown): nothing can be written to \(folder): \(reason)")
        }
    }

    private func examine(_ name: String) throws {
        let places = try Places(directory: global.project, data: nil), path = places.argumentPath(name)
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        guard size <= Self.largest else {
            throw ExperimentError("\(name): \(Format.bytes(size)), which no archive of a table has")
        }
        let found = ProofCheck([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))), trusted: try trusted(places))
        if global.json {
            let problems = found.problems.map { problem -> Value in
                [
                    "file": problem.file.map { .string($0) } ?? .null, "byte": problem.byte.map { .int($0) } ?? .null,
                    "problem": .string(problem.text),
                ]
            }
            try standardOutput(json: [
                "schema": 1, "archive": .string(name), "experiment": found.subject.map { .string($0) } ?? .null,
                "whole": .bool(problems.isEmpty),
                "files": .int(found.files), "key": found.key.map { .string("\($0)") } ?? .null,
                "problems": .array(problems),
                "claims": found.claims?["claims"] ?? .null,
            ])
        } else if found.problems.isEmpty {
            let verdicts = (found.claims?["claims"]?.arrayValue ?? []).compactMap { claim in
                claim["claim"]?.stringValue.flatMap { text in claim["verdict"]?.stringValue.map { "  \($0)  \(text)" } }
            }
            let signer =
                "\(found.subject ?? name): \(found.files) files, every byte as signed by \(found.key.map { "\($0)" } ?? "")"
            try standardOutput(lines: [signer] + verdicts)
            if key == nil, !global.quiet {
                standardError("whose key that is this file cannot prove; --key says whose counts")
            }
        } else {
            try standardOutput(lines: found.problems.map { "\($0)" })
        }
        if !found.problems.isEmpty { throw ExitCode(ExitStatus.integrity.rawValue) }
    }

    private func trusted(_ places: Places) throws -> PublicKey? {
        guard let key else { return nil }
        let path = places.argumentPath(key)
        let text = key.hasPrefix("ed25519:") ? key : try String(contentsOfFile: path, encoding: .utf8)
        guard let known = PublicKey(anyText: text) else {
            throw ExperimentError(
                "\(key): no Ed25519 public key: expected ed25519: and 44 characters, or a file of PEM")
        }
        return known
    }
}
