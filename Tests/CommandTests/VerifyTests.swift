import Fingerprints
import Foundation
import HDF5
import TestSupport
import Testing

/// `verify` on artifacts that are not what their stage leaves: the store is made to believe so.
@Suite(.waits) struct VerifyTests {
    /// Puts `change`d bytes of a job's output in the place of the true ones, as another machine or older code would
    /// have left them.
    private func forge(_ command: Command, _ job: String, _ output: String, _ change: (String) throws -> Void) throws {
        let traces = try command.files(".lavise/ac")
        let (name, text) = try #require(
            traces.map { ($0.key, String(decoding: $0.value, as: UTF8.self)) }.first {
                $0.1.contains("\"job\": \"\(job)\"")
            })
        let store = try StoreContent(command), fingerprint = String(name.suffix(64))
        let old = try #require(store.jobs[fingerprint]?.outputs[output])
        let copy = command.path("forged")
        try FileManager.default.copyItem(atPath: command.path(".lavise/cas/\(old.prefix(2))/\(old)"), toPath: copy)
        for name in try FileManager.default.subpathsOfDirectory(atPath: command.root) where name.hasPrefix("forged") {
            // Not executable: that would be another listing.
            try FileManager.default.setAttributes(
                [.posixPermissions: name == "forged" && output == "tables" ? 0o755 : 0o644],
                ofItemAtPath: command.path(name))
        }
        try change(copy)
        let new = try digest(copy)
        let folder = command.path(".lavise/cas/\(new.prefix(2))")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: copy, toPath: "\(folder)/\(new)")
        // As a trace of the old schema, which has no digest of its own.
        var lines = text.replacingOccurrences(of: old, with: new).replacingOccurrences(
            of: "\"schema\": 2", with: "\"schema\": 1"
        )
        .split(separator: "\n").map(String.init)
        let digest = try #require(lines.firstIndex { $0.hasPrefix("  \"digest\": ") })
        lines.remove(at: digest)
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: command.path(".lavise/ac/\(name)")))
    }

    /// A folder's digest is that of its listing: a header, then digest, blank, path and a zero byte for each file.
    private func digest(_ path: String) throws -> String {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            return try Digest(contentsOf: path).hex
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        let lines = try names.map { "\(try Digest(contentsOf: "\(path)/\($0)").hex) \($0)\0" }
        return Digest(hashing: Array(("lavise folder 1\0" + lines.joined()).utf8)).hex
    }

    @Test func theFirstDifferenceIsNamed() throws {
        try Command.inMemory { command in
            try command.makeTiny(epochs: 1)
            #expect(try command.run("run", "x.json").code == 0)
            let same = try command.run("verify", "x.json")
            #expect(same.code == 0 && same.output.contains("rebuilt 1 time, all agree"), "\(same.errors)")
            #expect(try command.run("verify", "x.json", "train").output.contains("rebuilt 2 times, all agree"))

            try forge(command, "tables", "tables") { folder in
                let text = try String(contentsOfFile: folder + "/filters.csv", encoding: .utf8)
                var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                lines[1] = "forged"
                try lines.joined(separator: "\n").write(
                    toFile: folder + "/filters.csv", atomically: false, encoding: .utf8)
            }
            let tables = try command.run("verify", "x.json", "tables")
            #expect(tables.code == 5 && tables.output.contains("differs"), "\(tables.output)\(tables.errors)")
            #expect(
                tables.errors.contains("tables is not deterministic")
                    && tables.errors.contains("; filters.csv: line 2: \"forged\" → \""), "\(tables.errors)")

            try forge(command, "train", "explainer.h5") { path in
                let file = try HDF5File.open(path, writable: true)
                let weights = try file.dataset("linear1/weight", Float.self)
                var row = try weights.read(rows: 3..<4)
                row[5] = 42
                try weights.write(rows: 3..<4, row)
                try file.close()
            }
            let train = try command.run("verify", "x.json", "train")
            #expect(
                train.code == 5 && train.errors.contains("; /linear1/weight[3, 5]: 42.0 → "),
                "\(train.output)\(train.errors)")
            // Both outcomes are known from now on, and said.
            #expect(try command.run("status", "x.json").output.contains("2 different outcomes under one fingerprint"))
        }
    }
}
