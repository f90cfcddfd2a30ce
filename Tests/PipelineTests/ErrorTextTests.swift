import Engine
import Foundation
import Pipeline
import Testing

/// Errors are said in words of ours.
@Suite struct ErrorTextTests {
    /// The texts of what goes wrong with files in Foundation, by itself and in a stage.
    private func texts(_ body: () throws -> Void) -> [String] {
        do {
            try body()
            Issue.record("nothing went wrong")
            return []
        } catch {
            return [describe(error), describe(EngineError.stageFailed(job: "j", stage: "j", error: error))]
        }
    }

    /// Folders appear whole: what is written beside them has their name.
    @Test func whatIsBeingMadeHasItsName() {
        for (path, name) in [
            ("r/.demo#new-1-a-2/recall.csv", "r/demo/recall.csv"), ("r/.x@seed=1#lock", "r/x@seed=1"),
            ("r/.demo/x#new", "r/.demo/x#new"),
        ] {
            #expect(describe(FileSystemError("write", "/\(path)", code: EIO)).hasPrefix("cannot write /\(name): "))
        }
    }

    @Test func foundationsErrorsAreRestated() throws {
        let files = FileManager.default, folder = NSTemporaryDirectory() + "error-text-\(UUID().uuidString)"
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? files.removeItem(atPath: folder) }
        let file = folder + "/a file", absent = folder + "/absent/x",
            long = folder + "/" + String(repeating: "n", count: 300)
        try Data([0xff, 0xfe, 0xff]).write(to: URL(fileURLWithPath: file))
        let failures: [(path: String, reason: String, body: () throws -> Void)] = [
            (absent, "No such file or directory", { _ = try Data(contentsOf: URL(fileURLWithPath: absent)) }),
            (absent, "No such file or directory", { try Data().write(to: URL(fileURLWithPath: absent)) }),
            (absent, "No such file or directory", { _ = try files.contentsOfDirectory(atPath: absent) }),
            // Foundation does not say which: who reads a user's text says it.
            ("a file", "expected text in UTF-8", { _ = try String(contentsOfFile: file, encoding: .utf8) }),
            (
                file, "Not a directory",
                { try files.createDirectory(atPath: file + "/x", withIntermediateDirectories: true) }
            ),
            (file, "File exists", { try files.createDirectory(atPath: file, withIntermediateDirectories: false) }),
            (file, "Not a directory", { _ = try files.contentsOfDirectory(atPath: file) }),
            (folder, "Is a directory", { _ = try Data(contentsOf: URL(fileURLWithPath: folder)) }),
            (long, "File name too long", { try Data().write(to: URL(fileURLWithPath: long), options: .atomic) }),
            (absent, "No such file or directory", { try files.moveItem(atPath: absent, toPath: folder + "/b") }),
            (absent, "No such file or directory", { try files.removeItem(atPath: absent) }),
            (file, "File exists", { try files.copyItem(atPath: folder, toPath: file) }),
        ]
        for (path, reason, body) in failures {
            for text in texts(body) {
                #expect(text.contains(path) && text.contains(reason), "\(text)")
                for word in ["Error Domain", "NSCocoa", "NSPOSIX", "UserInfo", "(null)", "couldn’t"] {
                    #expect(!text.contains(word), "\(text)")
                }
            }
        }
        // What messages that name the file themselves say.
        for (path, expected) in [(absent, "No such file or directory"), (file, "expected text in UTF-8")] {
            let error = #expect(throws: (any Error).self) { _ = try String(contentsOfFile: path, encoding: .utf8) }
            #expect(error.map(reason) == expected)
        }
    }

    /// Foundation's own sentences are in no message: nothing asks an error for them.
    @Test func nobodyAsksForFoundationsSentences() throws {
        let sources = URL(fileURLWithPath: #filePath).appending(path: "../../../Sources").standardized
        let files =
            FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL }
            ?? []
        let asking = try files.filter { $0.pathExtension == "swift" }.filter {
            try String(contentsOf: $0, encoding: .utf8).contains("localizedDescription")
        }
        #expect(files.count > 100 && asking.isEmpty, "\(asking.map(\.lastPathComponent))")
    }
}
