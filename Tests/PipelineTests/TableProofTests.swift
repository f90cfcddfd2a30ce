import Fingerprints
import Foundation
import Pipeline
import Reporting
import Testing

/// What proves a table, and every change of it that is found.
@Suite struct TableProofTests {
    private static let key = SigningKey()

    /// A small experiment's archive.
    private static let archive = Result { () throws -> [UInt8] in
        try Workspace.with { workspace in
            let plan = try workspace.plan(
                """
                {"name": "proved", "dataset": {"kind": "demo-scenes", "scenes": 24}, "embedding": {"kind": "demo-scenes"},
                 "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": {"epochs": 2, "batchSize": 8},
                 "evaluate": {"filters": [0, 1, 2, 3], "topImages": 3, "methods": ["original", "projection"]},
                 "claims": [{"source": "A", "method": "projection", "k": 5, "published": 0.5},
                            {"source": "A", "order": ["projection", "original"]}]}
                """)
            let jobs = try workspace.project.runner().run(plan.plan)
            let proof = try TableProof(ExperimentState(plan, jobs), workspace.project, key: key)
            #expect(
                try TableProof(ExperimentState(plan, jobs), workspace.project, key: key).bytes == proof.bytes,
                "the same results, other bytes")
            return proof.bytes
        }
    }

    private func problems(_ bytes: [UInt8], trusted: PublicKey? = Self.key.publicKey) -> [ProofCheck.Problem] {
        ProofCheck(bytes, trusted: trusted).problems
    }

    @Test func whatItHoldsAndSays() throws {
        let bytes = try Self.archive.get(), found = ProofCheck(bytes, trusted: nil)
        #expect(found.problems == [] && found.subject == "proved" && found.key == Self.key.publicKey)
        #expect(
            found.claims?["claims"]?.arrayValue?.map { $0["verdict"]?.stringValue } == ["inconclusive", "inconclusive"])
        let names = StoredZip.entries(bytes).entries.map(\.name)
        for name in [
            "README.md", "badge.svg", "claims.json", "claims.md", "container/Dockerfile",
            "container/lavise-pipeline.def", "key.pem",
            "results/experiment.json", "results/recall.csv", "results/recall.md", "results/ro-crate-metadata.json",
            ProofFile.signature,
        ] { #expect(names.contains(name), "\(name)") }
        let claims = try #require(StoredZip.entries(bytes).entries.first { $0.name == "claims.md" }).bytes
        #expect(
            String(decoding: claims, as: UTF8.self).contains(
                #/\n\nMade with [\d.]+ core-seconds, .* of memory at most, /#))
        #expect(problems(bytes, trusted: SigningKey().publicKey).map(\.file) == ["key.pem"])
    }

    /// By programs of others: the zip, the key and the signature over DSSE's bytes.
    @Test func othersReadIt() throws {
        let script = """
            import base64, hashlib, json, subprocess, sys, zipfile
            archive = zipfile.ZipFile(sys.argv[1])
            assert archive.testzip() is None
            bundle = json.loads(archive.read("signature.sigstore.json"))
            envelope = bundle["dsseEnvelope"]
            payload = base64.b64decode(envelope["payload"])
            statement = json.loads(payload)
            resources = statement["predicate"]["resources"]
            assert [r["name"] for r in resources] == sorted(r["name"] for r in resources)
            assert {r["name"] for r in resources} == set(archive.namelist()) - {"signature.sigstore.json"}
            for r in resources:
                assert hashlib.sha256(archive.read(r["name"])).hexdigest() == r["digest"], r
            root = hashlib.sha256(b"".join(bytes.fromhex(r["digest"]) for r in resources)).hexdigest()
            assert statement["subject"] == [{"name": "proved", "digest": {"sha256": root}}]
            assert bundle["verificationMaterial"]["publicKey"]["hint"] == hashlib.sha256(archive.read("key.pem")).hexdigest()
            kind = envelope["payloadType"].encode()
            signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
            for name, data in (("key.pem", archive.read("key.pem")), ("signed", signed), ("sig", base64.b64decode(envelope["signatures"][0]["sig"]))):
                open(sys.argv[1] + "." + name, "wb").write(data)
            subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", sys.argv[1] + ".key.pem", "-rawin", "-in", sys.argv[1] + ".signed",
                            "-sigfile", sys.argv[1] + ".sig"], check=True, stdout=subprocess.DEVNULL)
            """
        let path = FileManager.default.temporaryDirectory.appending(path: "proof-\(UUID().uuidString).zip").path
        try Data(Self.archive.get()).write(to: URL(fileURLWithPath: path))
        defer {
            for more in ["", ".key.pem", ".signed", ".sig"] { try? FileManager.default.removeItem(atPath: path + more) }
        }
        let process = Process(), errors = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, path]
        process.standardError = errors
        try process.run()
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(String(decoding: said, as: UTF8.self))")
    }

    /// One byte anywhere: the file that it is in is named, and within a content the byte itself.
    @Test func everyChangedByteIsNamed() throws {
        let bytes = try Self.archive.get(), entries = StoredZip.entries(bytes).entries
        var random = RandomSource(seed: 1, stream: "proof bytes"), start = 0
        for entry in entries {
            let content = start + 30 + entry.name.utf8.count
            for _ in 0..<3 where !entry.bytes.isEmpty {
                let place = content + random.below(entry.bytes.count)
                var other = bytes
                other[place] ^= UInt8(1 + random.below(255))
                let found = problems(other)
                #expect(
                    found.contains { $0.file == entry.name && $0.byte == place },
                    "\(entry.name), byte \(place): \(found)")
            }
            start = content + entry.bytes.count
        }
    }

    /// 400 random changes, 10,000 in `make fuzz`: of the archive's bytes, and of the files that an archive written anew
    /// holds.
    @Test func everyRandomChangeIsFound() throws {
        let environment = ProcessInfo.processInfo.environment,
            rounds = environment["LAVISE_FUZZ_SECONDS"] == nil ? 400 : 10_000
        var random = RandomSource(seed: environment["LAVISE_FUZZ_SEED"].flatMap(UInt64.init) ?? 1, stream: "proofs")
        let bytes = try Self.archive.get(), entries = StoredZip.entries(bytes).entries
        for round in 0..<rounds {
            if round % 2 == 0 {
                let other = Self.changed(bytes, &random)
                #expect(other == bytes || !problems(other).isEmpty, "round \(round)")
                continue
            }
            var files = entries
            let place = random.below(files.count), entry = files[place]
            switch random.below(4) {
            case 0: files.remove(at: place)
            case 1: files[place] = StoredZip.Entry(name: entry.name + "x", bytes: entry.bytes)
            case 2: files.append(StoredZip.Entry(name: "more\(round)", bytes: entry.bytes))
            default: files[place] = StoredZip.Entry(name: entry.name, bytes: Self.changed(entry.bytes, &random))
            }
            let found = problems(StoredZip.archive(files))
            #expect(
                files == entries
                    || found.contains {
                        $0.file == entry.name || $0.file == files.last?.name || $0.file == entry.name + "x"
                            || entry.name == "key.pem"
                    }, "round \(round), \(entry.name): \(found)")
        }
        if environment["LAVISE_FUZZ_SECONDS"] != nil {
            print("\(rounds) changes of an archive that proves a table: each found")
        }
    }

    /// Bytes changed, inserted, taken out, moved or cut off.
    private static func changed(_ bytes: [UInt8], _ random: inout RandomSource) -> [UInt8] {
        var other = bytes
        let place = random.below(bytes.count), length = min(1 + random.below(40), bytes.count - place)
        switch random.below(6) {
        case 0: other[place] ^= UInt8(1 << random.below(8))
        case 1: other[place] = UInt8(random.below(256))
        case 2: other.insert(contentsOf: bytes[place..<place + length], at: random.below(bytes.count + 1))
        case 3: other.removeSubrange(place..<place + length)
        case 4: other.replaceSubrange(place..<place + length, with: (0..<length).map { _ in UInt8(random.below(256)) })
        default: other.removeLast(length)
        }
        return other
    }

    /// A signature by another key over another table is none of the first one's.
    @Test func signedAnewItIsAnothers() throws {
        let bytes = try Self.archive.get(), other = SigningKey()
        #expect(problems(bytes, trusted: other.publicKey).count == 1)
        #expect(
            PublicKey(anyText: " \(other.publicKey)\n") == other.publicKey && PublicKey(anyText: "ed25519:AAAA") == nil)
    }

    /// The archive with another text of the signature in it, whole in every other way.
    private func signature(_ change: (String) throws -> String) throws -> [ProofCheck.Problem] {
        let entries = StoredZip.entries(try Self.archive.get()).entries
        return problems(
            StoredZip.archive(
                try entries.map { entry in
                    guard entry.name == ProofFile.signature else { return entry }
                    let text = try change(String(decoding: entry.bytes, as: UTF8.self))
                    return StoredZip.Entry(name: entry.name, bytes: Array(text.utf8))
                }))
    }

    @Test func whatTheKeyDidNotSignIsNoSignature() throws {
        #expect(try signature { $0 } == [])
        let forged = try signature { text in
            let start = try #require(text.range(of: #""sig": ""#)).upperBound
            let end = try #require(text[start...].firstIndex(of: "\""))
            var bytes = try #require(Data(base64Encoded: String(text[start..<end])))
            bytes[9] ^= 1
            return text.replacingCharacters(in: start..<end, with: bytes.base64EncodedString())
        }
        #expect(forged.map(\.file) == [ProofFile.signature])
        #expect(forged.first?.text.contains("was not signed by") == true, "\(forged)")
        // What a reader of JSON takes for the same.
        let spaced = try signature { $0 + " " }
        #expect(spaced.map(\.file) == [ProofFile.signature], "\(spaced)")
    }

    @Test func theBadgeSaysTheVerdicts() {
        func claim(_ low: Double, _ high: Double) -> CheckedClaim {
            CheckedClaim(
                source: "A", method: "projection", k: 5, published: 0.5, margin: 0.1,
                ours: Interval(value: (low + high) / 2, low: low, high: high),
                evidence: Evidence(seeds: 3, filters: 9, pairs: 9))
        }
        func badge(_ claims: CheckedClaim...) -> Badge { Badge(ClaimReport(experiment: "a<b", claims: claims)) }
        #expect(badge().message == "no claims" && badge().colour == "#7f8c8d")
        #expect(
            badge(claim(0.45, 0.55), claim(0.48, 0.52))
                == Badge(label: "a<b", message: "2 reproduced", colour: "#2e7d32"))
        #expect(
            badge(claim(0.45, 0.55), claim(0.2, 0.7))
                == Badge(label: "a<b", message: "1 reproduced, 1 inconclusive", colour: "#b7791f"))
        #expect(
            badge(claim(0.45, 0.55), claim(0.1, 0.2))
                == Badge(label: "a<b", message: "1 reproduced, 1 refuted", colour: "#c0392b"))
        #expect(badge().svg.contains("a&lt;b") && !badge().svg.contains("a<b"))
    }
}
