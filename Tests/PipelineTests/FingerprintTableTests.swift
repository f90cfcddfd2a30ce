import Engine
import Fingerprints
import Foundation
import Pipeline
import Testing

/// Another value of a key changes what exactly those stages are fingerprinted by that docs/file-formats.md names for
/// it.
@Suite struct FingerprintTableTests {
    private static let root = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardized

    /// Experiments in which every key says something; `image` has evaluation use the backbone, too.
    private static let bases = [
        ("coco", #"{"kind": "coco", "root": "coco"}"#, #"{"kind": "glove", "path": "glove.txt"}"#),
        ("genome", #"{"kind": "visual-genome", "root": "vg"}"#, #"{"kind": "glove", "path": "glove.txt"}"#),
        ("scenes", #"{"kind": "demo-scenes"}"#, #"{"kind": "demo-scenes"}"#),
    ].map { name, dataset, embedding in
        """
        {"name": "\(name)", "protocol": "paper", "dataset": \(dataset), "embedding": \(embedding),
         "backbone": {"architecture": "resnet18", "layer": "layer4", "random": true}, "evaluate": {"methods": ["original", "image"]}}
        """
    }

    /// Another value for every key of the schema: settings that change it and nothing else.
    private static let changes: [String: [String]] = [
        "name": ["name=other"], "title": ["title=other"], "protocol": ["protocol=fact2023"],
        "protocol.base": [#"protocol={"base": "fact2023"}"#], "seed": ["seed=1"],
        "dataset.kind": ["dataset.kind=visual-genome"], "dataset.root": ["dataset.root=other"],
        "dataset.manifest": ["dataset.root=null", "dataset.manifest=m.json"],
        "dataset.limit": ["dataset.limit=5"], "dataset.scenes": ["dataset.scenes=16"],
        "dataset.minimumCount": ["dataset.minimumCount=7"],
        "backbone.layers": ["backbone.layer=null", #"backbone.layers=["layer3","layer4"]"#],
        "backbone.preprocess.resize": ["backbone.preprocess.resize=300"],
        "backbone.preprocess.crop": ["backbone.preprocess.crop=200"],
        "backbone.preprocess.interpolation": ["backbone.preprocess.interpolation=bicubic"],
        "backbone.preprocess.mean": ["backbone.preprocess.mean=[0.5,0.5,0.5]"],
        "backbone.preprocess.std": ["backbone.preprocess.std=[0.5,0.5,0.5]"],
        "backbone.preprocess.scale": ["backbone.preprocess.scale=1"],
        "backbone.preprocess.order": ["backbone.preprocess.order=bgr"],
        "dataset.onBadAnnotation": ["dataset.onBadAnnotation=fail"], "dataset.words": ["dataset.words=exact"],
        "dataset.names": ["dataset.names=whole"],
        "dataset.splits": [#"dataset.splits={"all": {"annotations": "a.json", "images": "i"}}"#],
        "dataset.validationShare": [
            #"dataset.splits={"all": {"annotations": "a.json", "images": "i"}}"#, "dataset.validationShare=0.3",
        ],
        "backbone.weights.key": ["backbone.random=false", "backbone.weights.path=w.pth", "backbone.weights.key=model"],
        "backbone.weights.prefix": [
            "backbone.random=false", "backbone.weights.path=w.pth", "backbone.weights.prefix=net.",
        ],
        "dataset.onBadImage": ["dataset.onBadImage=skip"], "dataset.views": ["dataset.views=2"],
        "embedding.kind": [#"embedding={"kind": "glove", "path": "glove.txt"}"#],
        "embedding.path": ["embedding.path=other.txt"],
        "embedding.manifest": ["embedding.path=null", "embedding.manifest=m.json", "embedding.member=a.txt"],
        "embedding.member": ["embedding.path=null", "embedding.manifest=m.json", "embedding.member=b.txt"],
        "backbone.architecture": ["backbone.architecture=resnet50"], "backbone.layer": ["backbone.layer=layer3"],
        "backbone.random": ["backbone.random=false", "backbone.weights.path=w.pth"],
        "backbone.weights.path": ["backbone.random=false", "backbone.weights.path=w.pth"],
        "backbone.weights.manifest": ["backbone.random=false", "backbone.weights.manifest=m.json"],
        "backbone.precision": ["backbone.precision=float16"], "train.epochs": ["train.epochs=3"],
        "train.batchSize": ["train.batchSize=64"],
        "train.optimiser": ["train.optimiser=dadapt-adam"], "train.learningRate": ["train.learningRate=0.5"],
        "train.dropout": ["train.dropout=0.2"], "train.shuffle": ["train.shuffle=false"],
        "train.categoryFraction": ["train.categoryFraction=0.5"], "evaluate.filters": ["evaluate.filters=[0,1]"],
        "evaluate.topImages": ["evaluate.topImages=3"],
        "evaluate.ks": ["evaluate.ks=[1,2]"], "evaluate.methods": [#"evaluate.methods=["image"]"#],
        "evaluate.images": ["evaluate.images=all"],
        "evaluate.vocabulary": ["evaluate.vocabulary=concepts", "evaluate.vocabulary=embedding"],
        "evaluate.bootstrap": ["evaluate.bootstrap=500"], "evaluate.entities": ["evaluate.entities=words.txt"],
        "evaluate.metrics": [#"evaluate.metrics=["iou"]"#],
        "evaluate.explanations": [#"evaluate.explanations=[{"name": "tool", "csv": "labels.csv"}]"#],
        "evaluate.sharedImages": ["evaluate.sharedImages=true"], "evaluate.ranking": ["evaluate.ranking=frequency"],
        "evaluate.units": ["evaluate.units=probes"], "evaluate.wordsPerImage": ["evaluate.wordsPerImage=3"],
        "train.steps": ["protocol=null", "train.steps=90"],
        "target.folder": ["target.folder=pictures"], "target.zip": ["target.zip=pictures.zip"],
        "target.manifest": ["target.manifest=m.json"],
        "target.onBadImage": ["target.folder=pictures", "target.onBadImage=fail"],
        "claims": [#"claims=[{"source": "A", "method": "image", "k": 5, "published": 0.1}]"#],
        "matrix": ["matrix.evaluate.bootstrap=[300,400]"],
    ].merging(deviations.map { ("protocol.deviations.\($0)", ["protocol.deviations.\($0)=true"]) }) { $1 }

    private static let deviations = Deviation.all.map(\.name)

    /// The keys of the schema that hold a value of their own: `train.epochs`; of `protocol.deviations` every name.
    private static func keys() throws -> Set<String> {
        let schema = try Value(json: [UInt8](Data(contentsOf: root.appending(path: "experiments/schema.json"))))
        func leaves(_ node: Value, _ path: String) -> [String] {
            let members =
                path == "protocol"
                ? node["oneOf"]?.arrayValue?.last?["properties"]
                : path == "claims" || path == "matrix" ? nil : node["properties"]
            guard let members = members?.objectValue else { return [path] }
            return (path == "protocol" ? [path] : [])
                + members.flatMap { leaves($1, path.isEmpty ? $0 : "\(path).\($0)") }
        }
        return Set(leaves(schema, "")).subtracting(["protocol.deviations", "$schema"]).union(
            deviations.map { "protocol.deviations.\($0)" })
    }

    /// The table of the page: the stages of every key.
    private static func documented() throws -> [String: Set<String>] {
        let page = try String(contentsOf: root.appending(path: "docs/file-formats.md"), encoding: .utf8)
        let section = try #require(
            page.components(separatedBy: "### What a key reaches").last?.components(separatedBy: "\n## ").first)
        var table: [String: Set<String>] = [:]
        for line in section.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            for key in cells[0].components(separatedBy: ", ") {
                table[key.trimmingCharacters(in: ["`"])] = Set(cells[1].components(separatedBy: ", "))
            }
        }
        return table
    }

    /// What every stage's fingerprint is made of, but for the digests of what comes from outside.
    private static func definitions(_ plan: ExperimentPlan) throws -> [String: Set<Value>] {
        var found: [String: Set<Value>] = [:]
        for job in plan.plan.jobs {
            let inputs = job.inputs.map { input -> Value in
                if case .file(let path) = input.source {
                    [.string(input.name), .string(path)]
                } else {
                    .string(input.name)
                }
            }
            let parameters = try job.stage.encodedParameters()
            found[job.stage.name, default: []].insert([.int(job.stage.revision), parameters, .array(inputs)])
        }
        return found
    }

    @Test func everyKeyReachesTheStagesThatThePageNames() throws {
        let documented = try Self.documented(), keys = try Self.keys()
        #expect(
            Set(documented.keys) == keys, "page and schema: \(Set(documented.keys).symmetricDifference(keys).sorted())")
        // A model's file is looked into by the plan itself: `NetworkTests` have some.
        let tried = Set(Self.changes.keys).union(["backbone.model.path"])
        #expect(tried == keys, "test and schema: \(tried.symmetricDifference(keys).sorted())")
        try Workspace.with { workspace in
            let file = #"{"name": "%", "urls": ["file:///none"], "license": ""}"#
            let files = ["a.txt", "b.txt", "w.pth"].map { file.replacingOccurrences(of: "%", with: $0) }.joined(
                separator: ",")
            try #"{"name": "m", "files": [\#(files)]}"#.write(
                toFile: workspace.root + "/m.json", atomically: true, encoding: .utf8)
            for (key, settings) in Self.changes.sorted(by: { $0.key < $1.key }) {
                var reached: Set<String> = [], isRead = false
                // Settings that only make room for the key are there before.
                let room =
                    switch key {
                    case "embedding.member": Array(settings[..<2]) + ["embedding.member=a.txt"]
                    case "evaluate.vocabulary", "dataset.validationShare", "train.steps", "target.onBadImage":
                        Array(settings[..<1])
                    case "backbone.weights.key", "backbone.weights.prefix": Array(settings[..<2])
                    default: [String]()
                    }
                for base in Self.bases {
                    guard let before = try? workspace.plan(base, settings: room),
                        let after = try? workspace.plan(base, settings: settings)
                    else { continue }
                    isRead = true
                    let old = try Self.definitions(before), new = try Self.definitions(after)
                    reached.formUnion(new.keys.filter { old[$0] != new[$0] })
                }
                #expect(isRead, "\(key): no experiment reads \(settings)")
                #expect(
                    reached == documented[key],
                    "\(key) reaches \(reached.sorted()), the page says \((documented[key] ?? []).sorted())")
            }
        }
    }
}
