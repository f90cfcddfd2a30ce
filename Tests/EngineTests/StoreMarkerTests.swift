import Engine
import Fingerprints
import Foundation
import Testing

/// What may be a store, and what in it is ours.
@Suite struct StoreMarkerTests {
    private func contents(_ folder: String) throws -> [String: Data?] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
        return Dictionary(
            uniqueKeysWithValues: names.map { ($0, FileManager.default.contents(atPath: "\(folder)/\($0)")) })
    }

    @Test func aNewStoreSaysSoToPeopleAndToGit() throws {
        let shop = try Workshop()
        try shop.run(GarbageTests.plan("x", 0))
        #expect(
            try Value(json: Array(readText(shop.storePath + "/lavise-store.json").utf8)) == [
                "kind": "lavise-pipeline store", "format": 1,
            ])
        #expect(try readText(shop.storePath + "/.gitignore") == "*\n")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: shop.storePath).allSatisfy {
                !$0.hasPrefix("lavise-store.json.")
            })
    }

    /// Also where some names are those of a store.
    @Test(arguments: [
        ["notes.txt"], ["work/my-thesis/chapter"], ["quarantine/old"], ["ac/ab/x", "experiments/x.json"],
        ["history/2024/x"], ["cas"], ["pins/me"],
        ["locks/door"], ["stat/abc/x"], ["work/tmp-backup"], ["work/"], ["cas/AB/x"], ["lavise-store.json"],
        [".git/HEAD"],
    ])
    func aFolderOfSomebodyElseIsRefusedAndLeftAlone(files: [String]) throws {
        let shop = try Workshop()
        for file in files {
            if file.hasSuffix("/") {
                try FileManager.default.createDirectory(
                    atPath: shop.path("store/\(file)"), withIntermediateDirectories: true)
            } else {
                try shop.write("precious", to: "store/\(file)")
            }
        }
        let before = try contents(shop.storePath), plan = try GarbageTests.plan("x", 0), runner = try shop.runner()
        let attempts: [() throws -> Void] = [
            { _ = try runner.status(of: plan) }, { _ = try runner.run(plan) }, { _ = try runner.predict(plan) },
            { _ = try runner.verify(plan) }, { _ = try runner.survey(1) { _, status in try status(plan).count } },
            { _ = try runner.why(plan, job: "x") }, { _ = try runner.collectGarbage(Keep()) },
            { _ = try runner.collectGarbage(Keep(), dryRun: true) },
            { try runner.store.register(KnownProject(path: "/p", data: "/p/data", results: "/p/results")) },
            { _ = try runner.store.provenance(of: "abcd") },
        ]
        for attempt in attempts {
            let error = #expect(throws: EngineError.self, performing: attempt)
            guard case .notAStore(shop.storePath, _)? = error else {
                Issue.record("\(files): \(String(describing: error))"); return
            }
        }
        #expect(try contents(shop.storePath) == before)
    }

    @Test func aStoreOfBeforeTheMarkerIsKnownByItsLayout() throws {
        let shop = try Workshop()
        try shop.write("1", to: "in/a")
        let plan = try Plan([
            Job(id: "x", stage: TestStage.join("x", inputs: ["in"]), inputs: [Input("in", .file(shop.path("in")))])
        ])
        try shop.run(plan)
        for name in ["lavise-store.json", ".gitignore"] {
            try FileManager.default.removeItem(atPath: "\(shop.storePath)/\(name)")
        }
        try shop.write("", to: "store/.DS_Store")
        #expect(try shop.runner().status(of: plan).map(\.state) == [.fresh])
        #expect(try shop.run(plan) == [])
        #expect(FileManager.default.fileExists(atPath: shop.storePath + "/lavise-store.json"))
    }

    @Test func aStoreOfANewerFormatIsRefused() throws {
        let shop = try Workshop()
        let plan = try GarbageTests.plan("x", 0)
        try shop.run(plan)
        try shop.write(#"{"kind": "lavise-pipeline store", "format": 2}"#, to: "store/lavise-store.json")
        for attempt in [{ _ = try shop.run(plan) }, { _ = try shop.runner().collectGarbage(Keep()) }] {
            let error = #expect(throws: EngineError.self, performing: attempt)
            guard case .newerFormat? = error else { Issue.record("\(String(describing: error))"); return }
        }
    }

    @Test func collectionTakesOnlyNamesThatItCouldHaveGiven() throws {
        let shop = try Workshop()
        try shop.run(GarbageTests.plan("x", 0))
        let hex = Digest(hashing: "x").hex
        let foreign = [
            "work/my-thesis/chapter", "work/tmp-backup", "work/verify-1/x", "quarantine/mine", "quarantine/\(hex)-copy",
            "cas/ab/notes", "cas/zz/\(hex)",
            "cas/notes/x", "ac/00/readme", "locks/\(hex).lease-mine/x", "locks/door", "pins/me", "history/00/\(hex)x",
            "mine/x",
            "stat/\(hex.prefix(2))/\(hex.uppercased())",
        ]
        for name in foreign { try shop.write("precious", to: "store/\(name)") }
        // What a dead process left, for comparison.
        try shop.write("", to: "store/work/tmp-12-ab3-4")
        for name in foreign + ["work/tmp-12-ab3-4"] {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -3 * 86400)], ofItemAtPath: shop.path("store/\(name)"))
        }
        #expect(try shop.runner().collectGarbage(Keep()).items.contains { $0.name == "tmp-12-ab3-4" })
        for name in foreign { #expect(FileManager.default.fileExists(atPath: shop.path("store/\(name)")), "\(name)") }
    }

    @Test func projectsThatUseTheStoreAreRememberedAndMoveWithIt() throws {
        let shop = try Workshop()
        let here = shop.path("p"), store = try Store(at: here + "/.lavise")
        let own = KnownProject(path: here, data: here + "/data", results: here + "/results")
        let other = KnownProject(path: "/elsewhere", data: "/data", results: "/elsewhere/out/results")
        for project in [own, other, own] { try store.register(project) }
        #expect(try store.projects() == [own, other].sorted { $0.path < $1.path })
        try FileManager.default.moveItem(atPath: here, toPath: shop.path("q"))
        let there = shop.path("q"), moved = try Store(at: there + "/.lavise")
        let now = KnownProject(path: there, data: there + "/data", results: there + "/results")
        #expect(try Set(moved.projects()) == [now, other])
        #expect(try moved.forgetProject(at: "/elsewhere") && !moved.forgetProject(at: "/elsewhere"))
        #expect(try moved.projects() == [now])
        try shop.write(
            #"{"schema": 2}"#,
            to: "q/.lavise/projects/\(Digest(hashing: "x").hex.prefix(2))/\(Digest(hashing: "x").hex)")
        #expect(throws: EngineError.self) { try moved.projects() }
    }
}
