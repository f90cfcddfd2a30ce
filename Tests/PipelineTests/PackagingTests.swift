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

    private static let validator = root.appending(path: ".build/roc/bin/cffconvert").path

    /// By the public validator; what is cited has a DOI each.
    @Test(
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: validator), "needs .build/roc: scripts/setup --tests"))
    func theCitationIsValid() throws {
        let process = Process(), output = Pipe()
        process.executableURL = URL(fileURLWithPath: Self.validator)
        process.arguments = ["--validate", "--infile", Self.root.appending(path: "CITATION.cff").path]
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0 && said.contains("are valid"), "\(said)")
        let citation = try text("CITATION.cff")
        #expect(
            citation.components(separatedBy: "\n    doi: ").count - 1 == citation.components(
                separatedBy: "\n  - type: "
            ).count - 1)
        #expect(citation.contains(#/\ndate-released: "\d{4}-\d\d-\d\d"\n/#))
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
