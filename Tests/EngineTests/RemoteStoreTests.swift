import Engine
import Fingerprints
import Foundation
import Synchronization
import Testing

/// Two people, each with a store, and a remote store between them.
struct Sharing {
    let remote = FakeRemote()
    let alice = SigningKey(), bob = SigningKey()

    func access(
        _ key: SigningKey? = nil, reads: Bool = true, writes: Bool = false, trust: [SigningKey]? = nil,
        to store: (any RemoteStore)? = nil
    ) -> RemoteAccess {
        var policy = RemoteAccess.Policy(reads: reads, writes: writes, signingKey: key)
        policy.trust = Dictionary(uniqueKeysWithValues: (trust ?? [alice]).map { ($0.publicKey, "alice") })
        policy.pause = 1
        return RemoteAccess(store ?? remote, policy)
    }

    static func options(_ access: RemoteAccess?, force: [String] = [], faults: FaultPoints = .off) -> RunOptions {
        var options = RunOptions(force: force, catchSignals: false, faults: faults)
        options.remote = access
        return options
    }

    /// `big` leaves 100,000 bytes, `folder` a folder of files, `last` a word made of both.
    static func plan(_ word: String = "last", bigSeed: Int = 1, onBig: @escaping @Sendable () -> Void = {}) throws
        -> Plan
    {
        let big = TestStage(name: "big", parameters: ["seed": .int(bigSeed)]) { context in
            onBig()
            try writeText((0..<20_000).map { "\($0 * bigSeed % 9973 + 10000)" }.joined(), context.output + "/out")
        }
        let folder = TestStage(name: "folder") { context in
            try FileManager.default.createDirectory(
                atPath: context.output + "/out/deep", withIntermediateDirectories: true)
            for name in ["a", "b", "deep/c"] { try writeText("text of \(name)", context.output + "/out/\(name)") }
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: context.output + "/out/b")
        }
        let last = TestStage(name: "last", parameters: ["word": .string(word)]) { context in
            let text = try readText(context.input("big")).suffix(5) + readText(context.input("folder"))
            try writeText("\(word) \(text)", context.output + "/out")
        }
        return try Plan(
            [
                Job(id: "big", stage: big, inputs: []), Job(id: "folder", stage: folder, inputs: []),
                Job(
                    id: "last", stage: last,
                    inputs: [
                        Input("big", .output(job: "big", name: "out")),
                        Input("folder", .output(job: "folder", name: "out")),
                    ]),
            ], name: "shared")
    }

    /// Alice runs everything and gives it to the remote store.
    @discardableResult
    func publish(_ plan: Plan? = nil) throws -> (shop: Workshop, statuses: [JobStatus]) {
        let shop = try Workshop()
        let statuses = try shop.runner(Self.options(access(alice, writes: true))).run(plan ?? Self.plan())
        return (shop, statuses)
    }

    /// What lies under a fingerprint.
    func signed(_ fingerprint: Digest) throws -> SignedTrace {
        let text = try #require(ActionResult.standardOutput(of: remote.object(.trace(fingerprint)) ?? []))
        return try #require(SignedTrace(json: text, fingerprint: fingerprint))
    }

    func fingerprint(_ job: String, _ statuses: [JobStatus]) throws -> Digest {
        try #require(statuses.first { $0.job == job }?.fingerprint)
    }
    func digest(_ job: String, _ statuses: [JobStatus]) throws -> Digest {
        try #require(statuses.first { $0.job == job }?.outputs.first?.digest)
    }
}

@Suite struct RemoteStoreTests {
    let sharing = Sharing()

