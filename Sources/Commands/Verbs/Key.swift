import ArgumentParser
import Fingerprints
import Foundation
import Pipeline
import Remote

struct Key: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "The key that signs what a remote store is given, and the keys that are trusted.",
        discussion: """
              lavise-pipeline key new     makes yours, once
              lavise-pipeline key show    prints its public half: others add it to remote.trust in their lavise.json
            Whoever has the file can sign as you. LAVISE_KEY names another place than ~/.config/lavise-pipeline/signing-key.pem.
            """)

    enum Action: String, ExpressibleByArgument, CaseIterable { case new, show }

    @OptionGroup var global: GlobalOptions
    @Argument(help: "new or show.") var action: Action = .show

    func run() throws {
        let project = try global.open()
        let file = try SigningKeyFile(environment: GlobalOptions.environment)
        let key = try action == .new ? file.create() : file.read()
        let trust = try LaviseSettings(project.places).remote.trust.sorted { $0.key < $1.key }
        if global.json {
            return try standardOutput(json: [
                "schema": 1, "path": .string(file.path), "key": key.map { .string("\($0.publicKey)") } ?? .null,
                "trust": .object(Dictionary(uniqueKeysWithValues: trust.map { ($0.key, .string("\($0.value)")) })),
            ])
        }
        let mine = key.map { "\($0.publicKey)" } ?? "none: `lavise-pipeline key new` makes one"
        try standardOutput(lines: Format.columns([["yours", mine]] + trust.map { [$0.key, "\($0.value)"] }))
        if !global.quiet, action == .new {
            standardError(
                "kept in \(file.path), for you alone; others trust it by a line of remote.trust in their lavise.json")
        }
    }
}
