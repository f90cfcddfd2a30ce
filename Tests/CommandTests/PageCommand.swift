import Foundation

/// A command as a page names it: an indented line, or a span of code.
struct PageCommand: Sendable, CustomStringConvertible {
    let page: String, line: Int
    /// The program, without its folder, and its arguments.
    let words: [String]
    /// As the page has it.
    var text: String { words.joined(separator: " ") }
    var description: String { "\(page):\(line): \(text)" }
    var program: String { words[0] }
    var isScript: Bool { program.hasPrefix("scripts/") }

    static let repository = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardized.path

    /// All pages, first those that are read first, but the list of changes, which tells of the past.
    static let pages: [String] = {
        func names(_ folder: String) -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: "\(repository)/\(folder)")) ?? []).filter {
                $0.hasSuffix(".md")
            }.sorted()
        }
        let first = ["README.md", "ARTIFACT.md", "REPRODUCE.md"]
        let all = names(".").filter { $0 != "CHANGELOG.md" } + names("docs").map { "docs/\($0)" }
        return first + all.filter { !first.contains($0) }
    }()

    private static let programs: Set = [
        "lavise-pipeline", "make", "git", "pip", "python", "python3", "rclone", "docker", "apptainer",
    ]

    /// Of all pages, in their order.
    static let all: [PageCommand] = pages.flatMap { page -> [PageCommand] in
        let text = (try? String(contentsOfFile: "\(repository)/\(page)", encoding: .utf8)) ?? ""
        return text.components(separatedBy: "\n").enumerated().flatMap { number, line in
            let codes =
                line.hasPrefix("    ")
                ? [line] : line.components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
            return codes.compactMap { code -> PageCommand? in
                let plain = code.components(separatedBy: " # ")[0].trimmingCharacters(in: .whitespaces)
                let words = plain.split(separator: " ").map(String.init)
                guard words.count > 1, let name = words.first?.split(separator: "/").last.map(String.init),
                    programs.contains(name) || words[0].hasPrefix("scripts/")
                else { return nil }
                return PageCommand(
                    page: page, line: number + 1,
                    words: [words[0].hasPrefix("scripts/") ? words[0] : name] + words.dropFirst())
            }
        }
    }

    /// Pages whose `lavise-pipeline` and `scripts/` commands a test of their own runs whole, with what they need.
    static let ownTests = [
        "docs/your-own-data.md": "OwnDataPageTests", "docs/your-own-model.md": "OwnModelTests",
    ]

    /// What a word that stands for another is in the test's project; a whole command where a word means several things.
    private static let meanings = [
        "PICTURES": "pictures", "EXPERIMENT": "demo", "NAME": "demo", "DIR": "data", "VERB": "status",
        "MODEL": "resnet18", "FILE": "recall.md", "A": "demo", "B…": "coco_sample", "FOLDER…": "results/demo",
    ]

    /// The arguments with what placeholders stand for; nil where one is not known.
    var arguments: [String]? {
        let filled = words.dropFirst().map { word in
            Self.meanings[word]
                ?? word.split(separator: "/").map { Self.meanings[String($0)] ?? String($0) }
                .joined(separator: "/")
        }
        // A path keeps its first and last slash.
        let whole = zip(words.dropFirst(), filled).map { $0.contains("://") || $0.hasPrefix("/") ? $0 : $1 }
        return whole.contains(where: Self.isPlaceholder) ? nil : whole
    }

    private static func isPlaceholder(_ word: String) -> Bool {
        word.contains("…")
            || word.split { !($0.isLetter || $0.isNumber) }.contains { part in
                part.allSatisfy(\.isUppercase) && part.contains(where: \.isLetter) && part != "HEAD"
            }
    }

    /// What no test runs, and why. Every other command of a page is run.
    static let left: [String: String] = [
        "make build": "what runs in every test is what it builds",
        "make test": "it is what runs this",
        "make test-cluster": "half an hour, with a Slurm cluster; its suites' short tests are among these",
        "make test-remote": "installs Ceph and MariaDB; its suites' other tests are among these",
        "make test-package": "five minutes, as root, with a Debian mirror",
        "make package": "five minutes: another build; make test-package begins with it",
        "make mutants": "hours",
        "make fuzz": "as long as one likes; the fuzzers' first inputs are among these tests",
        "make fuzz SECONDS_EACH=60 SEED=1": "as long as one likes; the fuzzers' first inputs are among these tests",
        "make pins": "writes what RevisionGuardTests, which is among these, compares with",
        "make bench": "its numbers mean something only where nothing else runs",
        "make bench-peers": "2 GB of other programs, an hour",
        "make check-models": "3 GB of other programs, hours",
        "scripts/setup --servers": "installs Ceph and MariaDB",
        "scripts/lint --fix": "would change sources under the tests; CI begins with scripts/lint",
        "scripts/fuzz SECONDS SEED INPUTS": "builds, and runs these tests",
        "git clone …": "what it makes is what this runs in",
        "pip install ./python/lavise_results": "scripts/setup --tests does it; PythonTests runs what comes of it",
        "make check-keras": "2 GB of other programs",
        "pip install tensorflow tf2onnx": "2 GB of other programs; make check-keras runs them",
        "python -m tf2onnx.convert": "2 GB of other programs; make check-keras runs them",
        "python3 bench/gpu.py": "needs a GPU and PyTorch",
        "rclone serve s3": "RcloneServer starts it for every test that needs one",
    ]

    /// The reason why no test runs it.
    var reasonToLeave: String? {
        Self.left[text] ?? (text.hasPrefix("git clone …") ? Self.left["git clone …"] : nil)
            ?? (text.hasPrefix("python -m tf2onnx.convert") ? Self.left["python -m tf2onnx.convert"] : nil)
    }
}
