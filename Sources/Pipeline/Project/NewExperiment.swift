import Datasets
import Files
import Fingerprints
import Foundation

/// What a new experiment is to be made of. Paths are absolute.
public struct NewExperiment: Sendable {
    /// The experiment's name, and its file's.
    public var name: String
    /// A folder of pictures, or a zip archive.
    public var pictures: String
    /// Annotations of the pictures, in COCO's format (outlines or boxes) or Visual Genome's `objects.json`; nil: none,
    /// and the explainer is another experiment's.
    public var annotations: String?
    /// The experiment whose explainer, or whose model, is used.
    public var reference: ExperimentFile?
    /// Word vectors in GloVe's text format.
    public var embedding: String?
    /// A network of this program by its name; nil: `model`, or else the reference's.
    public var architecture: String?
    /// A network in a file of its own (ONNX).
    public var model: String?
    /// The layers whose filters are explained; none: the reference's own.
    public var layers: [String] = []
    /// A checkpoint of the network's weights; nil: what `manifests/ARCHITECTURE.json` fetches, the model file's own, or the
    /// reference's.
    public var weights: String?
    /// `backbone.preprocess` as JSON, which a network in a file needs.
    public var preprocess: String?
    /// A list of the words that explanations may use, one a line.
    public var entities: String?

    /// - Parameters:
    ///   - name: the experiment's, and its file's.
    ///   - pictures: a folder or a zip archive.
    public init(name: String, pictures: String) {
        self.name = name
        self.pictures = pictures
    }
}

/// An experiment file as it is to be written, and what was found on the way.
public struct DraftExperiment: Sendable {
    /// The JSON, with what was found as comments: keys that begin with `$`.
    public let text: String
    /// What there is: pictures, annotations, words.
    public let found: [String]
}

extension NewExperiment {
    /// Looks at pictures, annotations and words, and writes the experiment down.
    /// - Throws: `ExperimentError` naming the option that is missing or wrong; what reading the files throws.
    public func draft(_ places: Places) throws -> DraftExperiment {
        for (option, file) in [
            ("--annotations", annotations), ("--model", model), ("--weights", weights), ("--words", embedding),
            ("--entities", entities),
        ] {
            if let file, !places.exists(file) { throw ExperimentError("\(option) \(file): there is no such file") }
        }
        let pictures = try self.files(places)
        var found = [Self.counted(pictures)]
        var members: [(key: String, value: String)] = []
        func add(_ key: String, _ value: Value) { members.append((key, value.json(pretty: false))) }
        func note(_ key: String, _ text: String) { add("$" + key, .string(text)) }
        if places.exists(places.projectPath("experiments/schema.json")) { add("$schema", "schema.json") }
        note("about", "written by lavise-pipeline new; keys that begin with $ are comments")
        add("name", .string(name))
        note("pictures", found[0])
        if let annotations {
            let vectors = try embeddingValue(places)
            let part = try dataset(annotations, vectors.words, places)
            found += part.found
            part.found.enumerated().forEach { note("annotations\($0 == 0 ? "" : "-\($0 + 1)")", $1) }
            add("dataset", part.value)
            add("embedding", vectors.value)
            add("backbone", try backbone(places))
            note("train", "without a protocol of the papers and a number of epochs training lasts 500 steps at least")
        } else {
            let reference = try self.referenceValue()
            found.append(
                "the explainer is that of \(reference.name): nothing of it is trained again where its stages are in the store"
            )
            note("explainer", found[1])
            add("target", [Self.isArchive(self.pictures) ? "zip" : "folder": .string(Self.path(self.pictures, places))])
            for key in ["protocol", "seed", "dataset", "embedding", "backbone", "train"] {
                if let value = reference.value[key] { add(key, value) }
            }
        }
        var evaluate: [String: Value] = ["methods": ["projection"], "vocabulary": "concepts"]
        if let entities {
            evaluate["entities"] = .string(Self.path(entities, places))
            evaluate["vocabulary"] = "embedding"
        }
        note(
            "evaluate",
            "one method names filters; leave \"methods\" out for the paper's four, with which recall can be compared")
        add("evaluate", .object(evaluate))
        let lines = members.map { "  \(Value.string($0.key).json(pretty: false)): \($0.value)" }
        return DraftExperiment(text: "{\n" + lines.joined(separator: ",\n") + "\n}\n", found: found)
    }

