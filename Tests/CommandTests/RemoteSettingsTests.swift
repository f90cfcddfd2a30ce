import Fingerprints
import Foundation
import Pipeline
import Remote
import TestSupport
import Testing

/// `lavise.json`: read strictly, and described by its schema.
@Suite(.waits) struct RemoteSettingsTests {
    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..")
        .standardizedFileURL.path

    private func settings(_ text: String) throws -> LaviseSettings {
        try LaviseSettings(json: Array(text.utf8), file: "lavise.json")
    }

    @Test func everyKey() throws {
        let key = SigningKey().publicKey
        let settings = try settings(
            """
            {"$comment": "ours", "remote": {"url": "s3://bucket/a/b", "endpoint": "http://10.0.0.1:7480", "region": "eu-west-1", "write": true,
             "trust": {"anna": "\(key)"}, "connections": 8, "timeout": 3}}
            """)
        #expect(
            settings.remote.url == "s3://bucket/a/b" && settings.remote.endpoint == "http://10.0.0.1:7480"
                && settings.remote.region == "eu-west-1")
        #expect(
            settings.remote.write && settings.remote.trust == ["anna": key] && settings.remote.connections == 8
                && settings.remote.timeout == 3)
        #expect(try self.settings("{}") == LaviseSettings())
        let plain = try self.settings(#"{"remote": {}}"#).remote
        #expect(plain.connections == 4 && plain.timeout == 10 && !plain.write && plain.url == nil)
    }

    @Test(arguments: [
        (#"{"remot": {}}"#, #"lavise.json:1:2: unknown key "remot"; did you mean "remote"?"#),
        (#"{"remote": {"urk": "x"}}"#, #"unknown key "remote.urk"; did you mean "url"?"#),
        (
            #"{"remote": {"url": "ftp://x/y"}}"#,
            #""remote.url" must be http(s)://host/path, s3://bucket/prefix, or file:///folder"#
        ),
        (#"{"remote": {"url": "https://me:secret@x/y"}}"#, "they belong into the environment"),
        (#"{"remote": {"url": "s3://"}}"#, #""remote.url" must be"#),
        (#"{"remote": {"endpoint": "http://x/path"}}"#, #""remote.endpoint" must be http(s)://host[:port]"#),
        (#"{"remote": {"write": "yes"}}"#, #""remote.write" must be true or false"#),
        (#"{"remote": {"connections": 0}}"#, "a whole number from 1 to 64"),
        (#"{"remote": {"trust": ["x"]}}"#, #""remote.trust" must be an object"#),
        (#"{"remote": {"trust": {"anna": "ed25519:short"}}}"#, #""remote.trust.anna" must be a key"#),
        (#"{"remote": {}, "remote": {}}"#, "remote"), (#"{"remote": {},}"#, "lavise.json:1:15"),
        ("[]", "must be an object"),
    ])
    func mistakes(text: String, words: String) throws {
        let error = #expect(throws: ExperimentError.self) { try settings(text) }
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }

    @Test func theSchemaHasTheSameKeys() throws {
        let schema = try Value(
            json: Array(Data(contentsOf: URL(fileURLWithPath: Self.repository + "/docs/lavise.schema.json"))))
        #expect(Set(schema["properties"]?.objectValue?.keys ?? [:].keys) == Set(LaviseSettings.keys))
        #expect(
            Set(schema["properties"]?["remote"]?["properties"]?.objectValue?.keys ?? [:].keys)
                == Set(RemoteSettings.keys))
    }

    @Test func keysOnDisk() throws {
        try Command.with { command in
            let environment = ["LAVISE_KEY": command.path("deep/key.pem")]
            #expect(try command.run(["key"], environment: environment).output.contains("none: "))
            let made = try command.run(["key", "new"], environment: environment)
            #expect(made.code == 0 && made.output.contains("ed25519:") && !made.output.contains("PRIVATE"))
            let attributes = try FileManager.default.attributesOfItem(atPath: command.path("deep/key.pem"))
            #expect((attributes[.posixPermissions] as? Int) == 0o600)
            #expect(try command.run(["key", "show"], environment: environment).output == made.output)
            // One that is there stays.
            #expect(try command.run(["key", "new"], environment: environment).code == 2)
            #expect(try command.run(["key", "show"], environment: environment).output == made.output)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o644], ofItemAtPath: command.path("deep/key.pem"))
            let open = try command.run(["key", "show"], environment: environment)
            #expect(open.code == 2 && open.errors.contains("chmod 600"))
        }
    }
}
