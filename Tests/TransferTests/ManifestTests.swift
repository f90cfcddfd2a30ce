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

    /// What no publisher states: the first download locks it.
    private static let ofUnknownChecksum: Set = ["objects.json.zip", "resnet50_places365.pth.tar"]
    private static let ofUnknownSize: Set = [
        "convnext_tiny-983f1562.pth", "densenet161-8d451a50.pth", "googlenet-1378be20.pth", "resnet101-63fe2227.pth",
        "resnet152-394f9c45.pth",
    ]

    @Test func everyManifestOfTheProjectIsReadAndComplete() throws {
        let folder = URL(fileURLWithPath: #filePath).appending(path: "../../../manifests").standardized
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
            $0.hasSuffix(".json") && !$0.hasSuffix(".lock.json")
        }
        #expect(
            Set(names).isSuperset(of: [
                "coco2017.json", "visual_genome.json", "glove6b.json", "resnet18.json", "resnet50.json", "alexnet.json",
            ]))
        for name in names {
            let manifest = try Manifest(contentsOf: folder.appending(path: name).path)
            #expect(manifest.name + ".json" == name)
            for file in manifest.files {
                #expect((file.checksum == nil) == Self.ofUnknownChecksum.contains(file.name), "\(name): \(file.name)")
                #expect(
                    (file.bytes == nil) == Self.ofUnknownSize.union(Self.ofUnknownChecksum).contains(file.name),
                    "\(name): \(file.name)")
            }
            // What torchvision names its files after is the start of their SHA-256.
            for file in manifest.files where file.name.hasSuffix(".pth") {
                #expect(
                    "\(file.checksum.map(\.description) ?? "")".contains(
                        file.name.split(separator: "-").last!.dropLast(4)))
            }
            #expect(try Manifest(json: Array(manifest.value.json(pretty: true).utf8), source: "again") == manifest)
        }
    }

    @Test func unknownKeysNameTheNearestKnownOne() {
        #expect(error(#"{"name": "m", "file": []}"#) == #"m.json:1:15: unknown key "file"; did you mean "files"?"#)
        #expect(
            error(#"{"name": "m", "files": [{\#(file), "sha25": ""}]}"#)
                == #"m.json:1:100: unknown key "files.0.sha25"; did you mean "sha256"?"#)
        #expect(
            error("{\"name\": \"m\", \"files\": [{\(file),\n \"extract\": [{\"membr\": \"x\"}]}]}")
                == #"m.json:2:15: unknown key "files.0.extract.0.membr"; did you mean "member"?"#)
        #expect(error(#"{"name": "m", "zzzzzzzzzzzz": 1}"#).hasSuffix("known keys are files, keepArchives, name"))
    }

    @Test func faultsAreNamedWithTheirPlace() {
        #expect(
            error(#"{"name": "m", "files": []}"#)
                == #"m.json:1:24: "files" must be a list of at least one file; it is []"#)
        #expect(
            error("{\"name\": \"m\", \"files\": [{\(file)},\n {\(file)}]}")
                == #"m.json:2:11: "files.1.name" must be a name of its own: it stands twice; it is "a.zip""#)
        for (entry, fault) in [
            (#""bytes": 1.5"#, #"m.json:2:11: "files.0.bytes" must be a whole number of at least 0; it is 1.5"#),
            (#""bytes": -1"#, #"m.json:2:11: "files.0.bytes" must be a whole number of at least 0; it is -1"#),
            (#""sha256": "12""#, #"m.json:2:12: "files.0.sha256" must be 64 hex digits; it is "12""#),
            (#""md5": "12""#, #"m.json:2:9: "files.0.md5" must be 32 hex digits; it is "12""#),
            (#""bytes": 1, "bytes": 1"#, #"m.json:2:14: the key "bytes" stands twice"#),
            (#""license": "x""#, #"m.json:2:2: the key "license" stands twice"#),
            (#""bytes": 1,"#, "m.json:2:13: expected a key in quotes, found '}'"),
            (
                #""extract": [{"member": "x", "folder": "y"}]"#,
                #"m.json:2:40: "files.0.extract.0.folder" must be given where "member" is not, and absent where it is; it is "y""#
            ),
            (
                #""extract": [{"folder": "x", "bytes": 1}]"#,
                #"m.json:2:39: "files.0.extract.0.bytes" must be absent: it belongs to a member, not to a folder; it is 1"#
            ),
        ] {
            #expect(error("{\"name\": \"m\", \"files\": [{\(file),\n \(entry)}]}") == fault)
        }
        #expect(
            error(#"{"name": "m", "files": [{"name": "a", "urls": ["ftp://x/a"], "license": ""}]}"#)
                == #"m.json:1:48: "files.0.urls.0" must be an http, https or file URL; it is "ftp://x/a""#)
        #expect(
            error(#"{"name": "m", "files": [{"name": "a", "urls": ["http://x/a"]}]}"#)
                == #"m.json:1:25: "files.0" lacks "license", which must be the publisher's terms"#)
        #expect(error(#"{"name": "m""#) == "m.json:1:13: expected ',' or '}', found the end")
        #expect(error("[]") == "m.json:1:1: a manifest must be an object {…}; it is []")
        #expect(
            error(#"{"name": "m", "$comment": "é", "files": null}"#)
                == #"m.json:1:41: "files" must be a list of at least one file"#)
    }

    @Test func lockFilesAreReadAsStrictly() {
        func error(_ json: String) -> String {
            do { return "accepted: \(try ManifestLock(json: Array(json.utf8), source: "l"))" } catch {
                return "\(error)"
            }
        }
        let entry = #"{"bytes": 1, "sha256": "\#(Digest(hashing: []).hex)"}"#
        #expect(
            error(#"{"manifest": "m", "files": {"a": \#(entry), "a": \#(entry)}}"#).hasPrefix(
                "l:1:126: the key \"a\" stands twice"))
        #expect(
            error(#"{"manifest": "m", "files": {"a": {"bytes": 1}}}"#)
                == #"l:1:34: "files.a" lacks "sha256", which must be the file's hash"#)
        #expect(
            error("{\"manifest\": \"m\",\n\"files\": []}") == #"l:2:10: "files" must be an object of objects; it is []"#
        )
        #expect(error(#"{"manifest": "m"}"#).hasPrefix(#"l:1:1: the file lacks "files""#))
        #expect(error(#"{"manifest": "m", "files": {}},"#) == "l:1:31: expected the end, found ','")
    }

    @Test(arguments: ["../a", "/a", "a/../b", "a//b", "", "a\\b", "C:/x", "a/./b", "a\u{1}b"])
    func pathsThatLeaveTheFolderAreRefused(path: String) {
        let text = Value.string(path).json(pretty: false)
        #expect(
            error(#"{"name": "m", "files": [{"name": \#(text), "urls": ["http://x/a"], "license": ""}]}"#).contains(
                "must be a plain relative path"))
        #expect(
            error(#"{"name": "m", "files": [{\#(file), "extract": [{"member": "x", "to": \#(text)}]}]}"#).contains(
                "must be a plain relative path"))
    }

    @Test func lockRecordsWhatWasUnknownAndEnforcesIt() throws {
        let manifest = try read(
            #"{"name": "m", "files": [{\#(file)}, {"name": "b", "urls": ["http://x/b"], "license": "", "md5": "\#(String(repeating: "0", count: 32))", "bytes": 3}, {"name": "c", "urls": ["http://x/c"], "license": "", "bytes": 1, "sha256": "\#(Digest(hashing: [3]).hex)"}]}"#
        )
        let fetched = ["a.zip", "b", "c"].map {
            FetchedFile(name: $0, path: $0, bytes: 3, sha256: Digest(hashing: Array($0.utf8)), origin: nil)
        }
        let lock = ManifestLock(manifest: "m").recording(fetched, of: manifest)
        #expect(Set(lock.entries.keys) == ["a.zip", "b"])
        #expect(try ManifestLock(json: Array(lock.json.utf8), source: "lock") == lock)
        let locked = try manifest.applying(lock)
        #expect(locked.files[0].checksum == .sha256(Digest(hashing: Array("a.zip".utf8))) && locked.files[0].bytes == 3)
        #expect(locked.files[1].checksum == .sha256(Digest(hashing: Array("b".utf8))))
        #expect(locked.files[2] == manifest.files[2])
        #expect(throws: ManifestError.self) { try manifest.applying(ManifestLock(manifest: "other")) }
        #expect(throws: ManifestError.self) {
            try manifest.applying(
                ManifestLock(manifest: "m", entries: ["x": .init(bytes: 1, sha256: Digest(hashing: []))]))
        }
        #expect(throws: ManifestError.self) {
            try manifest.applying(
                ManifestLock(manifest: "m", entries: ["b": .init(bytes: 4, sha256: Digest(hashing: []))]))
        }
        #expect(throws: ManifestError.self) {
            try ManifestLock(json: Array(#"{"manifest": "m", "files": {"a": {"bytes": 1}}}"#.utf8), source: "lock")
        }
    }
}
