import Fingerprints
import Foundation
import Testing
import Transfer
import TestSupport

/// Every kind of error ends the command with the code of its contract, and one line that says what to do.
@Suite(.waits) struct ExitCodeTests {
    /// A project whose word vectors come from the manifest `m`, in which `file` and what it is made of can be wrong.
    private func expect(
        _ code: Int32, _ texts: [String], _ arguments: [String] = [], lock: String? = nil,
        bytes: [UInt8] = Array("the 0.5 1\n".utf8),
        _ file: (_ url: String, _ sha256: String) -> String
    ) throws {
        try Command.with { command in
            try command.makeExperiment()
            try FileManager.default.createDirectory(
                atPath: command.path("manifests"), withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(fileURLWithPath: command.path("v.txt")))
            let entry = file("file://" + command.path("v.txt"), try Digest(contentsOf: command.path("v.txt")).hex)
            try command.write(
                "manifests/m.json", #"{"name": "m", "files": [{"name": "v.txt", "license": "none", \#(entry)}]}"#)
            if let lock { try command.write("manifests/m.lock.json", lock) }
            let outcome = try command.run(
                [
                    "run", "x.json", "--set", #"embedding={"kind":"glove","manifest":"manifests/m.json"}"#, "--until",
                    "embedding",
                ] + arguments)
            #expect(outcome.code == code, "\(outcome.errors)")
            #expect(
                outcome.errors.split(separator: "\n").count { $0.hasPrefix("error:") } == (code == 0 ? 0 : 1),
                "\(outcome.errors)")
            for text in texts { #expect(outcome.errors.contains(text), "\(outcome.errors)") }
        }
    }

    @Test func rightFile() throws {
        try expect(0, []) { #""urls": ["\#($0)"], "sha256": "\#($1)""# }
    }

    @Test func unknownKeyInTheManifest() throws {
        try expect(2, ["m.json:1:62: unknown key \"files.0.url\"; did you mean \"urls\"?"]) { url, _ in
            #""url": ["\#(url)"]"#
        }
    }

    @Test func lockOfAnotherManifest() throws {
        try expect(2, ["lock of m: manifest: belongs to \"n\""], lock: #"{"manifest": "n", "files": {}}"#) { url, _ in
            #""urls": ["\#(url)"]"#
        }
    }

    @Test func lockThatContradictsTheManifest() throws {
        let other = String(repeating: "1", count: 64)
        try expect(
            2, ["but the manifest says"],
            lock: #"{"manifest": "m", "files": {"v.txt": {"bytes": 10, "sha256": "\#(other)"}}}"#
        ) {
            #""urls": ["\#($0)"], "sha256": "\#($1)""#
        }
    }

    @Test func otherFileThanRecorded() throws {
        let other = String(repeating: "1", count: 64)
        try expect(
            8, ["sha256 expected 1111"],
            lock: #"{"manifest": "m", "files": {"v.txt": {"bytes": 10, "sha256": "\#(other)"}}}"#
        ) { url, _ in
            #""urls": ["\#(url)"]"#
        }
    }

    @Test func wrongHash() throws {
        let other = String(repeating: "2", count: 64)
        try expect(8, ["v.txt", "sha256 expected 2222"]) { url, _ in #""urls": ["\#(url)"], "sha256": "\#(other)""# }
    }

    @Test func wrongSize() throws {
        try expect(8, ["size expected 11"]) { #""urls": ["\#($0)"], "sha256": "\#($1)", "bytes": 11"# }
    }

    @Test func noServer() throws {
        try expect(8, ["v.txt", "offline"], ["--offline"]) { _, sha256 in
            #""urls": ["http://127.0.0.1:9/v.txt"], "sha256": "\#(sha256)""#
        }
    }

    @Test func notFoundOnTheServer() throws {
        let server = try LoopbackServer { _ in .init("404 Not Found") }
        defer { server.stop() }
        try expect(8, ["HTTP 404"]) { _, sha256 in #""urls": ["\#(server.url)/v.txt"], "sha256": "\#(sha256)""# }
    }

    /// Before anything is asked of the network.
    @Test func noRoomOnTheDisk() throws {
        let server = try LoopbackServer { _ in .init("404 Not Found") }
        defer { server.stop() }
        try expect(8, ["bytes are needed", "make room"]) { _, _ in
            #""urls": ["\#(server.url)/v.txt"], "bytes": 1000000000000000000"#
        }
        #expect(server.requestCount == 0)
    }

    @Test func noRoomForWhatIsExtracted() throws {
        let server = try LoopbackServer { _ in .init("404 Not Found") }
        defer { server.stop() }
        try expect(8, ["bytes are needed"]) { _, _ in
            #""urls": ["\#(server.url)/v.txt"], "bytes": 10, "extract": [{"member": "g.txt", "bytes": 1000000000000000000}]"#
        }
        #expect(server.requestCount == 0)
    }

    @Test func archiveThatIsNone() throws {
        try expect(8, ["v.txt", "Not a zip archive"]) {
            #""urls": ["\#($0)"], "sha256": "\#($1)", "extract": [{"member": "g.txt"}]"#
        }
    }

    @Test func archiveWithoutTheMember() throws {
        let folder = try TemporaryFolder()
        let zip = try ZipWriter(folder.path("a.zip"))
        try zip.add("deep/g.txt", Array("the 0.5\n".utf8))
        try zip.close()
        try expect(8, ["did you mean \"deep/g.txt\"?"], bytes: folder.read("a.zip")) {
            #""urls": ["\#($0)"], "sha256": "\#($1)", "extract": [{"member": "g.txt"}]"#
        }
    }

    @Test func vectorsThatAreNone() throws {
        try expect(1, ["v.txt:1"], bytes: Array("the one\n".utf8)) { #""urls": ["\#($0)"], "sha256": "\#($1)""# }
    }

    @Test func bandwidthThatIsNone() throws {
        try Command.with { command in
            try command.makeExperiment()
            let outcome = try command.run(["run", "x.json"], environment: ["LAVISE_BANDWIDTH": "fast"])
            #expect(
                outcome.code == 2 && outcome.errors.contains("LAVISE_BANDWIDTH: expected bytes a second"),
                "\(outcome.errors)")
        }
    }

    @Test func resultsThatCannotBeWritten() throws {
        try Command.with { command in
            try command.makeExperiment()
            try command.write("results", "")
            let outcome = try command.run("run", "x.json")
            #expect(outcome.code == 1 && outcome.errors.contains("results"), "\(outcome.errors)")
        }
    }

    @Test func tableThatIsNone() throws {
        try Command.with { command in
            try command.write("a.csv", "nothing")
            let outcome = try command.run("diff", "a.csv", "a.csv")
            #expect(outcome.code == 2 && outcome.errors.contains("a.csv"), "\(outcome.errors)")
        }
    }
}
