import Foundation
import TestSupport
import Testing

/// The committed results of the demo come out again, byte for byte. When numbers change on purpose: `make results`.
@Suite(.waits) struct DemoResultsTests {
    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..")
        .standardizedFileURL.path

    @Test(.timeLimit(.minutes(10))) func demoIsReproduced() throws {
        try Command.with { command in
            let outcome = try command.run("run", Self.repository + "/experiments/demo.json", "--quiet")
            #expect(outcome.code == 0, "\(outcome.errors)")
            let committed = Self.repository + "/results/demo", made = command.path("results/demo"),
                files = FileManager.default
            // provenance.json says when each stage ran.
            let names = Set(try files.contentsOfDirectory(atPath: made)).union(
                try files.contentsOfDirectory(atPath: committed)
            )
            .subtracting(["provenance.json", "report.html", "report-images", "heatmaps"])
            for name in names.sorted() {
                #expect(
                    files.contentsEqual(atPath: "\(committed)/\(name)", andPath: "\(made)/\(name)"),
                    "results/demo/\(name) is another: see `make results`")
            }
        }
    }
}
