import Engine
import Fingerprints
import Foundation
import Synchronization
import Testing

/// What is taken from a remote store and what is not, to the byte; how often it is asked, and after what pause.
@Suite struct RemoteLimitsTests {
    let sharing = Sharing()

    /// One job of 400,000 bytes.
    private static func plan() throws -> Plan {
        let stage = TestStage(name: "big") {
            try writeText(String(repeating: "12345678", count: 50_000), $0.output + "/out")
        }
        return try Plan([Job(id: "big", stage: stage, inputs: [])], name: "shared")
    }

    private func said(_ shop: Workshop) -> [String] {
        shop.lines.withLock { $0 }.filter { $0.contains("fake:store") }
    }

    @Test func thePauseBeforeTheThirdTryIsTwiceThatBeforeTheSecond() throws {
        try sharing.publish(Self.plan())
        sharing.remote.state.withLock { $0.before = { _, _ in throw RemoteFault.unavailable("HTTP 503") } }
        let time = SleeperTime()
        var policy = RemoteAccess.Policy(trust: [sharing.alice.publicKey: "alice"])
        #expect(policy.reads && !policy.writes && policy.connections == 4 && policy.pause == 500_000_000)
        #expect(RemoteAccess.Policy(connections: 0).connections == 1)
        policy.pause = 7_000
        let access = RemoteAccess(sharing.remote, policy, time: time)
        #expect(try Workshop().run(Self.plan(), Sharing.options(access)) == ["big"])
        #expect(time.sleeps == [7_000, 14_000] && access.traffic.requests == 3)
    }

    /// 64 KiB between two failures are progress: the count begins anew.
    @Test(
        arguments: [
            (cuts: [65_536, 65_536, 65_536, 65_536], arrives: true),
            (cuts: [64_512, 64_512, 64_512], arrives: false),
            (cuts: [1024, 1024, 65_536, 1024], arrives: true),
            (cuts: [1024, 65_536, 1024, 1024], arrives: false),
        ])
    func whoMakesProgressIsAskedOn(cuts: [Int], arrives: Bool) throws {
        try sharing.publish(Self.plan())
        sharing.remote.state.withLock {
            // Behind the answer with the trace.
            ($0.cuts, $0.pieceBytes) = ([.max] + cuts, 1024)
        }
        let count = sharing.remote.log.count
        let shop = try Workshop(), ran = try shop.run(Self.plan(), Sharing.options(sharing.access()))
        #expect(ran == (arrives ? [] : ["big"]))
        let starts = sharing.remote.log[count...].filter { $0.hasPrefix("get cas") }.map {
            $0.contains("from") ? Int($0.split(separator: " ").last ?? "") ?? -1 : 0
        }
        let sums = cuts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        #expect(starts == (arrives ? sums : sums.dropLast()))
        #expect(said(shop).contains { $0.contains("asked 3 times") } != arrives)
    }

    /// A body that does not end is left when it has more bytes than its trace says.
    @Test func moreThanTheTraceSaysIsNotTaken() throws {
        let (_, statuses) = try sharing.publish(Self.plan())
        let key = RemoteKey.blob(try sharing.digest("big", statuses))
        sharing.remote.set(key, [UInt8](repeating: 49, count: 5_000_000))
        let shop = try Workshop(), access = sharing.access()
        #expect(try shop.run(Self.plan(), Sharing.options(access)) == ["big"])
        #expect(said(shop).contains { $0.contains("more than the 400000 bytes that its trace says came") })
        #expect(access.traffic.received < 410_000, "\(access.traffic)")
    }

    /// A message of 64 MiB is read, and one of a byte more is not; what we do not know in it is passed over.
    @Test(arguments: [0, 1]) func tracesHaveALimit(more: Int) throws {
        let (_, statuses) = try sharing.publish(Self.plan())
        let key = RemoteKey.trace(try sharing.fingerprint("big", statuses)), limit = 64 << 20
        var message = try #require(sharing.remote.object(key))
        // Field 15, of bytes: their number in four bytes of seven bits.
        let count = limit + more - message.count - 5
        message.append(15 << 3 | 2)
        message += (0..<4).map { (place: Int) -> UInt8 in
            let bits = UInt8(count >> (7 * place) & 127)
            return place < 3 ? bits | 128 : bits
        }
        message += [UInt8](repeating: 0, count: count)
        #expect(message.count == limit + more)
        sharing.remote.set(key, message)
        sharing.remote.state.withLock { $0.pieceBytes = 1 << 20 }
        let shop = try Workshop(), access = sharing.access()
        #expect(try shop.run(Self.plan(), Sharing.options(access)) == (more == 0 ? [] : ["big"]))
        #expect(said(shop).contains { $0.contains("has more than \(limit) bytes") } == (more == 1), "\(said(shop))")
        #expect(access.traffic.found == (more == 0 ? ["big"] : []))
    }