    /// - Throws: `ExperimentError` where there is no picture.
    private func files(_ places: Places) throws -> PictureFiles {
        guard places.exists(pictures) else {
            throw ExperimentError("--pictures \(pictures): there is no such folder or zip archive")
        }
        let files: PictureFiles
        do {
            files = try PictureFiles(pictures, opensArchives: false)
        } catch let error as ZipError {
            throw ExperimentError("--pictures \(pictures): neither a folder nor a zip archive: \(error.problem)")
        }
        guard !files.names.isEmpty else {
            throw ExperimentError(
                "--pictures \(pictures): no picture is there; JPEG, PNG, GIF, WebP, BMP and TIFF are read, at any depth"
            )
        }
        return files
    }

    /// A path as the experiment has it: from the data folder where it lies there, else absolute.
    private static func path(_ path: String, _ places: Places) -> String {
        path.hasPrefix(places.data + "/") ? String(path.dropFirst(places.data.count + 1)) : path
    }

    private static func isArchive(_ path: String) -> Bool { !isDirectory(path) }

    /// `1,204 JPEG, 3 PNG; 2 files are no pictures`
    private static func counted(_ pictures: PictureFiles) -> String {
        var counts: [String: Int] = [:]
        for name in pictures.names {
            let ending = URL(fileURLWithPath: name).pathExtension.uppercased()
            counts[["JPG", "JPE", "JFIF"].contains(ending) ? "JPEG" : ending, default: 0] += 1
        }
        let kinds = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
        let others = pictures.others > 0 ? "; \(pictures.others) other files" : ""
        let unread =
            pictures.unreadable > 0 ? "; \(pictures.unreadable) cannot be read (HEIC, AVIF): convert them to JPEG" : ""
        return kinds.joined(separator: ", ") + others + unread
    }

    /// The reference experiment as JSON, without a matrix.
    private func referenceValue() throws -> (name: String, value: Value) {
        guard let reference else {
            throw ExperimentError(
                "pictures without annotations need an explainer: name the experiment that has it with --like, or give --annotations"
            )
        }
        guard reference.matrixKeys.isEmpty else {
            throw ExperimentError(
                "--like \(reference.name): it has a matrix, and so several explainers; name an experiment without one")
        }
        if let option = [
            ("--layer", layers.first), ("--architecture", architecture), ("--model", model), ("--weights", weights),
            ("--words", embedding),
        ]
        .first(where: { $0.1 != nil })?.0 {
            throw ExperimentError(
                "\(option): without --annotations model and words are those of --like, whose explainer knows no others")
        }
        return (reference.name, reference.value)
    }

    private func backbone(_ places: Places) throws -> Value {
        var own: [String: Value] = [:]
        if let model { own["model"] = ["path": .string(Self.path(model, places))] }
        if let architecture { own["architecture"] = .string(architecture) }
        if layers.count == 1 { own["layer"] = .string(layers[0]) }
        if layers.count > 1 { own["layers"] = .array(layers.map { .string($0) }) }
        if let weights { own["weights"] = ["path": .string(Self.path(weights, places))] }
        if let preprocess { own["preprocess"] = try Self.preprocessing(preprocess) }
        if model != nil, preprocess == nil {
            throw ExperimentError(
                "--model needs --preprocess JSON: a file does not say how its pictures were made; docs/your-own-model.md has what is common, "
                    + #"as --preprocess '{"resize": 256, "crop": 224, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}'"#
            )
        }
        if own["model"] == nil, own["architecture"] == nil {
            guard let known = reference?.value["backbone"]?.objectValue else {
                throw ExperimentError(
                    "which network? Give --architecture with --weights, --model FILE, or --like EXPERIMENT for its model"
                )
            }
            let replaced = layers.isEmpty ? known : known.filter { !["layer", "layers"].contains($0.key) }
            return .object(replaced.merging(own) { $1 })
        }
        if let architecture, own["weights"] == nil {
            let manifest = "manifests/\(architecture).json"
            guard places.exists(places.projectPath(manifest)) else {
                throw ExperimentError(
                    "--architecture \(architecture) needs --weights FILE: there is no \(manifest) to fetch them by")
            }
            own["weights"] = ["manifest": .string(manifest)]
        }
        return .object(own)
    }

    private static func preprocessing(_ text: String) throws -> Value {
        do {
            return try Value(json: text)
        } catch {
            throw ExperimentError("--preprocess: \(error)")
        }
    }

