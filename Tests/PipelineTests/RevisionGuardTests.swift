import Engine
import Fingerprints
import Foundation
import HDF5
import Pipeline
import Testing

/// What each stage leaves on a tiny input is pinned in `Fixtures/revisions.json`: other bytes with the same revision
/// fail. `make pins` (or LAVISE_PIN=1) writes the pins anew, and refuses where a revision should have been raised.
///
/// Each stage runs by itself. What numeric stages hand on (features, the explainer) is overwritten with drawn numbers
/// of the same shape, so that a change of one stage's bits moves no other stage's pin: only `tables` follows
/// `evaluate`. Pins hold on every machine: the kernels have the same bits by every instruction set. `download` has no
/// pin: its outputs are checked against the manifest's hashes at every run.
@Suite struct RevisionGuardTests {
    struct Pin: Codable, Equatable {
        var revision: Int
        /// The digest of what the stage read, parameters included.
        var inputs: String
        /// Output name → digest.
        var outputs: [String: String]
    }

    private static let pinsPath = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
        path: "Fixtures/revisions.json")
    private static let data = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
        .path
    private static let command = "make pins"

    private static let json = """
        {"name": "guard", "protocol": "paper", "dataset": {"kind": "coco", "root": "Revisions"}, "embedding": {"kind": "glove", "path": "Revisions/glove.txt"},
         "backbone": {"architecture": "resnet18", "layer": "layer2", "random": true}, "train": {"epochs": 2, "batchSize": 4},
         "evaluate": {"filters": [0, 1, 2], "topImages": 2, "methods": ["original", "image", "activation", "projection"]}}
        """
    private static let scenesJSON = """
        {"name": "scenes", "dataset": {"kind": "demo-scenes", "scenes": 8}, "embedding": {"kind": "demo-scenes"},
         "backbone": {"architecture": "resnet18", "layer": "layer2", "random": true}}
        """
    /// Pins beyond one a stage: the backbones whose kernels differ.
    private static let otherBackbones = [("alexnet", "features"), ("resnet50", "layer1")]

    @Test func changedBitsNeedARaisedRevision() throws {
        var found: [(name: String, stage: any Stage, pin: Pin)] = []
        try Workspace.with(data: Self.data) { workspace in
            let scenes = try #require(workspace.plan(Self.scenesJSON).plan.job("scenes"))
            found.append(("scenes", scenes.stage, try Bench(workspace).run(scenes)))
            let aimed = try workspace.plan(Self.json, settings: ["target.folder=Revisions/val2017"]).plan
            let target = try #require(aimed.job("target"))
            found.append(("target", target.stage, try Bench(workspace).run(target)))
            let bench = Bench(workspace)
            for job in try workspace.plan(Self.json).plan.jobs {
                found.append((job.id, job.stage, try bench.run(job)))
                guard job.id == "features" else { continue }
                for (architecture, layer) in Self.otherBackbones {
                    let settings = ["backbone.architecture=\(architecture)", "backbone.layer=\(layer)"]
                    let other = try #require(workspace.plan(Self.json, settings: settings).plan.job("features"))
                    found.append(("features \(architecture)", other.stage, try bench.run(other, isSide: true)))
                }
            }
        }
        let isPinning = ProcessInfo.processInfo.environment["LAVISE_PIN"] == "1"
        var pins = (try? JSONDecoder().decode([String: Pin].self, from: Data(contentsOf: Self.pinsPath))) ?? [:]
        for (name, stage, pin) in found {
            let verdict = Self.verdict(name, stage, pin, pinned: pins[name])
            if isPinning, verdict?.isMended != false { pins[name] = pin } else { #expect(verdict?.text == nil) }
        }
        guard isPinning else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try (encoder.encode(pins) + Data("\n".utf8)).write(to: Self.pinsPath)
    }

    struct Verdict: Equatable {
        let text: String
        /// Pinning anew is the right answer.
        let isMended: Bool
    }

    /// nil: all is as pinned.
    static func verdict(_ name: String, _ stage: any Stage, _ pin: Pin, pinned: Pin?) -> Verdict? {
        let file = "Sources/Pipeline/Stages/\(stage.name.prefix(1).uppercased())\(stage.name.dropFirst())Stage.swift"
        guard let pinned else { return Verdict(text: "\(name) has no pin yet; run `\(command)`", isMended: true) }
        if pin == pinned { return nil }
        if pin.revision < pinned.revision {
            return Verdict(
                text:
                    "\(name): revision \(pin.revision) is lower than the pinned \(pinned.revision); revisions only rise (\(file))",
                isMended: false)
        }
        if pin.revision > pinned.revision {
            return Verdict(
                text: "\(name): revision \(pin.revision) is new; run `\(command)` and commit Fixtures/revisions.json",
                isMended: true)
        }
        if pin.inputs != pinned.inputs {
            return Verdict(
                text:
                    "\(name): it reads something else than was pinned (its parameters, or what the stage before it leaves); run `\(command)`",
                isMended: true)
        }
        let changed = pin.outputs.keys.filter { pin.outputs[$0] != pinned.outputs[$0] }.sorted().joined(separator: ", ")
        return Verdict(
            text:
                "\(name): \(changed) has other bytes for the same input, but revision \(pin.revision) is as before. Stores everywhere would keep and "
                + "mix in what the old code left. If the change is meant, raise `revision` in \(file) by one and run `\(command)`; if not, undo it",
            isMended: false)
    }

    @Test func theGuardSaysWhatToDo() throws {
        try Workspace.with(data: Self.data) { workspace in
            let stage = try #require(workspace.plan(Self.json).plan.job("train")).stage
            let pinned = Pin(revision: 2, inputs: "a", outputs: ["o": "1"])
            func verdict(_ revision: Int, _ inputs: String, _ output: String) -> Verdict? {
                Self.verdict(
                    "train", stage, Pin(revision: revision, inputs: inputs, outputs: ["o": output]), pinned: pinned)
            }
            #expect(verdict(2, "a", "1") == nil)
            let changed = try #require(verdict(2, "a", "2"))
            #expect(
                !changed.isMended
                    && changed.text.contains(
                        "raise `revision` in Sources/Pipeline/Stages/TrainStage.swift by one and run `make pins`")
            )
            #expect(
                FileManager.default.fileExists(atPath: Self.data + "/../../../Sources/Pipeline/Stages/TrainStage.swift")
            )
            #expect(verdict(3, "a", "2")?.isMended == true)
            #expect(verdict(3, "a", "1")?.isMended == true)
            #expect(verdict(1, "a", "1")?.isMended == false)
            #expect(verdict(2, "b", "2")?.isMended == true)
        }
    }

    /// The same bytes under a higher revision: that stage runs, and nothing after it.
    @Test func aRaisedRevisionRunsItsStageAlone() throws {
        try Workspace.with(data: Self.data) { workspace in
            let plan = try workspace.plan(Self.json).plan
            try workspace.run(plan)
            for raised in plan.jobs {
                let changed = try Plan(
                    plan.jobs.map {
                        $0.id == raised.id ? Job(id: $0.id, stage: try Raised($0.stage), inputs: $0.inputs) : $0
                    }, name: plan.name)
                let outcome = try workspace.run(changed)
                #expect(outcome.values.filter(\.ran).map(\.job) == [raised.id])
                #expect(
                    outcome[raised.id]?.reason
                        == .revisionChanged(old: raised.stage.revision, new: raised.stage.revision + 1))
                let after = plan.jobs.filter { plan.dependencies(of: $0.id).contains { $0.id == raised.id } }.map(\.id)
                for job in after { #expect(outcome[job]?.cutOff == true, "\(job) after \(raised.id)") }
            }
        }
    }

    private struct Raised: Stage {
        let base: any Stage
        var name: String { base.name }
        var revision: Int { base.revision + 1 }
        let parameters: Value

        init(_ base: any Stage) throws { (self.base, parameters) = (base, try base.encodedParameters()) }

        func numericsKey() throws -> Digest? { try base.numericsKey() }
        var outputs: [String] { base.outputs }
        func run(_ context: StageContext) throws { try base.run(context) }
    }

    /// Runs stages by themselves, and keeps what they hand on.
    private final class Bench {
        private let root: String
        /// `job/output` → path.
        private var handedOn: [String: String] = [:]
        private var count = 0

        init(_ workspace: Workspace) { root = workspace.root + "/bench-\(UUID().uuidString)" }

        /// - Parameter isSide: nothing reads what it leaves.
        func run(_ job: Job, isSide: Bool = false) throws -> Pin {
            count += 1
            let folder = "\(root)/\(count)"
            for name in ["output", "scratch"] {
                try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
            }
            var inputs: [String: String] = [:]
            for input in job.inputs {
                switch input.source {
                case .file(let path): inputs[input.name] = path
                case .output(let source, let name):
                    let path: String = try #require(handedOn["\(source)/\(name)"])
                    inputs[input.name] = path
                }
            }
            try job.stage.run(
                StageContext(
                    running: job.stage, inputs: inputs, output: folder + "/output", scratch: folder + "/scratch"))
            var outputs: [String: String] = [:]
            for name in job.stage.outputs {
                let path = "\(folder)/output/\(name)"
                outputs[name] = try Self.digest(path).hex
                guard !isSide else { continue }
                // After the digest: from here on it is only an input.
                if try job.stage.numericsKey() != nil, job.id != "evaluate" { try Self.overwriteNumbers(path) }
                handedOn["\(job.id)/\(name)"] = path
            }
            let read =
                try inputs.keys.sorted().map { "\($0) \(try Self.digest(inputs[$0] ?? ""))" } + [
                    try job.stage.encodedParameters().digest.hex
                ]
            return Pin(
                revision: job.stage.revision, inputs: Digest(hashing: read.joined(separator: "\n")).hex,
                outputs: outputs)
        }

        private static func digest(_ path: String) throws -> Digest {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
                return try Digest(contentsOf: path)
            }
            let names = try FileManager.default.subpathsOfDirectory(atPath: path).sorted().filter {
                var isFolder: ObjCBool = false
                return FileManager.default.fileExists(atPath: "\(path)/\($0)", isDirectory: &isFolder)
                    && !isFolder.boolValue
            }
            return Digest(
                hashing: try names.map { "\($0) \(try Digest(contentsOf: "\(path)/\($0)"))" }.joined(separator: "\n"))
        }

        /// Every float becomes a number between 0.1 and 1.1 that depends on its place alone.
        private static func overwriteNumbers(_ path: String) throws {
            let file = try HDF5File.open(path, writable: true)
            func walk(_ group: String) throws {
                for name in try file.children(of: group) {
                    let place = group + name
                    if try file.isGroup(place) { try walk(place + "/"); continue }
                    guard try file.scalarType(of: place) == .float32 else { continue }
                    let dataset = try file.dataset(place, Float.self)
                    var random = RandomSource(seed: 0, stream: place)
                    for row in 0..<(dataset.shape.first ?? 0) {
                        try dataset.write(
                            rows: row..<row + 1, (0..<dataset.rowCount).map { _ in Float(random.uniform(0.1, 1.1)) })
                    }
                }
            }
            try walk("/")
            try file.close()
        }
    }
}
