import Foundation
import TestSupport
import Testing

/// The manual page that `make man` writes.
@Suite(.waits) struct ManualTests {
    private static let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test(.enabled(if: python != nil, "needs python3")) func saysAllThatAManualSays() throws {
        let repository = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardized.path
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: try #require(Self.python))
        process.arguments = ["\(repository)/scripts/manual", Command.binary.path]
        process.standardOutput = output
        try process.run()
        let page = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        for heading in [
            "NAME", "SYNOPSIS", "DESCRIPTION", "VERBS", "OPTIONS OF EVERY VERB", "EXAMPLES", "EXIT STATUS",
            "ENVIRONMENT", "FILES",
        ] {
            #expect(page.contains("\n.SH \(heading)\n"), "\(heading)")
        }
        for verb in try StreamTests.verbs() { #expect(page.contains("\n.SS \(verb)\n"), "\(verb)") }
        #expect(
            page.contains("\\fB70\\fR\nan internal error") && page.contains("\\fBLAVISE_STORE, LAVISE_DATA\\fR")
                && page.contains("lavise\\-pipeline run demo"))
        #expect(page.utf8.allSatisfy { $0 < 128 }, "roff takes no other characters")
    }
}
