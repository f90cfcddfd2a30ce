import Foundation
import TestSupport
import Testing

/// `tables` collects results into the papers' tables.
@Suite(.waits) struct TablesVerbTests {
    private static let pdflatex = ["/usr/bin/pdflatex", "/usr/local/bin/pdflatex"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// An experiment of a published row's name on drawn scenes.
    private func write(_ command: Command, _ path: String, _ name: String) throws {
        try FileManager.default.createDirectory(atPath: command.path("experiments"), withIntermediateDirectories: true)
        try command.write(
            path,
            """
            {"name": "\(name)", "dataset": {"kind": "demo-scenes", "scenes": 16}, "embedding": {"kind": "demo-scenes"},
             "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": {"epochs": 1, "batchSize": 12},
             "evaluate": {"filters": [0, 1], "topImages": 2, "methods": ["projection"]}, "matrix": {"backbone.layer": ["layer1", "layer2"]},
             "claims": [{"source": "A", "method": "projection", "k": 5, "published": 0.1}]}
            """)
    }

    @Test func collectsWhatWasRunAndMarksTheRest() throws {
        try Command.with { command in
            let name = "resnet50_layers_vg"
            try write(command, "experiments/\(name).json", name)
            #expect(try command.run("run", name).code == 0)
            let outcome = try command.run("tables")
            #expect(outcome.code == 0 && outcome.errors.contains("2 of 22 rows computed here"), "\(outcome.errors)")
            let markdown = try String(contentsOfFile: command.path("results/tables/A-table-3.md"), encoding: .utf8)
            #expect(
                markdown.contains(
                    "| layer3 | published | 0.110 | 0.156 | 0.207 |\n|  | ours | not run | not run | not run |"),
                "\(markdown)")
            #expect(markdown.components(separatedBy: "| ours | 0.").count == 3, "\(markdown)")
            #expect(outcome.output.contains(markdown))
            let names = try FileManager.default.contentsOfDirectory(atPath: command.path("results/tables")).sorted()
            #expect(
                names
                    == [
                        "A-figure-7.csv", "A-figure-7.md", "A-figure-7.svg", "A-figure-7.tex",
                        "A-section-4-5-5-agreement.csv", "A-section-4-5-5.md", "A-section-4-5-5.tex",
                        "A-table-1-agreement.csv", "A-table-1.md", "A-table-1.tex", "A-table-2-agreement.csv",
                        "A-table-2.csv", "A-table-2.md", "A-table-2.tex", "A-table-3.csv", "A-table-3.md",
                        "A-table-3.tex", "B-tables-2-3.csv", "B-tables-2-3.md", "B-tables-2-3.tex",
                    ])
            #expect(try command.run("tables").output == outcome.output)
            let published = try command.run("diff", "A-table-3", "results/\(name)", "--tolerance", "recall=0.0001")
            #expect(
                published.code == 4 && published.output.contains("layer2, projection, 5"),
                "\(published.output)\(published.errors)")
        }
    }

    /// P-A, R-A, network dissection's share and the concepts learned stand in the paper's tables as `agreement.csv` has
    /// them.
    @Test func agreementIsCollected() throws {
        try Command.with { command in
            let name = "resnet18_vg"
            try FileManager.default.createDirectory(
                atPath: command.path("experiments"), withIntermediateDirectories: true)
            try command.write(
                "experiments/\(name).json",
                """
                {"name": "\(name)", "dataset": {"kind": "demo-scenes", "scenes": 24},
                 "embedding": {"kind": "demo-scenes"},
                 "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true},
                 "train": {"epochs": 1, "batchSize": 12},
                 "evaluate": {"filters": [0, 1, 2], "topImages": 4, "methods": ["original", "projection"],
                              "metrics": ["iou"]}}
                """)
            #expect(try command.run("run", name).code == 0)
            let outcome = try command.run("tables", "--json")
            #expect(outcome.code == 0 && outcome.errors.contains("3 of 22 rows computed here"), "\(outcome.errors)")
            let own = try String(contentsOfFile: command.path("results/\(name)/agreement.csv"), encoding: .utf8)
                .split(separator: "\n").dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false) }
            var found = 0
            for table in ["A-table-1", "A-table-2", "A-section-4-5-5"] {
                let path = command.path("results/tables/\(table)-agreement.csv")
                let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
                for line in lines where line.hasPrefix("\(name),") {
                    let cells = line.split(separator: ",", omittingEmptySubsequences: false).suffix(6).map(String.init)
                    guard let row = own.first(where: { $0[1] == cells[0] && $0[2] == cells[1] }) else {
                        // Methods that were not evaluated.
                        #expect(["image", "activation"].contains(cells[0]) && cells[3].isEmpty, "\(line)")
                        continue
                    }
                    #expect(row[3...5].map(String.init) == Array(cells[3...5]) && !cells[3].isEmpty, "\(line)")
                    found += 1
                }
            }
            #expect(found == 3 + 2 * 3 + 1)
        }
    }

    /// Nothing but the experiment itself, as its file has it, is printed as ours in a paper's table.
    @Test func onlyTheExperimentItselfIsOurs() throws {
        try Command.with { command in
            let name = "resnet50_layers_vg", files = FileManager.default
            func isOurs() throws -> (Bool, String) {
                let outcome = try command.run("tables")
                #expect(outcome.code == 0, "\(outcome.errors)")
                return (!outcome.errors.contains("0 of 22 rows"), outcome.errors)
            }
            func expectLeftOut(_ text: String) throws {
                let (isOurs, errors) = try isOurs()
                #expect(!isOurs && errors.contains("left out: results/") && errors.contains(text), "\(errors)")
            }
            try write(command, "experiments/other.json", "other")
            #expect(try command.run("run", "other").code == 0)
            // A folder with a published row's name,
            try files.copyItem(atPath: command.path("results/other"), toPath: command.path("results/\(name)"))
            try expectLeftOut("holds the results of other, not of \(name)")
            // settings other than the file's, wherever they went,
            try files.removeItem(atPath: command.path("results"))
            try write(command, "experiments/\(name).json", name)
            #expect(try command.run("run", name, "--set", "dataset.limit=9").code == 0)
            #expect(try files.contentsOfDirectory(atPath: command.path("results")) == ["\(name)@dataset.limit=9"])
            try expectLeftOut("holds the results of \(name), not of \(name)@dataset.limit=9")
            #expect(try command.run("run", name, "--set", "dataset.limit=9", "--results", "results").code == 0)
            try expectLeftOut("was made by other settings: dataset.limit was 9, now not set")
            // an experiment that set the name,
            try files.removeItem(atPath: command.path("results"))
            try files.removeItem(atPath: command.path("experiments/\(name).json"))
            #expect(try command.run("run", "other", "--set", "name=\(name)").code == 0)
            try expectLeftOut("was made with --set name=\(name)")
            // a file that says something else now,
            try files.removeItem(atPath: command.path("results"))
            try write(command, "experiments/\(name).json", name)
            #expect(try command.run("run", name).code == 0)
            #expect(try isOurs().0)
            try command.edit("experiments/\(name).json") {
                $0 = Data(
                    String(decoding: $0, as: UTF8.self).replacingOccurrences(
                        of: "\"epochs\": 1", with: "\"epochs\": 2"
                    ).utf8)
            }
            try expectLeftOut("was made by other settings: train.epochs was 1, now 2")
            // and no provenance at all.
            try write(command, "experiments/\(name).json", name)
            #expect(try isOurs().0)
            try files.moveItem(
                atPath: command.path("results/\(name)/provenance.json"), toPath: command.path("provenance.json"))
            try expectLeftOut("has no provenance.json")
            try files.moveItem(
                atPath: command.path("provenance.json"), toPath: command.path("results/\(name)/provenance.json"))
            // Files that are not what the run left are an error of their own.
            try command.edit("results/\(name)/recall.csv") { $0.append(contentsOf: "x".utf8) }
            let damaged = try command.run("tables")
            #expect(
                damaged.code == 5 && damaged.errors.contains("recall.csv was changed since the run"),
                "\(damaged.errors)")
            try command.write("results/\(name)/recall.json", "{\"schema\": 1}")
            let broken = try command.run("tables")
            #expect(
                broken.code == 2 && broken.errors.contains("recall.json: experiment or rows is missing"),
                "\(broken.errors)")
        }
    }

    @Test(.enabled(if: pdflatex != nil, "needs Debian's texlive-latex-base and texlive-latex-recommended"))
    func everyTableCompiles() throws {
        try Command.with { command in
            try command.makeExperiment()
            #expect(
                try command.run("run", "x.json", "--set", "title=a_b & 50% {\\x} ~^#$", "--results", "results").code
                    == 0)
            #expect(try command.run("tables").code == 0)
            let files =
                ["results/x/recall.tex"]
                + (try FileManager.default.contentsOfDirectory(atPath: command.path("results/tables")))
                .filter { $0.hasSuffix(".tex") }.map { "results/tables/\($0)" }
            #expect(files.count == 7)
            let inputs = files.map { "\\input{\($0)}" }.joined(separator: "\n")
            try command.write(
                "all.tex",
                "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n\(inputs)\n\\end{document}\n")
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
