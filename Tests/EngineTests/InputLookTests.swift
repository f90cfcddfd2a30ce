import Engine
import Fingerprints
import Foundation
import Synchronization
import Testing
import TestSupport

/// What of an input counts, and when a digest of it is believed.
@Suite struct InputLookTests {
    private static func plan(_ path: String) throws -> Plan {
        try Plan([Job(id: "r", stage: TestStage.join("r", inputs: ["in"]), inputs: [Input("in", .file(path))])])
    }

    private func digest(_ shop: Workshop, _ name: String) throws -> Digest? {
        let status = try shop.runner().run(Self.plan(shop.path(name)))[0]
        return try shop.store().provenance(of: #require(status.fingerprint).hex).first?.trace.inputs.first?.digest
    }

    /// A file that changes twice within the grain of its disk's times, its size the same: ext4, ext3 and HFS+, FAT.
    @Test(arguments: [10_000_000, 1_000_000_000, 2_000_000_000], [false, true])
    func aSecondChangeWithinTheGrainIsSeen(grain: Int, isFolder: Bool) throws {
        let disk = MemoryDisk(grain: grain), process = disk.startProcess()
        let path = isFolder ? "/in/file" : "/in"
        func run(verify: Bool = false) throws -> String {
            let plan = try Plan([
                Job(
                    id: "r",
                    stage: TestStage(name: "r") { context in
                        try process.write(process.read(path) ?? [], to: context.output + "/out")
                    }, inputs: [Input("in", .file("/in"))])
            ])
            let runner = Runner(
                store: try Store(at: "/store", fileSystem: process, time: process),
                options: RunOptions(verify: verify, catchSignals: false, faults: .off))
            return String(decoding: try process.read(runner.run(plan)[0].outputs[0].path) ?? [], as: UTF8.self)
        }
        if isFolder { try process.makeFolder("/in") }
        // Late in the grain, as a digest taken early in it is young by any measure.
        for verify in [false, true] {
            disk.advance(seconds: 20 - Double(process.now() % 2_000_000_000) / 1e9)
            try process.write(Array("one".utf8), to: path)
            disk.advance(seconds: Double(grain) * 0.8 / 1e9)
            #expect(try run(verify: verify) == "one")
            disk.advance(seconds: Double(grain) * 0.1 / 1e9)
            try process.write(Array("two".utf8), to: path)
            #expect(try run(verify: verify) == "two")
            disk.advance(seconds: 10)
            #expect(try run() == "two")
            #expect(try run(verify: true) == "two")
        }
    }

    /// A file that changes between its first look and its digest: no digest is of it as it was, so the job fails.
    @Test func aFileThatChangesWhileItIsHashed() throws {
        let disk = MemoryDisk(), process = disk.startProcess(), other = disk.startProcess(), ran = Mutex(0)
        try process.write(Array("one".utf8), to: "/in")
        disk.advance(seconds: 60)
        let stage = TestStage(name: "r") { context in
            ran.withLock { $0 += 1 }
            try process.write(Array("done".utf8), to: context.output + "/out")
        }
        let plan = try Plan([Job(id: "r", stage: stage, inputs: [Input("in", .file("/in"))])])
        let hasChanged = Mutex(false)
        process.before.withLock {
            $0 = { operation, path in
                guard operation == "read", path == "/in" else { return }
                let isFirst = hasChanged.withLock { hasChanged in
                    defer { hasChanged = true }
                    return !hasChanged
                }
                if isFirst { try other.write(Array("two".utf8), to: "/in") }
            }
        }
        func run() throws -> [JobStatus] {
            try Runner(
                store: try Store(at: "/store", fileSystem: process, time: process),
                options: RunOptions(catchSignals: false, faults: .off)
            ).run(plan)
        }
        let error = #expect(throws: EngineError.self) { try run() }
        guard case .inputChangedDuringRun("r", "in", "/in")? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(ran.withLock { $0 } == 0)
        #expect(try run().allSatisfy { $0.ran } && ran.withLock { $0 } == 1)
    }

    /// A record that lies is not believed again once the bytes were read, however young the file is.
    @Test func whatVerifyReadsIsBelievedAfterwards() throws {
        let shop = try Workshop()
        try shop.write("one", to: "in")
        let plan = try Self.plan(shop.path("in"))
        usleep(300_000)
        try shop.run(plan)
        let key = Digest(hashing: "input:\(shop.path("in"))").hex, record = "store/stat/\(key.prefix(2))/\(key)"
        let words = try readText(shop.path(record)).split(separator: " ")
        try shop.write(
            words.enumerated().map { $0 == 2 ? Digest(hashing: "lie").hex : String($1) }.joined(separator: " "),
            to: record)
        #expect(try shop.run(plan) == ["r"])
        #expect(try shop.run(plan, RunOptions(verify: true, catchSignals: false)) == [])
        #expect(try shop.run(plan) == [])
    }

    /// By hand: a folder's digest is that of its listing, with `*` before the path of what its owner may execute.
    @Test func theExecutableBitIsPartOfAFoldersDigest() throws {
        let shop = try Workshop()
        try shop.write("x", to: "in/run")
        try shop.write("y", to: "in/deep/read")
        func listing(_ mark: String) -> Digest {
            Digest(hashing: "lavise folder 1\0\(Digest(hashing: "y")) deep/read\0\(Digest(hashing: "x"))\(mark)run\0")
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: shop.path("in/run"))
        #expect(try digest(shop, "in") == listing(" "))
        try FileManager.default.setAttributes([.posixPermissions: 0o744], ofItemAtPath: shop.path("in/run"))
        #expect(try digest(shop, "in") == listing("*"))
        // The others' bits do not count.
        try FileManager.default.setAttributes([.posixPermissions: 0o655], ofItemAtPath: shop.path("in/run"))
        #expect(try digest(shop, "in") == listing(" "))
    }

    @Test func whatSystemsAndEditorsDropAndLinksToNowhereChangeNothing() throws {
        let shop = try Workshop()
        try shop.write("x", to: "in/a")
        let clean = try digest(shop, "in")
        for name in [
            ".DS_Store", "._a", "Thumbs.db", "desktop.ini", "a~", ".a.swp", ".#a", "#a#", ".nfs0000000000c0ffee",
            ".fuse_hidden0001", "deep/.DS_Store",
            "__MACOSX/._a", "@eaDir/a", ".~lock.a.odt#", ".a.kate-swp", ".goutputstream-XYZ", "Icon\r", ".picasa.ini",
            ".ipynb_checkpoints/a", ".Trash-1000/files/a", "lost+found/a",
        ] { try shop.write("dropped", to: "in/\(name)") }
        for (name, target) in [("nowhere", "absent"), ("self", "self"), ("below", "a/b")] {
            try FileManager.default.createSymbolicLink(atPath: shop.path("in/\(name)"), withDestinationPath: target)
        }
        #expect(try digest(shop, "in") == clean && clean != nil)
        // What only looks like it counts.
        for name in ["DS_Store", "a.swp2", "nfs1", "#a"] { try shop.write("x", to: "other/\(name)") }
        try shop.write("x", to: "in/b")
        #expect(try digest(shop, "in") != clean)
        #expect(try digest(shop, "other") != Digest(hashing: "lavise folder 1\0"))
    }

    /// Of an archive of lists each member names files of its own.
    @Test func membersOfOneFileSelectApart() throws {
        let shop = try Workshop()
        for name in ["a", "b"] { try shop.write(name, to: "in/\(name)") }
        try shop.write("both", to: "archive")
        usleep(150_000)
        func digest(_ member: String) throws -> Digest? {
            let selection = InputSelection(file: shop.path("archive"), member: member) { [member] }
            let plan = try Plan([
                Job(
                    id: "r", stage: TestStage.join("r", inputs: ["in"]),
                    inputs: [Input("in", .file(shop.path("in")), selection: selection)])
            ])
            let status = try shop.runner().run(plan)[0]
            return try shop.store().provenance(of: #require(status.fingerprint).hex).first?.trace.inputs.first?.digest
        }
        for name in ["a", "b", "a"] {
            #expect(try digest(name) == Digest(hashing: "lavise folder 1\0\(Digest(hashing: name)) \(name)\0"))
        }
    }

    /// Where a file says which files of a folder count, another one that comes, changes or goes changes nothing; one
    /// that is named does, in any folder below, whatever the case of its letters. The names are read only where
    /// something changed.
    @Test func onlyFilesThatAnotherOneNamesCount() throws {
        let shop = try Workshop(), reads = Mutex(0)
        let list = shop.path("list")
        let selection = InputSelection(file: list) {
            reads.withLock { $0 += 1 }
            let text = try String(contentsOfFile: list, encoding: .utf8)
            guard text != "broken" else { throw CocoaError(.fileReadCorruptFile) }
            return Set(text.split(separator: "\n").map(String.init))
        }
        let plan = try Plan([
            Job(
                id: "r", stage: TestStage.join("r", inputs: ["in"]),
                inputs: [Input("in", .file(shop.path("in")), selection: selection)])
        ])
        func digest(reading expected: Int) throws -> Digest? {
            usleep(150_000)
            reads.withLock { $0 = 0 }
            let status = try shop.runner().run(plan)[0]
            #expect(reads.withLock { $0 } == expected)
            return try shop.store().provenance(of: #require(status.fingerprint).hex).first?.trace.inputs.first?.digest
        }
        func listing(_ files: [(name: String, text: String)]) -> Digest {
            Digest(hashing: "lavise folder 1\0" + files.map { "\(Digest(hashing: $0.text)) \($0.name)\0" }.joined())
        }
        try shop.write("a\nb.JPG\n", to: "list")
        for (name, text) in [("a", "1"), ("deep/B.jpg", "2"), ("stray.jpg", "3"), ("deep/a.txt", "4")] {
            try shop.write(text, to: "in/\(name)")
        }
        let named = listing([("a", "1"), ("deep/B.jpg", "2")])
        // Read for the job's fingerprint; after the job the folder is known.
        #expect(try digest(reading: 1) == named)
        #expect(try digest(reading: 0) == named)
        try shop.write("other", to: "in/stray.jpg")
        try shop.write("new", to: "in/deep/copy of a")
        #expect(try digest(reading: 1) == named)
        try FileManager.default.removeItem(atPath: shop.path("in/stray.jpg"))
        #expect(try shop.run(plan) == [])
        try shop.write("5", to: "in/a")
        #expect(try digest(reading: 1) == listing([("a", "5"), ("deep/B.jpg", "2")]))
        // Another list chooses others; without one, or with a broken one, all files count.
        try shop.write("a.txt\n", to: "list")
        #expect(try digest(reading: 1) == listing([("deep/a.txt", "4")]))
        try FileManager.default.removeItem(atPath: shop.path("in/deep/copy of a"))
        let all = listing([("a", "5"), ("deep/B.jpg", "2"), ("deep/a.txt", "4")])
        try shop.write("broken", to: "list")
        #expect(try digest(reading: 1) == all)
        try FileManager.default.removeItem(atPath: list)
        #expect(try digest(reading: 0) == all)
    }

    /// Names are bytes.
    @Test func aNameThatIsNoTextIsReadAsAnyOther() throws {
        let shop = try Workshop()
        try shop.write("x", to: "in/a")
        let name = Array((shop.path("in/") + "caf").utf8) + [0xE9]
        let descriptor = (name.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer {
            open($0.baseAddress!, O_CREAT | O_WRONLY, 0o644)
        }
        #expect(descriptor >= 0 && write(descriptor, "y", 1) == 1)
        close(descriptor)
        let listing = Array("lavise folder 1\0\(Digest(hashing: "x")) a\0\(Digest(hashing: "y")) caf".utf8) + [0xE9, 0]
        #expect(try digest(shop, "in") == Digest(hashing: listing))
    }

    /// In an artifact all counts: nothing may change there.
    @Test func inAnArtifactNothingIsLeftOut() throws {
        let shop = try Workshop()
        let plan = try Plan([
            Job(
                id: "x",
                stage: TestStage(name: "x", outputs: ["folder"]) { context in
                    try FileManager.default.createDirectory(
                        atPath: context.output + "/folder", withIntermediateDirectories: true)
                    for name in ["a", "a~", ".DS_Store"] { try writeText("x", context.output + "/folder/\(name)") }
                }, inputs: [])
        ])
        let record = try shop.runner().run(plan)[0].outputs[0]
        let x = Digest(hashing: "x")
        #expect(record.digest == Digest(hashing: "lavise folder 1\0\(x) .DS_Store\0\(x) a\0\(x) a~\0"))
        #expect(try shop.run(plan, RunOptions(verify: true, catchSignals: false)) == [])
    }
}
