import Foundation
import Pipeline
import TestSupport
import Testing

/// The version stands in one place, and what names it says the same.
@Suite(.waits) struct PackagingTests {
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

    /// What a program of this project prints.
    private func output(_ script: String, _ arguments: String...) throws -> String {
        let process = Process(), output = Pipe()
        process.executableURL = Self.root.appending(path: script)
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(script)")
        return String(decoding: said, as: UTF8.self)
    }

    /// Versions by name, of lines of both.
    private func versions(_ text: String) -> [String: String] {
        let pairs = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
            $0.split(separator: " ").map(String.init)
        }
        return Dictionary(pairs.compactMap { $0.count == 2 ? ($0[0], $0[1]) : nil }) { $1 }
    }

    /// Nothing that the program is made of or loads is left out. Another machine may have other versions; with `LAVISE_LOCK=1`
    /// (where the committed results are made) they are these.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/etc/debian_version"), "needs Debian"))
    func theEnvironmentIsWhole() throws {
        let kept = versions(try text("environment.lock"))
        let here = versions(try output("scripts/environment", Command.binary.path))
        #expect(kept.count > 50 && Set(kept.keys) == Set(here.keys), "scripts/environment writes environment.lock")
        if ProcessInfo.processInfo.environment["LAVISE_LOCK"] == "1" { #expect(kept == here) }
    }

    /// The files' names of what is loaded when first called.
    private func loadedLibraries() throws -> [String] {
        try output("scripts/loaded-libraries").split(separator: "\n").map {
            String($0.split(separator: "/").last ?? "")
        }
    }

    /// What only some verbs call takes no time of the others' start.
    @Test func aStartLoadsWhatEveryVerbNeeds() throws {
        let later = try loadedLibraries()
        let loaded = try Command.with { try $0.run([], environment: ["LD_TRACE_LOADED_OBJECTS": "1"]).output }
        #expect(loaded.contains("libcrypto") && later.contains { $0.hasPrefix("libcurl") } && later.count == 5)
        for name in later { #expect(!loaded.contains(name), "\(name)") }
    }

    @Test func aLibraryThatIsNotThereIsNamed() throws {
        try Command.with { command in
            try command.makeExperiment()
            let damaged = command.path("libraries")
            try FileManager.default.createDirectory(atPath: damaged, withIntermediateDirectories: true)
            for name in try loadedLibraries() { try Data().write(to: URL(fileURLWithPath: "\(damaged)/\(name)")) }
            let environment = ["LD_LIBRARY_PATH": damaged]
            #expect(try command.run(["status", "x.json"], environment: environment).code == 0)
            let run = try command.run(["run", "x.json"], environment: environment)
            let words = #/error: .*: file too short; .*: install HDF5 \(on Debian libhdf5-dev\)\n/#
            #expect(run.code == 127 && run.errors.contains(words), "\(run.errors)")
            // Before the first stage, and of a plan as well.
            #expect(try command.run("status", "x.json").output.contains(#/embedding +missing/#))
            #expect(try command.run(["plan", "x.json"], environment: environment).code == 127)
            #expect(try command.run("run", "x.json").code == 0)
        }
    }

    /// Every package that the environment loads (it is no `-dev`) is one of the images', and both are read as they are.
    @Test func imagesHaveWhatThePackageLoads() throws {
        let images = versions(try text("packaging/packages.lock"))
        #expect(images.count > 100 && images["lavise-pipeline"] == nil)
        for name in versions(try text("environment.lock")).keys
        where name.hasPrefix("lib") && !name.hasSuffix("-dev") { #expect(images[name] != nil, "\(name)") }
    }

    /// REPRODUCE.md says what the committed results took as their provenance does.
    @Test func theCostsAreTheProvenances() throws {
        #expect(try output("scripts/costs", "--check") == "", "scripts/costs writes them; make results ends with it")
    }

    @Test func theVersionIsOne() throws {
        let version = PipelineVersion.text
        #expect(try text("CITATION.cff").contains("\nversion: \(version)\n"))
        #expect(try text("environment.lock").contains("\nlavise-pipeline \(version)\n"))
        #expect(try output("scripts/version") == version + "\n")
    }
}
