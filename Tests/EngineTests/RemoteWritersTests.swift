import Engine
import Fingerprints
import Foundation
import Synchronization
import Testing

/// Several writers of one remote store, and what they do when they disagree or die.
@Suite struct RemoteWritersTests {
    let sharing = Sharing()

    /// A stage whose output hangs on nothing that it declares.
    private func dicePlan(_ text: String) throws -> Plan {
        try Plan([
            Job(id: "dice", stage: TestStage(name: "dice") { try writeText(text, $0.output + "/out") }, inputs: [])
        ])
    }

    @Test func otherOutputsUnderOneFingerprintAreReported() throws {
        let (_, statuses) = try sharing.publish(dicePlan("six"))
        let shop = try Workshop()
        let access = sharing.access(sharing.bob, writes: true)
        let error = #expect(throws: EngineError.self) {
            try shop.run(dicePlan("five"), Sharing.options(access, force: ["dice"]))
        }
        guard case .nondeterministic("dice", "out", let first, let second, let difference)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(first == Digest(hashing: "six") && second == Digest(hashing: "five"))
        #expect(difference == "the first is in fake:store, signed by alice")
        // Alice's stays, Bob's is in his own store.
        #expect(try sharing.signed(sharing.fingerprint("dice", statuses)).trace.outcomes[0].outputs[0].digest == first)
        #expect(try shop.runner().status(of: dicePlan("five"))[0].outputs[0].digest == second)
    }

    @Test func whatWasLeftHereIsNotReplacedByAnother() throws {
        let shop = try Workshop()
        let mine = try shop.runner().run(dicePlan("five"))
        try sharing.publish(dicePlan("six"))
        // Its bytes are gone here, and the trace says what they were.
        try LocalFileSystem().remove(mine[0].outputs[0].path)
        let again = try shop.runner(Sharing.options(sharing.access())).run(dicePlan("five"))
        #expect(again[0].ran && again[0].outputs[0].digest == Digest(hashing: "five"))
        #expect(
            shop.lines.withLock { $0 }.contains {
                $0.contains("not deterministic: the trace in fake:store has other outputs")
            })
    }

    @Test func twoWritersOfTheSameAtOnceAgree() throws {
        let shops = try (0..<4).map { _ in try Workshop() }
        let errors = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: shops.count) { index in
            do {
                var options = Sharing.options(sharing.access(sharing.alice, reads: false, writes: true))
                options.jobs = 2
                _ = try shops[index].runner(options).run(Sharing.plan())
            } catch { errors.withLock { $0.append("\(error)") } }
        }
        #expect(errors.withLock { $0 }.isEmpty)
        let reader = try Workshop()
        #expect(try reader.run(Sharing.plan(), Sharing.options(sharing.access())).isEmpty)
    }

    /// Another writer comes between the look and the writing.
    @Test func theOneThatComesSecondLooksAgain() throws {
        for (word, isSame) in [("six", true), ("five", false)] {
            let sharing = Sharing(), other = Sharing()
            let (_, statuses) = try other.publish(dicePlan(word))
            let fingerprint = try sharing.fingerprint("dice", statuses)
            // Alice's trace of the other remote store, signed by the key that is trusted here.
            let trace = try other.signed(fingerprint).trace
            let theirs = ActionResult(
                standardOutput: Array(SignedTrace(trace, signedWith: sharing.alice).value.json(pretty: false).utf8)
            ).bytes
            let remote = sharing.remote
            remote.state.withLock {
                $0.before = { verb, key in if verb == "put", case .trace = key { remote.set(key, theirs) } }
            }
            let shop = try Workshop()
            let result = Result {
                try shop.run(dicePlan("six"), Sharing.options(sharing.access(sharing.bob, writes: true)))
            }
            if isSame {
                #expect(throws: Never.self) { try result.get() }
            } else {
                #expect(throws: EngineError.self) { try result.get() }
            }
        }
    }

    @Test func withoutAKeyNothingIsWritten() throws {
        let shop = try Workshop()
        _ = try shop.run(dicePlan("six"), Sharing.options(sharing.access(nil, writes: true)))
        #expect(sharing.remote.keys.isEmpty)
        #expect(
            shop.lines.withLock { $0 }.contains { $0.contains("not given to fake:store: there is no key to sign with") }
        )
    }

    @Test func whatAFailedRunFinishedIsSharedToo() throws {
        let bad = TestStage(name: "bad") { _ in throw CancellationError() }
        let good = TestStage(name: "good") { try writeText("fine", $0.output + "/out") }
        let plan = try Plan([
            Job(id: "good", stage: good, inputs: []),
            Job(id: "bad", stage: bad, inputs: [Input("x", .output(job: "good", name: "out"))]),
        ])
        let shop = try Workshop()
        #expect(throws: EngineError.self) {
            try shop.run(plan, Sharing.options(sharing.access(sharing.alice, writes: true)))
        }
        #expect(sharing.remote.keys.count == 2)
    }

    /// What is finished is there while the rest runs, and stays there when that is ended.
    @Test func eachJobIsGivenAsSoonAsItIsDone() throws {
        let remote = sharing.remote, cancellation = Cancellation(), wasThere = Mutex(false)
        let first = TestStage(name: "first") { try writeText("one", $0.output + "/out") }
        let second = TestStage(name: "second") { context in
            // Another thread gives it: waited for, a while.
            for _ in 0..<3000 where !wasThere.withLock({ $0 }) {
                let isThere = remote.log.contains { $0.hasPrefix("put ac/") }
                wasThere.withLock { $0 = isThere }
                if !isThere { usleep(10_000) }
            }
            cancellation.cancel()
            try context.checkCancelled()
        }
        let plan = try Plan([
            Job(id: "first", stage: first, inputs: []),
            Job(id: "second", stage: second, inputs: [Input("x", .output(job: "first", name: "out"))]),
        ])
        var options = Sharing.options(sharing.access(sharing.alice, writes: true))
        options.cancellation = cancellation
        let shop = try Workshop()
        #expect(throws: EngineError.self) { try shop.run(plan, options) }
        #expect(wasThere.withLock { $0 })
        let reader = try Workshop()
        let pulled = try reader.runner(Sharing.options(sharing.access())).pull(plan)
        #expect(pulled.map(\.state) == [.moved, .absent])
    }

    @Test func pushAndPull() throws {
        let shop = try Workshop(), plan = try Sharing.plan()
        _ = try shop.run(plan)
        let pushed = try shop.runner(Sharing.options(sharing.access(sharing.alice, writes: true))).push(plan)
        #expect(pushed.map(\.state) == [.moved, .moved, .moved] && pushed[0].bytes > 100_000)
        #expect(
            try shop.runner(Sharing.options(sharing.access(sharing.alice, writes: true))).push(plan).map(\.state) == [
                .present, .present, .present,
            ])

        let reader = try Workshop()
        let only = try reader.runner(Sharing.options(sharing.access())).pull(plan, jobs: ["folder"])
        #expect(only.map(\.state) == [.traceOnly, .moved, .traceOnly])
        let all = try reader.runner(Sharing.options(sharing.access())).pull(plan)
        #expect(all.map(\.state) == [.moved, .present, .moved])
        #expect(try reader.run(plan).isEmpty && reader.runs.withLock { $0 }.isEmpty)

        let other = try Workshop()
        let missing = try other.runner(Sharing.options(sharing.access())).pull(Sharing.plan("other", bigSeed: 2))
        #expect(missing.map(\.state) == [.absent, .moved, .absent] && missing[2].reason == "it needs big")
        let nothing = try other.runner(Sharing.options(sharing.access(sharing.alice, writes: true))).push(
            Sharing.plan("other", bigSeed: 2))
        #expect(nothing.map(\.state) == [.absent, .present, .absent])
    }

    /// What is only promised can be verified: made here from the same inputs, and compared with what the trace says.
    @Test func verifyMakesWhatIsOnlyPromised() throws {
        try sharing.publish()
        let shop = try Workshop(), options = Sharing.options(sharing.access())
        _ = try shop.run(Sharing.plan(), options)
        let verified = try shop.runner(options).verify(Sharing.plan())
        #expect(verified.count == 3 && verified.allSatisfy { $0.error == nil && $0.agreeing == 2 })
        #expect(try shop.runner().status(of: Sharing.plan()).allSatisfy { $0.outputs[0].isHere })
    }

    @Test func garbageCollectionKeepsWhatIsKnownOfTheRemoteStore() throws {
        try sharing.publish()
        let shop = try Workshop(), plan = try Sharing.plan()
        _ = try shop.run(plan, Sharing.options(sharing.access()))
        #expect(try shop.runner().collectGarbage(Keep(plans: [plan])).items.isEmpty)
        #expect(try shop.runner().status(of: plan).map(\.state) == [.fresh, .fresh, .fresh])
        _ = try shop.runner().collectGarbage(Keep())
        for kind in ["remote", "ac"] {
            #expect(
                try FileManager.default.subpathsOfDirectory(atPath: "\(shop.storePath)/\(kind)").allSatisfy {
                    $0.count == 2
                }, "\(kind)")
        }
    }

    /// What is in a folder stays, and the second writer hears it.
    @Test func aFolderKeepsTheFirst() throws {
        let shop = try Workshop(), store = FolderStore(shop.path("shared")), key = RemoteKey.trace(Digest(hashing: "x"))
        #expect(try !store.has(key))
        #expect(try store.putNew([1, 2], key))
        #expect(try !store.putNew([3], key) && store.has(key))
        var found: [(Int, [UInt8])] = []
        let isThere = try store.get(key, from: 1) { found.append(($0, Array($1))) }
        #expect(isThere && found.map(\.0) == [1] && found.map(\.1) == [[2]])
    }

    @Test func aFolderIsARemoteStoreToo() throws {
        let place = try Workshop()
        let folder = FolderStore(place.path("shared"))
        let shop = try Workshop()
        _ = try shop.run(Sharing.plan(), Sharing.options(sharing.access(sharing.alice, writes: true, to: folder)))
        let reader = try Workshop()
        #expect(try reader.run(Sharing.plan("other"), Sharing.options(sharing.access(to: folder))) == ["last"])
        #expect(
            try folder.putNew([1], .trace(Digest(hashing: "x"))) && !folder.putNew([2], .trace(Digest(hashing: "x"))))
    }

    /// SIGKILL would end the process; the same places, as errors.
    @Test func anUploadThatDiesLeavesNoTrace() throws {
        struct Dead: Error {}
        for death in 1...14 {
            let sharing = Sharing(), count = Mutex(0)
            sharing.remote.state.withLock {
                $0.before = { _, _ in
                    let isDead = count.withLock { count in
                        count += 1
                        return count >= death
                    }
                    if isDead { throw Dead() }
                }
            }
            let shop = try Workshop()
            _ = Result {
                try shop.run(Sharing.plan(), Sharing.options(sharing.access(sharing.alice, reads: false, writes: true)))
            }
            sharing.remote.state.withLock { $0.before = nil }
            // Whatever traces are there have all their blobs.
            let reader = try Workshop()
            let pulled = try reader.runner(Sharing.options(sharing.access())).pull(Sharing.plan())
            #expect(
                pulled.allSatisfy {
                    $0.state == .moved || $0.reason?.contains("no trace of it") == true
                        || $0.reason?.contains("it needs") == true
                }, "\(death): \(pulled)")
            // And the next push goes on.
            #expect(
                try shop.runner(Sharing.options(sharing.access(sharing.alice, writes: true))).push(Sharing.plan())
                    .allSatisfy { $0.state != .absent })
        }
    }
}
