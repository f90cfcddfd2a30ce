import Fingerprints
import Foundation
import Testing
import Transfer

@Suite struct ManifestTests {
    private func read(_ json: String) throws -> Manifest { try Manifest(json: Array(json.utf8), source: "m.json") }

    private func error(_ json: String) -> String {
        do { return "accepted: \(try read(json))" } catch { return "\(error)" }
    }

    private let file = #""name": "a.zip", "urls": ["https://example.org/a.zip"], "license": "CC0""#

    @Test func everyManifestOfTheProjectIsReadAndComplete() throws {
        let folder = URL(fileURLWithPath: #filePath).appending(path: "../../../manifests").standardized
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") && !$0.hasSuffix(".lock.json") }
        #expect(Set(names).isSuperset(of: ["coco2017.json", "visual_genome.json", "glove6b.json", "resnet18.json", "resnet50.json", "alexnet.json"]))
        for name in names {
            let manifest = try Manifest(contentsOf: folder.appending(path: name).path)
            #expect(manifest.name + ".json" == name)
            for file in manifest.files where !(manifest.name == "visual_genome" && file.name == "objects.json.zip") {
                #expect(file.bytes != nil && file.checksum != nil, "\(name): \(file.name)")
            }
            // What torchvision names its files after is the start of their SHA-256.
            for file in manifest.files where file.name.hasSuffix(".pth") {
                #expect("\(file.checksum.map(\.description) ?? "")".contains(file.name.split(separator: "-").last!.dropLast(4)))
            }
            #expect(try Manifest(json: Array(manifest.value.json(pretty: true).utf8), source: "again") == manifest)
        }
    }

    @Test func unknownKeysNameTheNearestKnownOne() {
        #expect(error(#"{"name": "m", "file": []}"#) == #"m.json: unknown key "file"; did you mean "files"?"#)
        #expect(error(#"{"name": "m", "files": [{\#(file), "sha25": ""}]}"#) == #"m.json: files[0]: unknown key "sha25"; did you mean "sha256"?"#)
        #expect(error(#"{"name": "m", "files": [{\#(file), "extract": [{"membr": "x"}]}]}"#)
            == #"m.json: files[0].extract[0]: unknown key "membr"; did you mean "member"?"#)
        #expect(error(#"{"name": "m", "zzzzzzzzzzzz": 1}"#).hasSuffix("known keys: name, files, keepArchives"))
    }

    @Test func faultsAreNamedWithTheirPlace() {
        #expect(error(#"{"name": "m", "files": []}"#) == "m.json: files: expected at least one file")
        #expect(error(#"{"name": "m", "files": [{\#(file)}, {\#(file)}]}"#) == #"m.json: files[1].name: "a.zip" stands twice"#)
        #expect(error(#"{"name": "m", "files": [{\#(file), "bytes": 1.5}]}"#) == "m.json: files[0].bytes: expected a whole number of bytes, found 1.5")
        #expect(error(#"{"name": "m", "files": [{\#(file), "sha256": "12"}]}"#) == "m.json: files[0].sha256: expected 64 hex digits")
        #expect(error(#"{"name": "m", "files": [{\#(file), "md5": "12"}]}"#) == "m.json: files[0].md5: expected 32 hex digits")
        #expect(error(#"{"name": "m", "files": [{"name": "a", "urls": ["ftp://x/a"], "license": ""}]}"#)
            == "m.json: files[0].urls[0]: expected an http, https or file URL, found ftp://x/a")
        #expect(error(#"{"name": "m""#).hasPrefix("m.json: line 1"))
    }

    @Test(arguments: ["../a", "/a", "a/../b", "a//b", "", "a\\b", "C:/x", "a/./b", "a\u{1}b"])
    func pathsThatLeaveTheFolderAreRefused(path: String) {
        let text = Value.string(path).json(pretty: false)
        #expect(error(#"{"name": "m", "files": [{"name": \#(text), "urls": ["http://x/a"], "license": ""}]}"#).contains("not a plain relative path"))
        #expect(error(#"{"name": "m", "files": [{\#(file), "extract": [{"member": "x", "to": \#(text)}]}]}"#).contains("not a plain relative path"))
    }

    @Test func lockRecordsWhatWasUnknownAndEnforcesIt() throws {
        let manifest = try read(#"{"name": "m", "files": [{\#(file)}, {"name": "b", "urls": ["http://x/b"], "license": "", "md5": "\#(String(repeating: "0", count: 32))", "bytes": 3}, {"name": "c", "urls": ["http://x/c"], "license": "", "bytes": 1, "sha256": "\#(Digest(hashing: [3]).hex)"}]}"#)
        let fetched = ["a.zip", "b", "c"].map { FetchedFile(name: $0, path: $0, bytes: 3, sha256: Digest(hashing: Array($0.utf8)), origin: nil) }
        let lock = ManifestLock(manifest: "m").recording(fetched, of: manifest)
        #expect(Set(lock.entries.keys) == ["a.zip", "b"])
        #expect(try ManifestLock(json: Array(lock.json.utf8), source: "lock") == lock)
        let locked = try manifest.applying(lock)
        #expect(locked.files[0].checksum == .sha256(Digest(hashing: Array("a.zip".utf8))) && locked.files[0].bytes == 3)
        #expect(locked.files[1].checksum == .sha256(Digest(hashing: Array("b".utf8))))
        #expect(locked.files[2] == manifest.files[2])
        #expect(throws: ManifestError.self) { try manifest.applying(ManifestLock(manifest: "other")) }
        #expect(throws: ManifestError.self) { try manifest.applying(ManifestLock(manifest: "m", entries: ["x": .init(bytes: 1, sha256: Digest(hashing: []))])) }
        #expect(throws: ManifestError.self) { try manifest.applying(ManifestLock(manifest: "m", entries: ["b": .init(bytes: 4, sha256: Digest(hashing: []))])) }
        #expect(throws: ManifestError.self) { try ManifestLock(json: Array(#"{"manifest": "m", "files": {"a": {"bytes": 1}}}"#.utf8), source: "lock") }
    }
}