    /// A trusted key's word on outputs that the stage does not have, or that no disk can hold.
    @Test(arguments: [("out", -1), ("other", 400_000)])
    func outputsMustBeTheStages(name: String, bytes: Int) throws {
        let (shop, statuses) = try sharing.publish(Self.plan())
        let fingerprint = try sharing.fingerprint("big", statuses)
        var trace = try #require(try shop.store().trace(fingerprint))
        trace.outcomes[0].outputs = [
            Artifact(name: name, digest: try sharing.digest("big", statuses), bytes: bytes, isFolder: false)
        ]
        let signed = SignedTrace(trace, signedWith: sharing.alice)
        sharing.remote.set(
            .trace(fingerprint), ActionResult(standardOutput: Array(signed.value.json(pretty: false).utf8)).bytes)
        let reader = try Workshop()
        #expect(try reader.run(Self.plan(), Sharing.options(sharing.access())) == ["big"])
        #expect(said(reader).contains { $0.contains("has other outputs than this stage; it is not used") })
    }

    // MARK: What is given

    @Test func whatHasSeveralOutcomesIsKept() throws {
        let count = Mutex(0), shop = try Workshop()
        let dice = TestStage(name: "dice") { context in
            let number = count.withLock { count in
                count += 1
                return count
            }
            try writeText("\(number)", context.output + "/out")
        }
        let plan = try Plan([Job(id: "dice", stage: dice, inputs: [])])
        try shop.run(plan)
        #expect(throws: EngineError.self) { try shop.run(plan, RunOptions(force: ["dice"], catchSignals: false)) }
        let pushed = try shop.runner(Sharing.options(sharing.access(sharing.alice, writes: true))).push(plan)
        #expect(pushed.map(\.state) == [.absent])
        #expect(pushed[0].reason == "it has several outcomes under one fingerprint" && sharing.remote.keys.isEmpty)
    }

    /// Blobs that are there already do not go again, whoever left them.
    @Test func blobsGoOnce() throws {
        let (_, statuses) = try sharing.publish()
        for status in statuses { sharing.remote.set(.trace(try #require(status.fingerprint)), nil) }
        let shop = try Workshop(), count = sharing.remote.log.count
        _ = try shop.run(Sharing.plan())
        let access = sharing.access(sharing.alice, writes: true)
        let pushed = try shop.runner(Sharing.options(access)).push(Sharing.plan())
        let log = sharing.remote.log[count...]
        #expect(log.count { $0.hasPrefix("put ac/") } == 3 && !log.contains { $0.hasPrefix("put cas") }, "\(log)")
        // Of one file, of three and their listing, of one.
        #expect(log.count { $0.hasPrefix("has cas") } == 6)
        let messages = try statuses.reduce(0) {
            try $0 + (sharing.remote.object(.trace(#require($1.fingerprint)))?.count ?? 0)
        }
        #expect(pushed.reduce(0) { $0 + $1.bytes } == messages && access.traffic.sent == messages)
    }

    /// `OutputFile`s of remote_execution.proto, byte by byte: path 1, digest 2 (hash 1, size 2), executable 4.
    @Test func anActionNamesItsFiles() throws {
        let (_, statuses) = try sharing.publish()
        let bytes = try #require(sharing.remote.object(.trace(try sharing.fingerprint("folder", statuses))))
        func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
            [number << 3 | 2, UInt8(content.count)] + content
        }
        func file(_ name: String, _ text: String, isExecutable: Bool) -> [UInt8] {
            let digest = field(1, Array(Digest(hashing: text).hex.utf8)) + [2 << 3, UInt8(text.utf8.count)]
            return field(
                2, field(1, Array("out/\(name)".utf8)) + field(2, digest) + (isExecutable ? [4 << 3, 1] : []))
        }
        for name in ["a", "b", "deep/c"] {
            #expect(bytes.contains(file(name, "text of \(name)", isExecutable: name == "b")), "\(name)")
        }
    }
}