    /// The embedding, and its words where they are here.
    private func embeddingValue(_ places: Places) throws -> (value: Value, words: WordList?) {
        if let embedding {
            var words: [String] = []
            try GloveReader(embedding).forEach { word, _ in words.append(word) }
            return (["kind": "glove", "path": .string(Self.path(embedding, places))], WordList(words))
        }
        if let known = reference?.value["embedding"] {
            guard let path = known["path"]?.stringValue, places.exists(places.dataPath(path)) else {
                return (known, nil)
            }
            var words: [String] = []
            try GloveReader(places.dataPath(path), member: known["member"]?.stringValue).forEach { word, _ in
                words.append(word)
            }
            return (known, WordList(words))
        }
        let manifest = "manifests/glove6b.json"
        guard places.exists(places.projectPath(manifest)) else {
            throw ExperimentError("which word vectors? Give --words FILE (GloVe's text format)")
        }
        return (["kind": "glove", "manifest": .string(manifest), "member": "glove.6B.300d.txt"], nil)
    }
}

extension NewExperiment {
    /// The dataset that annotations and pictures are, and what they hold.
    private func dataset(_ annotations: String, _ words: WordList?, _ places: Places) throws -> (
        value: Value, found: [String]
    ) {
        let isVisualGenome = try Self.isList(annotations)
        let value: Value
        var rules = DatasetRules()
        let read: any ReferenceDataset, isHere: (String) -> Bool
        let hasVector: @Sendable (String) -> Bool = { word in words.map { $0.row(of: word) != nil } ?? true }
        if isVisualGenome {
            let root = URL(fileURLWithPath: annotations).deletingLastPathComponent().path
            let folders = ["VG_100K", "VG_100K_2"].map { "\(root)/\($0)" }
            guard URL(fileURLWithPath: annotations).lastPathComponent == "objects.json",
                folders.contains(where: places.exists)
            else {
                throw ExperimentError(
                    "--annotations \(annotations): Visual Genome's objects lie in objects.json, with the pictures in VG_100K beside it"
                )
            }
            value = ["kind": "visual-genome", "root": .string(Self.path(root, places)), "minimumCount": 1]
            rules.minimumCount = 1
            read = try VisualGenomeDataset(
                objects: annotations, imageFolders: folders, hasVector: hasVector, rules: rules)
            isHere = places.exists
        } else {
            value = [
                "kind": "coco",
                "splits": [
                    "all": [
                        "annotations": .string(Self.path(annotations, places)),
                        "images": .string(Self.path(pictures, places)),
                    ]
                ],
                "validationShare": 0.3, "onBadImage": "skip",
            ]
            rules.words = .folded
            let files = try ImageFiles(folders: [pictures])
            read = try COCODataset(
                annotations: [(nil, annotations)], imageFolders: [(nil, pictures)], isPresent: files.contains,
                hasVector: hasVector,
                rules: rules)
            isHere = files.contains
        }
        let absent = read.images.filter { !isHere($0.file) }
        guard absent.count < read.images.count else {
            throw ExperimentError(
                "--annotations \(annotations): none of its \(read.images.count) pictures is in --pictures \(pictures); "
                    + "the first would be \(absent.first?.file ?? "")")
        }
        return (value, Self.found(read, absent: absent.count, checked: words != nil))
    }

    private static func found(_ dataset: any ReferenceDataset, absent: Int, checked: Bool) -> [String] {
        let classes = dataset.concepts.prefix(12).joined(separator: ", ") + (dataset.concepts.count > 12 ? ", …" : "")
        let annotated =
            "\(dataset.images.count - absent) annotated"
            + (absent > 0 ? ", and \(absent) that the annotations name are not there" : "")
        var found = ["\(annotated); \(dataset.concepts.count) words of classes: \(classes)"]
        let unmatched = dataset.unmatched.prefix(12).map(\.name).joined(separator: ", ")
        if !checked {
            found.append("the word vectors are not here yet: whether every class has one shows when they are")
        } else if !dataset.unmatched.isEmpty {
            found.append(
                "\(dataset.unmatched.count) have no vector: \(unmatched)" + (dataset.unmatched.count > 12 ? ", …" : ""))
        }
        return found
    }

    /// Whether a JSON file is a list, as Visual Genome's, and no object, as COCO's.
    private static func isList(_ path: String) throws -> Bool {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw ExperimentError("--annotations \(path): no such file")
        }
        defer { try? file.close() }
        let start = try file.read(upToCount: 4096) ?? Data()
        switch start.first(where: { ![0x20, 0x0A, 0x0D, 0x09].contains($0) }) {
        case UInt8(ascii: "["): return true
        case UInt8(ascii: "{"): return false
        default: throw ExperimentError("--annotations \(path): neither COCO's JSON nor Visual Genome's objects.json")
        }
    }
}
