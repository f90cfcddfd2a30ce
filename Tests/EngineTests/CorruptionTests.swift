import Engine
import Fingerprints
import Foundation
import Testing

@Suite struct CorruptionTests {
    static func plan(_ shop: Workshop) throws -> Plan {
        try Plan([
            Job(id: "a", stage: TestStage.join("a", inputs: ["t"]), inputs: [Input("t", .file(shop.path("a.txt")))]),
            Job(
                id: "b", stage: TestStage.join("b", inputs: ["x"]), inputs: [Input("x", .output(job: "a", name: "out"))]
            ),
        ])
    }

    enum Damage: CaseIterable { case flip, truncate, zero, replace, empty }

    static func apply(_ damage: Damage, to path: String) throws {
        let files = FileManager.default
        let before = try files.attributesOfItem(atPath: path)
        try files.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        switch damage {
        case .flip: try handle.write(contentsOf: Data([bytes[0] ^ 1]))
        case .truncate: try handle.truncate(atOffset: UInt64(bytes.count - 1))
        case .zero: try handle.write(contentsOf: Data(count: bytes.count))
        case .empty: try handle.truncate(atOffset: 0)
        case .replace:
            try files.removeItem(atPath: path)
            try Data(bytes.map { $0 ^ 2 }).write(to: URL(fileURLWithPath: path))
        }
        try handle.close()
        // Mode and mtime as before: only ctime and inode tell.
        try files.setAttributes(
            [.posixPermissions: 0o444, .modificationDate: before[.modificationDate] as Any], ofItemAtPath: path)
    }

    @Test(arguments: Damage.allCases)
    func aDamagedArtifactIsSetAsideAndRebuilt(damage: Damage) throws {
        let shop = try Workshop()
        try shop.write("some text", to: "a.txt")
        let first = try shop.runner().run(Self.plan(shop))
        let path = first[0].outputs[0].path
        try Self.apply(damage, to: path)
        let status = try shop.runner().status(of: Self.plan(shop))
        #expect(status.map(\.state) == [.stale, .stale])
        guard case .outputCorrupt("out", _) = status[0].reason else {
            return #expect(Bool(false), "\(String(describing: status[0].reason))")
        }
        let second = try shop.runner().run(Self.plan(shop))
        #expect(second.map(\.ran) == [true, false])
        #expect(second.map(\.outputs) == first.map(\.outputs))
        #expect(try readText(path) == "some text")
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.storePath + "/quarantine").count == 1)
        #expect(shop.lines.withLock { $0.contains { $0.hasPrefix("noted a: output out is corrupt") } })
        #expect(try shop.run(Self.plan(shop)) == [])
    }

    /// The rebuild of a damaged artifact has other bytes: that is said, and from then on the outcome that is there is
    /// the one in use.
    @Test func aRebuildWithOtherBytesIsSaidAndThenUsed() throws {
        let shop = try Workshop()
        let count = Box(0)
        let plan = try Plan([
            Job(
                id: "x",
                stage: TestStage(name: "x") { context in
                    count.change { $0 += 1 }
                    try writeText("attempt \(count.value)", context.output + "/out")
                }, inputs: [])
        ])
        let first = try shop.runner().run(plan)[0]
        try Self.apply(.flip, to: first.outputs[0].path)
        let error = #expect(throws: EngineError.self) { try shop.run(plan) }
        guard case .nondeterministic("x", "out", Digest(hashing: "attempt 1"), Digest(hashing: "attempt 2"), _)? = error
        else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: shop.storePath + "/quarantine").map {
                String($0.prefix(64))
            } == [first.outputs[0].digest.hex])
        let status = try shop.runner().run(plan)[0]
        #expect(status.state == .fresh && !status.ran && status.outputs.map(\.digest) == [Digest(hashing: "attempt 2")])
        guard case .nondeterministic(outcomes: 2)? = status.reason else {
            Issue.record("\(String(describing: status.reason))"); return
        }
        #expect(try shop.text([status], "x") == "attempt 2")
    }

    @Test func aStoreThatWasCopiedIsStillGood() throws {
        let shop = try Workshop()
        try shop.write("some text", to: "a.txt")
        try shop.run(Self.plan(shop))
        try FileManager.default.copyItem(atPath: shop.storePath, toPath: shop.path("copy"))
        let runner = Runner(store: try Store(at: shop.path("copy")), options: RunOptions(catchSignals: false))
        #expect(try runner.run(Self.plan(shop)).allSatisfy { !$0.ran })
    }

    @Test func folderArtifactsAreWatchedToo() throws {
        let shop = try Workshop()
        let stage = TestStage(name: "f", outputs: ["folder"]) { context in
            try FileManager.default.createDirectory(
                atPath: context.output + "/folder", withIntermediateDirectories: true)
            for index in 0..<5 { try writeText("\(index)", context.output + "/folder/\(index)") }
        }
        let plan = try Plan([Job(id: "f", stage: stage, inputs: [])])
        let first = try shop.runner().run(plan)
        let folder = first[0].outputs[0].path
        try Self.apply(.flip, to: folder + "/3")
        #expect(try shop.run(plan) == ["f"])
        #expect(try readText(folder + "/3") == "3")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder)
        try writeText("extra", folder + "/extra")
        #expect(try shop.run(plan) == ["f"])
        #expect(try shop.run(plan) == [])
    }

    @Test func aDamagedTraceCountsAsNone() throws {
        let shop = try Workshop()
        try shop.write("some text", to: "a.txt")
        let first = try shop.runner().run(Self.plan(shop))
        let fingerprint = try #require(first[0].fingerprint?.hex)
        let path = "\(shop.storePath)/ac/\(fingerprint.prefix(2))/\(fingerprint)"
        let text = try readText(path)
        #expect(text.contains("\"stage\": \"a\""))
        for damaged in [
            "", String(text.prefix(100)), text.replacingOccurrences(of: "\"stage\": \"a\"", with: "\"stage\": \"z\""),
        ] {
            try writeText(damaged, path)
            #expect(try shop.runner().status(of: Self.plan(shop))[0].reason == .traceLost)
            #expect(try shop.run(Self.plan(shop)) == ["a"])
        }
    }

    @Test func aStoreRemovedUnderARunIsAClearError() throws {
        let shop = try Workshop()
        let stage = TestStage(name: "s") { context in
            try LocalFileSystem().remove(shop.storePath)
            try? writeText("x", context.output + "/out")
        }
        let plan = try Plan([Job(id: "s", stage: stage, inputs: [])])
        let error = #expect(throws: EngineError.self) { try shop.run(plan) }
        #expect(error?.description.contains("is gone: was the store removed while it ran?") == true)
    }

    @Test func withoutPermissionTheErrorSaysWhere() throws {
        let shop = try Workshop()
        try shop.run(GarbageTests.plan("x", 0))
        try FileManager.default.removeItem(atPath: shop.storePath + "/work")
        try writeText("a file where a folder should be", shop.storePath + "/work")
        let plan = try Plan([
            Job(id: "s", stage: TestStage(name: "s") { try writeText("x", $0.output + "/out") }, inputs: [])
        ])
        let error = #expect(throws: EngineError.self) { try shop.run(plan) }
        #expect(error?.description.contains(shop.storePath + "/work") == true)
    }
}
