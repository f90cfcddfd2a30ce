import Foundation
import Testing
import TestSupport

/// `export` of a table, from the command line.
@Suite(.waits) struct ExportVerbTests {
    /// Nothing is made before it is known that there is something to sign, and a place for it.
    @Test func whatCannotBeExportedMakesNoKey() throws {
        try Command.with { command in
            try command.makeExperiment()
            let environment = ["LAVISE_KEY": command.path("keys/key.pem")]
            func export(_ arguments: String...) throws -> Command.Outcome {
                try command.run(["export", "x.json"] + arguments, environment: environment)
            }
            var isThere: Bool { FileManager.default.fileExists(atPath: command.path("keys")) }
            let early = try export()
            #expect(early.code != 0 && early.errors.contains("not up to date") && !isThere, "\(early.errors)")
            #expect(try command.run("run", "x.json").code == 0)
            try FileManager.default.createDirectory(
                atPath: command.path("folder"), withIntermediateDirectories: true)
            for (place, words) in [
                ("absent/x.zip", "there is no folder"), ("x.json/x.zip", "there is no folder"),
                ("folder", "a folder stands there"), ("/dev/null/x.zip", "there is no folder"),
            ] {
                let end = try export("-o", place)
                #expect(end.code != 0 && end.errors.contains(words) && !isThere, "\(place): \(end.errors)")
            }
            let good = try export("-o", "folder/x.zip")
            #expect(good.code == 0 && isThere && good.errors.contains("made a signing key"), "\(good.errors)")
            #expect(try command.run("export", "--check", "folder/x.zip").code == 0)
        }
    }
}
