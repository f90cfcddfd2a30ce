import Engine
import Fingerprints
import Foundation
import Testing

/// A blob proves itself; a trace is a claim, and counts for who signed it.
@Suite struct RemoteTrustTests {
    let sharing = Sharing()

    /// Runs as somebody who trusts `trust`; what ran, and what was said of the remote store.
    private func run(trusting trust: [SigningKey]) throws -> (ran: [String], said: [String]) {
        let shop = try Workshop()
        let ran = try shop.run(Sharing.plan(), Sharing.options(sharing.access(trust: trust)))
        return (ran, shop.lines.withLock { $0 }.filter { $0.contains("fake:store") })
    }

    private func edit(_ fingerprint: Digest, _ change: (inout Value) -> Void) throws {
        let key = RemoteKey.trace(fingerprint)
        var value = try sharing.signed(fingerprint).value
        change(&value)
        sharing.remote.set(key, ActionResult(standardOutput: Array(value.json(pretty: false).utf8)).bytes)
    }

    @Test func tracesOfKeysThatAreNotKnownAreNotUsed() throws {
        try sharing.publish()
        let (ran, said) = try run(trusting: [sharing.bob])
        #expect(ran == ["big", "folder", "last"])
        #expect(
            said.count == 3
                && said.allSatisfy { $0.contains("no key that is trusted signed it (\(sharing.alice.publicKey))") },
            "\(said)")
        #expect(try run(trusting: [sharing.bob, sharing.alice]).ran.isEmpty)
    }

    @Test func whoTrustsNobodyAsksNothing() throws {
        try sharing.publish()
        let count = sharing.remote.log.count
        let (ran, said) = try run(trusting: [])
        #expect(
            ran.count == 3 && said.count == 1 && said[0].contains("no key is trusted")
                && sharing.remote.log.count == count)
    }

    @Test func unsignedAndForgedTracesAreNotUsed() throws {
        let (_, statuses) = try sharing.publish()
        // Bob's claim that `last` left something else, in his own name and in Alice's.
        let other = try sharing.digest("big", statuses), fingerprint = try sharing.fingerprint("last", statuses)
        func forge(_ value: inout Value) {
            guard case .object(var members) = value, let text = members["trace"]?.json(pretty: false) else { return }
            let mine = statuses[2].outputs[0].digest.hex
            guard let forged = try? Value(json: Array(text.replacingOccurrences(of: mine, with: other.hex).utf8)) else {
                return
            }
            // Even its own checksum is made to fit.
            let parts: [Value] = [forged["job"] ?? .null, forged["inputs"] ?? .null, forged["outcomes"] ?? .null]
            guard case .object(var trace) = forged else { return }
            trace["digest"] = .string(Value.array(parts).digest.hex)
            members["trace"] = .object(trace)
            value = .object(members)
        }
        try edit(fingerprint, forge)
        var (ran, said) = try run(trusting: [sharing.alice])
        #expect(ran == ["last"] && said.contains { $0.contains("no key that is trusted signed it") }, "\(said)")
        try edit(fingerprint) { value in
            guard case .object(var members) = value else { return }
            members["signatures"] = []
            value = .object(members)
        }
        (ran, said) = try run(trusting: [sharing.alice])
        #expect(ran == ["last"] && said.contains { $0.contains("nobody signed it") }, "\(said)")
    }

    @Test func aSignedTraceUnderAnotherNameIsNotUsed() throws {
        let (_, statuses) = try sharing.publish()
        let big = try sharing.fingerprint("big", statuses), last = try sharing.fingerprint("last", statuses)
        sharing.remote.set(.trace(last), sharing.remote.object(.trace(big)))
        let (ran, said) = try run(trusting: [sharing.alice])
        #expect(ran == ["last"] && said.contains { $0.contains("is no trace of this job") }, "\(said)")
    }

    @Test(arguments: [
        [], [0xff], Array("<html>not found</html>".utf8), [0x2a, 0x80], Array(repeating: 0x2a, count: 1000),
    ])
    func whatIsNoActionIsNotUsed(bytes: [UInt8]) throws {
        let (_, statuses) = try sharing.publish()
        sharing.remote.set(.trace(try sharing.fingerprint("last", statuses)), bytes)
        #expect(try run(trusting: [sharing.alice]).ran == ["last"])
    }

    @Test func everyCutAndEveryFlippedByteOfAnActionIsAMissOrTheSame() throws {
        let (_, statuses) = try sharing.publish()
        let fingerprint = try sharing.fingerprint("last", statuses),
            whole = try #require(sharing.remote.object(.trace(fingerprint)))
        let text = try #require(ActionResult.standardOutput(of: whole)),
            signed = try #require(SignedTrace(json: text, fingerprint: fingerprint))
        for place in whole.indices {
            var bytes = whole
            bytes[place] ^= 1 << UInt8(place % 8)
            for damaged in [bytes, Array(whole[..<place])] {
                guard let text = ActionResult.standardOutput(of: damaged),
                    let other = SignedTrace(json: text, fingerprint: fingerprint),
                    other.signer(among: [sharing.alice.publicKey]) != nil
                else { continue }
                #expect(other.trace == signed.trace, "byte \(place)")
            }
        }
    }

    /// A trusted writer's listing that leads out of its folder: trust in results is no trust in paths.
    @Test(arguments: ["../evil", "/tmp/evil", "a/../../evil", "", "a//b", "./a"])
    func aListingThatLeadsElsewhereIsRefused(path: String) throws {
        let stage = TestStage(name: "one") { context in
            try FileManager.default.createDirectory(atPath: context.output + "/out", withIntermediateDirectories: true)
            try writeText("good", context.output + "/out/file")
        }
        let plan = try Plan([Job(id: "one", stage: stage, inputs: [])])
        let (shop, statuses) = try sharing.publish(plan)
        var listing = Array("lavise folder 1\0".utf8) + Array("\(Digest(hashing: "good").hex) \(path)".utf8)
        listing.append(0)
        let evil = Artifact(name: "out", digest: Digest(hashing: listing), bytes: 4, isFolder: true)
        let fingerprint = try #require(statuses[0].fingerprint)
        var trace = try #require(try shop.store().trace(fingerprint))
        trace.outcomes[0].outputs = [evil]
        sharing.remote.set(.blob(evil.digest), listing)
        let signed = SignedTrace(trace, signedWith: sharing.alice)
        sharing.remote.set(
            .trace(fingerprint), ActionResult(standardOutput: Array(signed.value.json(pretty: false).utf8)).bytes)
        let victim = try Workshop()
        #expect(throws: (any Error).self) { try victim.run(plan, Sharing.options(sharing.access())) }
        #expect(
            victim.lines.withLock { $0 }.contains {
                $0.contains(path.isEmpty ? "its files are not those" : "which leads elsewhere")
            }, "\(victim.lines.withLock { $0 })")
        #expect(
            !FileManager.default.fileExists(atPath: "/tmp/evil")
                && !FileManager.default.fileExists(atPath: victim.storePath + "/evil"))
    }

    @Test func tracesTellNobodyWhereFilesLie() throws {
        let shop = try Workshop()
        try shop.write("content", to: "private/place/data.txt")
        let plan = try Plan([
            Job(
                id: "read", stage: TestStage.join("read", inputs: ["data"]),
                inputs: [Input("data", .file(shop.path("private/place/data.txt")))])
        ])
        let statuses = try shop.runner(Sharing.options(sharing.access(sharing.alice, writes: true))).run(plan)
        let object = sharing.remote.object(.trace(try sharing.fingerprint("read", statuses))) ?? []
        let text = String(decoding: object, as: UTF8.self)
        #expect(text.contains("file:data.txt") && !text.contains("private"))
        // Who takes it has places of his own.
        let other = try Workshop()
        try other.write("content", to: "elsewhere.txt")
        let theirs = try Plan([
            Job(
                id: "read", stage: TestStage.join("read", inputs: ["data"]),
                inputs: [Input("data", .file(other.path("elsewhere.txt")))])
        ])
        #expect(try other.run(theirs, Sharing.options(sharing.access())).isEmpty)
        let fingerprint = try #require(try other.runner().status(of: theirs)[0].fingerprint)
        #expect(try other.store().trace(fingerprint)?.inputs.map(\.source) == ["file:\(other.path("elsewhere.txt"))"])
    }
}
