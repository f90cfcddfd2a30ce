import Datasets
import Foundation
import HDF5
import Testing
import Transfer
import TestSupport

/// A project with the committed experiments as they are, and with the committed manifests cut down to small files in
/// the official layout that a server on this machine has: what a user's project is, but for the size.
struct MiniatureProject {
    let command: Command
    let server: LoopbackServer
    /// The folder that the server serves.
    var mirror: String { command.path("mirror") }

    /// A manifest that can be cut down.
    enum Part: String {
        case coco = "coco2017", cocoValidation = "coco_val2017", visualGenome = "visual_genome", glove = "glove6b",
            resNet18 = "resnet18"
    }

    /// The images come from the real sample, or are drawn on machines without it.
    /// - Parameter parts: the manifests to cut down; the others stay as they are.
    static func with<R>(_ parts: Part..., body: (MiniatureProject) throws -> R) throws -> R {
        try Command.with { command in
            let server = try LoopbackServer(folder: command.path("mirror"))
            defer { server.stop() }
            return try body(try MiniatureProject(command: command, server: server, parts: parts))
        }
    }

    private init(command: Command, server: LoopbackServer, parts: [Part]) throws {
        self.command = command
        self.server = server
        let files = FileManager.default
        let repository = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardized.path
        for name in ["experiments", "manifests"] {
            try files.copyItem(atPath: "\(repository)/\(name)", toPath: command.path(name))
        }
        let (images, vectors) = try Self.sources(command)
        try Miniature.subset(of: images, to: command.path("coco"), images: parts.contains(.visualGenome) ? 100 : 40)
        for part in parts {
            try replace(part.rawValue) { real in
                switch part {
                case .coco, .cocoValidation:
                    try Miniature.coco(from: command.path("coco"), to: mirror, like: real, base: server.url)
                case .visualGenome:
                    try Miniature.visualGenome(from: command.path("coco"), to: mirror, like: real, base: server.url)
                case .glove: try Miniature.glove(from: vectors, to: mirror, like: real, base: server.url)
                case .resNet18: try Miniature.resNet18(to: mirror, like: real, base: server.url)
                }
            }
        }
    }

    /// A COCO-style folder and a file of word vectors.
    private static func sources(_ command: Command) throws -> (images: String, vectors: String) {
        let reference = (ProcessInfo.processInfo.environment["LAVISE_REFERENCE"] ?? "../shared") + "/data"
        if FileManager.default.fileExists(atPath: reference + "/coco-sample") {
            return (reference + "/coco-sample", reference + "/glove.6B.300d.sample.txt")
        }
        let scenes = command.path("scenes")
        try FileManager.default.createDirectory(atPath: scenes, withIntermediateDirectories: true)
        try DemoScenes(seed: 0, images: 240).write(to: scenes)
        return (scenes, scenes + "/glove.txt")
    }

    func manifest(_ name: String) throws -> Manifest {
        try Manifest(contentsOf: command.path("manifests/\(name).json"))
    }

    /// Changes a manifest of the project.
    func replace(_ name: String, _ change: (Manifest) throws -> Manifest) throws {
        let changed = try change(try manifest(name))
        try command.write("manifests/\(name).json", changed.value.json(pretty: true))
    }

    /// No proxy of the environment may stand between the command and this machine.
    func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Command.Outcome {
        try run(arguments, environment: environment)
    }

    func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Command.Outcome {
        try command.run(
            arguments, environment: ["no_proxy": "127.0.0.1", "LAVISE_MIRRORS": ""].merging(environment) { $1 })
    }

    private struct Report: Decodable {
        struct Stage: Decodable {
            let name: String
            let outputs: [Output]
        }
        struct Output: Decodable {
            let path: String
            let digest: String
        }
        let stages: [Stage]
    }

    private func report(_ experiment: [String]) throws -> Report {
        try JSONDecoder().decode(Report.self, from: Data(run(["status"] + experiment + ["--json"]).output.utf8))
    }

    /// Digests of the outputs of every stage.
    func digests(_ experiment: String) throws -> [String: [String]] {
        Dictionary(uniqueKeysWithValues: try report([experiment]).stages.map { ($0.name, $0.outputs.map(\.digest)) })
    }

    /// What preprocessing left.
    /// - Parameter experiment: with what was set.
    func dataset(_ experiment: [String]) throws -> HDF5File {
        let stage = try #require(try report(experiment).stages.first { $0.name == "preprocess" })
        return try HDF5File.open(#require(stage.outputs.first?.path))
    }

    /// The rows of an experiment's recall table.
    func recall(_ experiment: String) throws -> [RecallRow] {
        struct Table: Decodable { let rows: [RecallRow] }
        return try JSONDecoder().decode(
            Table.self, from: Data(contentsOf: URL(fileURLWithPath: command.path("results/\(experiment)/recall.json")))
        ).rows
    }

    struct RecallRow: Decodable {
        let method: String
        let k: Int
        let recall: Double?, low: Double?, high: Double?
        let filters: Int, pairs: Int
    }

    /// Every file of the mirror that a manifest names, in bytes.
    func bytes(of manifests: String...) throws -> Int {
        try manifests.flatMap { try manifest($0).files }.reduce(0) { sum, file in
            sum + (try FileManager.default.attributesOfItem(atPath: "\(mirror)/\(file.name)")[.size] as? Int ?? 0)
        }
    }
}

/// A recall table with numbers that recalls can have.
func expectSane(_ rows: [MiniatureProject.RecallRow]) {
    let methods = ["original", "image", "activation", "projection", "most-frequent", "random"]
    #expect(Set(rows.map(\.method)) == Set(methods))
    for method in methods {
        let ofMethod = rows.filter { $0.method == method }.sorted { $0.k < $1.k }
        let values = ofMethod.compactMap(\.recall)
        #expect(ofMethod.map(\.k) == [5, 10, 20] && values.count == 3, "\(method)")
        #expect(values == values.sorted() && values.allSatisfy { (0...1).contains($0) }, "\(method): \(values)")
        for row in ofMethod {
            #expect(row.pairs > 0 && row.filters > 0, "\(method)")
            if let recall = row.recall, let low = row.low, let high = row.high {
                #expect(low <= recall && recall <= high, "\(method)@\(row.k)")
            }
        }
    }
    // Exactly k of the concepts, whatever they are.
    let random = rows.filter { $0.method == "random" }.sorted { $0.k < $1.k }.compactMap(\.recall)
    #expect(
        random.count == 3 && random[0] > 0 && abs(random[1] - 2 * random[0]) < 1e-4
            && abs(random[2] - 4 * random[0]) < 2e-4)
}
