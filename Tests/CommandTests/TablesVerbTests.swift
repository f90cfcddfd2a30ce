import Foundation
import Testing

/// `tables` collects results into the papers' tables.
@Suite struct TablesVerbTests {
    private static let pdflatex = ["/usr/bin/pdflatex", "/usr/local/bin/pdflatex"].first { FileManager.default.isExecutableFile(atPath: $0) }

    @Test func collectsWhatWasRunAndMarksTheRest() throws {
        try Command.with { command in
            try FileManager.default.createDirectory(atPath: command.path("results/resnet50_layers_vg"), withIntermediateDirectories: true)
            try command.write("results/resnet50_layers_vg/recall.json", """
                {"schema": 1, "experiment": "resnet50_layers_vg", "rows": [
                  {"row": "layer3", "method": "projection", "k": 5, "recall": 0.1234, "low": 0.11, "high": 0.13, "filters": 9, "pairs": 9, "published": 0.11}]}
                """)
            let outcome = try command.run("tables")
            #expect(outcome.code == 0 && outcome.errors.contains("1 of 16 rows computed here"), "\(outcome.errors)")
            let markdown = try String(contentsOfFile: command.path("results/tables/A-table-3.md"), encoding: .utf8)
            #expect(markdown.contains("| layer3 | published | 0.110 | 0.156 | 0.207 |\n|  | ours | 0.123 [0.110, 0.130] | not run | not run |"), "\(markdown)")
            #expect(outcome.output.contains(markdown))
            let names = try FileManager.default.contentsOfDirectory(atPath: command.path("results/tables")).sorted()
            #expect(names == ["A-figure-7", "A-table-2", "A-table-3", "B-tables-2-3"].flatMap { name in
                (name == "A-figure-7" ? ["csv", "md", "svg", "tex"] : ["csv", "md", "tex"]).map { "\(name).\($0)" }
            })
            #expect(try command.run("tables").output == outcome.output)
            let published = try command.run("diff", "A-table-3", "results/resnet50_layers_vg", "--tolerance", "recall=0.02")
            #expect(published.code == 4 && published.output.contains("layer3, projection, 5"), "\(published.output)\(published.errors)")

            try command.write("results/resnet50_layers_vg/recall.json", "{\"schema\": 1}")
            let broken = try command.run("tables")
            #expect(broken.code == 2 && broken.errors.contains("recall.json: experiment or rows is missing"), "\(broken.errors)")
        }
    }

    @Test(.enabled(if: pdflatex != nil, "needs Debian's texlive-latex-base and texlive-latex-recommended")) func everyTableCompiles() throws {
        try Command.with { command in
            try command.makeExperiment()
            #expect(try command.run("run", "x.json", "--set", "title=a_b & 50% {\\x} ~^#$").code == 0)
            #expect(try command.run("tables").code == 0)
            let files = ["results/x/recall.tex"] + (try FileManager.default.contentsOfDirectory(atPath: command.path("results/tables")))
                .filter { $0.hasSuffix(".tex") }.map { "results/tables/\($0)" }
            #expect(files.count == 5)
            let inputs = files.map { "\\input{\($0)}" }.joined(separator: "\n")
            try command.write("all.tex", "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n\(inputs)\n\\end{document}\n")
            let process = Process()
            process.executableURL = URL(fileURLWithPath: try #require(Self.pdflatex))
            process.currentDirectoryURL = URL(fileURLWithPath: command.root)
            process.arguments = ["-interaction=nonstopmode", "-halt-on-error", "all.tex"]
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            let log = (try? String(contentsOfFile: command.path("all.log"), encoding: .isoLatin1)) ?? ""
            #expect(process.terminationStatus == 0, "\(log.components(separatedBy: "\n").filter { $0.hasPrefix("!") })")
        }
    }
}
