import Foundation
import Pipeline
import Testing

/// The version stands in one place, and what names it says the same.
@Suite struct PackagingTests {
    private static let root = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardized

    private func text(_ name: String) throws -> String {
        try String(contentsOf: Self.root.appending(path: name), encoding: .utf8)
    }

    @Test func recipesAreThoseThatExportPacks() throws {
        #expect(ContainerRecipe.files.map(\.name) == ["Dockerfile", "lavise-pipeline.def"])
        for file in ContainerRecipe.files { #expect(try text("packaging/" + file.name) == file.text, "\(file.name)") }
    }

    @Test func theVersionIsOne() throws {
        let version = PipelineVersion.text
        #expect(try text("CITATION.cff").contains("\nversion: \(version)\n"))
        #expect(try text("environment.lock").contains("\nlavise-pipeline \(version)\n"))
        let process = Process(), output = Pipe()
        process.executableURL = Self.root.appending(path: "scripts/version")
        process.standardOutput = output
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(String(decoding: said, as: UTF8.self) == version + "\n")
    }
}
