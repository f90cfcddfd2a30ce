import Engine
import Fingerprints
import Foundation
import Testing
import TestSupport

/// What the store tells of earlier runs.
@Suite struct RunRecordTests {
    private static func record(_ began: Double, error: String? = nil) -> RunRecord {
        RunRecord(
            plan: "x", settings: ["seed=1"], began: began, seconds: 2.5, host: "n", version: "1.0",
            steps: [
                .init(job: "a", action: "run", reason: "its first build", seconds: 1),
                .init(job: "b", action: "failed"),
            ],
            result: "1 ran", error: error)
    }

    @Test func theLatestRunIsFirst() throws {
        let shop = try Workshop(), store = try shop.store()
        for began in [500.0, 30, 9000] { store.note(Self.record(began, error: began == 30 ? "no" : nil)) }
        #expect(try store.runs() == [Self.record(9000), Self.record(500), Self.record(30, error: "no")])
        // What cannot be read is left out, and so is what no run left.
        for name in try FileManager.default.contentsOfDirectory(atPath: shop.path("store/runs"))
        where name.hasPrefix("000000009000-") {
            try shop.write("{", to: "store/runs/\(name)")
        }
        try shop.write(Self.record(1).value.json(pretty: true), to: "store/runs/notes.txt")
        #expect(try store.runs().map(\.began) == [500, 30])
    }

    /// Two thousand are kept: with one more the oldest goes.
    @Test func oldRunsAreForgotten() throws {
        let process = MemoryDisk().startProcess(), store = try Store(at: "/store", fileSystem: process, time: process)
        let bytes = Array(Self.record(7).value.json(pretty: true).utf8)
        try process.makeFolder("/store/runs")
        for number in 1...2000 {
            let digits = String(number)
            let name = String(repeating: "0", count: 12 - digits.count) + digits + "-" + process.uniqueName()
            try process.write(bytes, to: "/store/runs/\(name)")
        }
        store.note(Self.record(5000))
        let names = try process.names(in: "/store/runs").sorted()
        #expect(names.count == 2000 && names.first?.hasPrefix("000000000002-") == true)
        #expect(names.last?.hasPrefix("000000005000-") == true)
        #expect(try store.runs().first == Self.record(5000))
    }
}