    @Test func blobsGoFirstAndTheTraceLast() throws {
        let (_, statuses) = try sharing.publish()
        let puts = sharing.remote.log.filter { $0.hasPrefix("put") }
        // Of `big` its file, of `folder` three files and the listing, of `last` its file: each before its trace.
        #expect(
            puts.map { $0.dropFirst(4).prefix(3) } == ["cas", "ac/", "cas", "cas", "cas", "cas", "ac/", "cas", "ac/"])
        for status in statuses {
            let fingerprint = try #require(status.fingerprint),
                trace = try #require(sharing.remote.object(.trace(fingerprint)))
            let text = try #require(ActionResult.standardOutput(of: trace))
            #expect(
                SignedTrace(json: text, fingerprint: fingerprint)?.signer(among: [sharing.alice.publicKey])
                    == sharing.alice.publicKey)
        }
        // A second run has nothing to say.
        let count = sharing.remote.log.count
        let again = try Workshop()
        _ = try again.runner(Sharing.options(sharing.access(sharing.alice, writes: true))).run(Sharing.plan())
        #expect(sharing.remote.log[count...].allSatisfy { $0.hasPrefix("get") })
    }

    @Test func anotherUserRunsNothingAndFetchesWhatWasAskedForAlone() throws {
        let (_, statuses) = try sharing.publish()
        let shop = try Workshop(), access = sharing.access()
        let taken = try shop.runner(Sharing.options(access)).run(Sharing.plan())
        #expect(shop.runs.withLock { $0 }.isEmpty && taken.allSatisfy { $0.state == .fresh && !$0.ran })
        #expect(taken.map { $0.outputs[0].digest } == statuses.map { $0.outputs[0].digest })
        #expect(taken.map { $0.outputs[0].isHere } == [false, false, true])
        #expect(try shop.text(taken, "last").hasPrefix("last "))
        #expect(
            access.traffic.requests == 4 && access.traffic.received < 10_000
                && access.traffic.found == ["big", "folder", "last"], "\(access.traffic)")
        // From now on without it.
        let alone = try shop.runner().run(Sharing.plan())
        #expect(alone.allSatisfy { $0.state == .fresh && !$0.ran } && shop.runs.withLock { $0 }.isEmpty)
        #expect(try shop.runner().status(of: Sharing.plan()).map(\.state) == [.fresh, .fresh, .fresh])
    }

    @Test func whatADeadAttemptLeftIsTidiedUp() throws {
        let (_, statuses) = try sharing.publish()
        let shop = try Workshop()
        for status in statuses {
            try shop.write("half", to: "store/work/\(sharing.fingerprint(status.job, statuses).hex)/scratch/shard")
        }
        try shop.write(#"{"kind": "lavise-pipeline store", "format": 1}"#, to: "store/lavise-store.json")
        #expect(try shop.run(Sharing.plan(), Sharing.options(sharing.access())).isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.storePath + "/work").isEmpty)
    }

    @Test func bytesComeWhenAJobReadsThem() throws {
        let (_, statuses) = try sharing.publish()
        let shop = try Workshop()
        _ = try shop.runner(Sharing.options(sharing.access())).run(Sharing.plan())
        let other = try shop.runner(Sharing.options(sharing.access())).run(Sharing.plan("other"))
        #expect(shop.runs.withLock { $0 } == ["last"])
        #expect(other.map { $0.outputs[0].isHere } == [true, true, true])
        #expect(try shop.text(other, "last").hasPrefix("other "))
        // The folder came whole, with the bit that says that a file can be run.
        let store = try shop.store(), folder = try #require(statuses[1].outputs.first)
        #expect(
            try shop.runner(RunOptions(verify: true, catchSignals: false)).status(of: Sharing.plan("other")).allSatisfy
            { $0.state == .fresh })
        #expect(access(store.path(of: folder.digest) + "/b", X_OK) == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.storePath + "/work").isEmpty)
    }

    @Test func anArtifactThatIsGoneIsMadeAgainWhenSomebodyReadsIt() throws {
        let (_, statuses) = try sharing.publish()
        let shop = try Workshop()
        _ = try shop.runner(Sharing.options(sharing.access())).run(Sharing.plan())
        sharing.remote.set(.blob(try sharing.digest("big", statuses)), nil)
        let other = try shop.runner(Sharing.options(sharing.access())).run(Sharing.plan("other"))
        #expect(shop.runs.withLock { $0 } == ["last", "big"])
        #expect(try sharing.digest("big", other) == sharing.digest("big", statuses))
        let lines = shop.lines.withLock { $0 }
        #expect(
            lines.contains {
                $0.contains("noted big: out cannot be had from fake:store: its file is gone")
            }, "\(lines)")
        // The same without the remote store: what was promised is made.
        let alone = try Workshop()
        _ = try alone.runner(Sharing.options(sharing.access())).run(Sharing.plan())
        #expect(try alone.run(Sharing.plan("third")).sorted() == ["big", "folder", "last"])
    }

    @Test func anActionWhoseWantedBytesAreGoneIsAMiss() throws {
        let (_, statuses) = try sharing.publish()
        sharing.remote.set(.blob(try sharing.digest("last", statuses)), nil)
        let shop = try Workshop()
        let taken = try shop.runner(Sharing.options(sharing.access())).run(Sharing.plan())
        #expect(shop.runs.withLock { $0 } == ["last"] && taken.allSatisfy { $0.outputs[0].isHere })
        #expect(try sharing.digest("last", taken) == sharing.digest("last", statuses))
    }

    @Test(arguments: ["flipped", "longer", "shorter", "empty"])
    func bytesThatAreOthersAreNeverUsed(damage: String) throws {
        let (_, statuses) = try sharing.publish()
        for job in ["big", "last"] {
            let key = RemoteKey.blob(try sharing.digest(job, statuses))
            var bytes = try #require(sharing.remote.object(key))
            switch damage {
            case "flipped": bytes[bytes.count / 2] ^= 1
            case "longer": bytes.append(0)
            case "shorter": bytes.removeLast()
            default: bytes = []
            }
            sharing.remote.set(key, bytes)
        }
        let shop = try Workshop()
        let taken = try shop.runner(Sharing.options(sharing.access())).run(Sharing.plan())
        #expect(shop.runs.withLock { $0 } == ["last", "big"], "\(shop.lines.withLock { $0 })")
        #expect(taken.map { $0.outputs[0].digest } == statuses.map { $0.outputs[0].digest })
        #expect(shop.lines.withLock { $0 }.contains { $0.hasPrefix("noted last: out cannot be had from fake:store: ") })
    }

    @Test func aFolderWithADamagedFileIsMadeHere() throws {
        let (_, statuses) = try sharing.publish()
        sharing.remote.set(.blob(Digest(hashing: "text of deep/c")), Array("text of deep/d".utf8))
        let shop = try Workshop()
        _ = try shop.runner(Sharing.options(sharing.access())).run(Sharing.plan())
        let other = try shop.runner(Sharing.options(sharing.access())).run(Sharing.plan("other"))
        #expect(shop.runs.withLock { $0 } == ["last", "folder"])
        #expect(try sharing.digest("folder", other) == sharing.digest("folder", statuses))
    }

    @Test func aBodyThatBreaksOffGoesOnWhereItWas() throws {
        for knowsRanges in [true, false] {
            let sharing = Sharing()
            let (_, statuses) = try sharing.publish()
            let shop = try Workshop()
            _ = try shop.runner(Sharing.options(sharing.access())).run(Sharing.plan())
            let count = sharing.remote.log.count
            sharing.remote.state.withLock {
                // After the answer that there is no trace.
                $0.cuts = [.max, 40_000, 30_000]
                $0.knowsRanges = knowsRanges
            }
            let other = try shop.runner(Sharing.options(sharing.access())).run(Sharing.plan("other"))
            #expect(shop.runs.withLock { $0 } == ["last"])
            #expect(try sharing.digest("big", other) == sharing.digest("big", statuses))
            let starts = sharing.remote.log[count...].filter { $0.hasPrefix("get cas") }.prefix(3).map {
                $0.contains("from") ? String($0.split(separator: " ").last!) : "0"
            }
            #expect(starts == (knowsRanges ? ["0", "40000", "70000"] : ["0", "40000", "40000"]), "\(starts)")
        }
    }

    @Test func threeTriesAndThenItIsLeftAloneWithOneLine() throws {
        try sharing.publish()
        sharing.remote.state.withLock { $0.before = { _, _ in throw RemoteFault.unavailable("HTTP 503") } }
        let count = sharing.remote.log.count
        let shop = try Workshop(), access = sharing.access(sharing.alice, writes: true)
        #expect(try shop.run(Sharing.plan(), Sharing.options(access)) == ["big", "folder", "last"])
        #expect(sharing.remote.log.count - count == 3)
        let lines = shop.lines.withLock { $0 }.filter { $0.contains("fake:store") }
        #expect(lines == ["noted big: fake:store: HTTP 503; asked 3 times; it is not used for the rest of this run"])
    }

    @Test func whoMayOnlyReadReadsOn() throws {
        try sharing.publish()
        sharing.remote.state.withLock {
            $0.before = { verb, _ in if verb == "put" { throw RemoteFault.refused("HTTP 403 AccessDenied") } }
        }
        let shop = try Workshop(), access = sharing.access(sharing.alice, writes: true)
        #expect(try shop.run(Sharing.plan("mine"), Sharing.options(access)) == ["last"])
        let lines = shop.lines.withLock { $0 }.filter { $0.contains("fake:store") }
        #expect(
            lines == ["noted last: fake:store: HTTP 403 AccessDenied; it is not written to for the rest of this run"])
        #expect(access.may(.reading) && !access.may(.writing))
    }

    @Test func refusedReadingEndsIt() throws {
        try sharing.publish()
        sharing.remote.state.withLock { $0.before = { verb, _ in throw RemoteFault.refused("HTTP 401") } }
        let shop = try Workshop()
        #expect(try shop.run(Sharing.plan(), Sharing.options(sharing.access())) == ["big", "folder", "last"])
        #expect(
            shop.lines.withLock { $0 }.filter { $0.contains("fake:store") } == [
                "noted big: fake:store: HTTP 401; it is not read for the rest of this run"
            ])
    }
}
