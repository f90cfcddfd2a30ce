import Datasets
import Fingerprints
import LaViSE
import Networks

extension Experiment {
    /// What a matrix can vary: these, and what is in them.
    static let variableKeys = ["protocol", "seed", "dataset", "embedding", "backbone", "train", "evaluate", "target"]
    static let keys = ["name", "title"] + variableKeys + ["claims", "matrix"]

    /// Names beside the results folder, with what a run's settings add to it, have 255 bytes at most.
    private static let mostBytesOfName = 100

    /// Validates one variant; every key but `name`, `dataset`, `embedding` and `backbone` has METHOD's default.
    /// - Throws: `TextError` naming place, key, what was expected and the nearest known name.
    init(_ node: JSONNode, _ catalogue: Catalogue) throws {
        let root = try Fields(node, known: Self.keys, what: "an experiment file")
        name = try root.required("name", "the experiment's name", root.string)
        guard name.allSatisfy({ $0.isLetter || $0.isNumber || "_-.".contains($0) }), !name.hasPrefix("."),
            name.utf8.count <= Self.mostBytesOfName
        else {
            throw root.error(
                "name",
                "made of letters, digits, _ - and ., at most \(Self.mostBytesOfName) bytes (it names a folder under results/)"
            )
        }
        title = try root.string("title") ?? name
        seed = UInt64(try root.int("seed", in: 0...Int.max) ?? 0)
        for key in ["dataset", "embedding", "backbone"] where !root.has(key) {
            throw root.lacks(key, "an object")
        }
        let dataset = try Dataset(root, catalogue)
        let backbone = try TargetModel(root, catalogue)
        self.dataset = dataset
        self.backbone = backbone
        embedding = try Embedding(root, dataset: dataset)
        target = try root.has("target") ? Target(root) : nil
        followsProtocol = root.has("protocol")
        (protocolName, deviations) = try Self.readProtocol(root, catalogue, dataset.kind, backbone)
        if deviations.contains(.probedBatchNorm), backbone.isGraph {
            throw root.error(
                "protocol",
                "without probedBatchNorm, which only \(Self.probed(catalogue)) at their own target layers have")
        }
        train = try Training(root, deviations, dataset.kind)
        deviations = deviations.setting(.optimiser, train.optimiser == .dadaptAdam)
        let evaluate = root.has("evaluate") ? try root.object("evaluate", known: Evaluating.keys) : nil
        self.evaluate = try Evaluating(root, catalogue, channels: backbone.shape?.channels)
        if let images = try evaluate?.choice("images", EvaluatedImages.self) {
            deviations = deviations.setting(.evaluateOnAll, images == .all)
        }
        if let vocabulary = try evaluate?.choice("vocabulary", VocabularyChoice.self) {
            deviations = deviations.setting(.embeddingVocabulary, vocabulary == .embedding)
        }
        claims = try PublishedClaim.read(root, catalogue)
    }

    private static func probed(_ catalogue: Catalogue) -> String {
        catalogue.architectures.filter(\.hasBatchNorm).map(\.name).joined(separator: " and ")
    }

    enum EvaluatedImages: String, CaseIterable { case validation, all }
    enum VocabularyChoice: String, CaseIterable { case concepts, embedding }

    private static func readProtocol(
        _ root: Fields, _ catalogue: Catalogue, _ dataset: DatasetFormat, _ model: TargetModel
    ) throws -> (ProtocolName, Set<Deviation>) {
        let known = catalogue.deviations
        func isOn(_ deviation: Deviation, _ name: ProtocolName) -> Bool {
            deviation.isOn(in: name, dataset: dataset, model: model)
        }
        var name = ProtocolName.paper
        var changes: [(Deviation, Bool)] = []
        if case .object? = root.node("protocol")?.content {
            let fields = try root.object("protocol", known: ["base", "deviations"])
            name = try fields.choice("base", ProtocolName.self) ?? .paper
            if case .object? = fields.node("deviations")?.content {
                let flags = try fields.object("deviations", known: known.map(\.name))
                changes = try known.compactMap { d in try flags.bool(d.name).map { (d, $0) } }
            } else {
                let names = try fields.strings("deviations", among: known.map(\.name) + ["all"]) ?? []
                changes = names.flatMap { name in
                    name == "all"
                        ? known.map { ($0, isOn($0, .fact2023)) }
                        : known.filter { $0.name == name }.map { ($0, true) }
                }
            }
        } else {
            name = try root.choice("protocol", ProtocolName.self) ?? .paper
        }
        var base = Set(known.filter { isOn($0, name) })
        // Who asks for no paper's protocol has pictures of their own: words come from their own concepts.
        if !root.has("protocol") { base.remove(.embeddingVocabulary) }
        return (name, changes.reduce(base) { $0.setting($1.0, $1.1) })
    }
}

func origin(_ fields: Fields, path: String, example: String) throws -> InputOrigin? {
    switch (try fields.string(path), try fields.string("manifest")) {
    case (let local?, nil): return .path(local)
    case (nil, let manifest?): return .manifest(manifest)
    case (nil, nil): return nil
    default:
        throw fields.error("manifest", "absent when \"\(path)\" is given: name either a local \(example) or a manifest")
    }
}

extension Experiment.Dataset {
    init(_ root: Fields, _ catalogue: Catalogue) throws {
        let fields = try root.object(
            "dataset",
            known: [
                "kind", "root", "manifest", "limit", "scenes", "minimumCount", "onBadImage", "onBadAnnotation", "views",
                "splits",
                "validationShare", "words", "names",
            ])
        kind = try fields.one("kind", of: catalogue.datasets, named: \.name)
        splits = try Self.splits(fields)
        if splits != .official, !kind.hasOwnSplits {
            let others = catalogue.datasets.filter(\.hasOwnSplits).map { "\"\($0)\"" }.joined(separator: " or ")
            throw fields.error("splits", "absent unless \"kind\" is \(others)")
        }
        origin = try Pipeline.origin(fields, path: "root", example: "folder")
        if splits != .official, origin == nil { origin = .path(".") }
        if kind.drawing == nil, origin == nil {
            _ = try fields.required("root", "a local folder (or give \"manifest\")", fields.string)
        }
        if kind.drawing != nil, origin != nil {
            throw fields.error(
                fields.has("root") ? "root" : "manifest", "absent when \"kind\" is \"\(kind)\", whose images are drawn")
        }
        limit = try fields.int("limit", in: 1...Int.max)
        scenes = try fields.int("scenes", in: 8...100_000) ?? 320
        minimumCount = try fields.int("minimumCount", in: 0...Int.max) ?? 100
        onBadImage = try fields.choice("onBadImage", Experiment.OnBad.self) ?? .fail
        onBadAnnotation = try fields.choice("onBadAnnotation", Experiment.OnBad.self) ?? .skip
        validationShare = try fields.double("validationShare", in: 0.001...0.999) ?? 0.1
        if fields.has("validationShare"), !kind.isCutBySeed {
            guard case .cut = splits else {
                throw fields.error(
                    "validationShare",
                    "absent unless the seed cuts the dataset: \"splits\" with \"all\", or Visual Genome")
            }
        }
        views = try fields.int("views", in: 0...255) ?? 0
        words = try fields.choice("words", WordMatching.self) ?? kind.defaultWords
        names = try fields.choice("names", NameConcepts.self) ?? .split
    }

    private static func splits(_ fields: Fields) throws -> Experiment.Splits {
        guard fields.has("splits") else { return .official }
        let splits = try fields.object("splits", known: ["train", "validation", "all"])
        func files(_ name: String) throws -> Experiment.SplitFiles? {
            guard splits.has(name) else { return nil }
            let part = try splits.object(name, known: ["annotations", "images"])
            return Experiment.SplitFiles(
                annotations: try part.required("annotations", "an annotation file", part.string),
                images: try part.required("images", "a folder of images, or a zip archive of them", part.string))
        }
        switch (try files("train"), try files("validation"), try files("all")) {
        case (let train?, let validation?, nil): return .own(train: train, validation: validation)
        case (nil, nil, let all?): return .cut(all)
        default:
            throw fields.error(
                "splits", "an object with \"train\" and \"validation\", or with \"all\", which the seed cuts")
        }
    }
}

extension Experiment.Target {
    init(_ root: Fields) throws {
        let fields = try root.object("target", known: ["folder", "zip", "manifest", "onBadImage"])
        let paths = try ["folder", "zip"].compactMap { try fields.string($0) }.map(InputOrigin.path)
        let origins = try paths + (fields.string("manifest").map { [.manifest($0)] } ?? [])
        guard origins.count == 1 else {
            throw root.error(
                "target", "an object with one of \"folder\", \"zip\" and \"manifest\": where the pictures are")
        }
        origin = origins[0]
        onBadImage = try fields.choice("onBadImage", Experiment.OnBad.self) ?? .skip
    }
}

extension Experiment.Embedding {
    init(_ root: Fields, dataset: Experiment.Dataset) throws {
        let fields = try root.object("embedding", known: ["kind", "path", "manifest", "member"])
        let kinds = ["glove", "demo-scenes"]
        let kind = try fields.required("kind", "\"glove\" or \"demo-scenes\"", fields.string)
        guard kinds.contains(kind) else { throw fields.choiceError("kind", kind, kinds) }
        origin = try Pipeline.origin(fields, path: "path", example: "file")
        member = try fields.string("member")
        if kind == "glove", origin == nil {
            _ = try fields.required("path", "a GloVe text file (or give \"manifest\")", fields.string)
        }
        if kind == "demo-scenes", dataset.kind.drawing == nil {
            throw fields.error("kind", "\"glove\" unless the dataset's kind is \"demo-scenes\"")
        }
        if kind == "demo-scenes", let key = ["path", "manifest", "member"].first(where: fields.has) {
            throw fields.error(key, "absent when \"kind\" is \"demo-scenes\", whose words the dataset brings")
        }
    }
}

extension Experiment.Training {
    /// Steps at least where no protocol says how long training lasts: with few samples the papers' epochs are a few
    /// steps.
    static let ownSteps = 500

    init(_ root: Fields, _ deviations: Set<Deviation>, _ dataset: DatasetFormat) throws {
        let fields = try root.object(
            "train",
            known: [
                "epochs", "steps", "batchSize", "optimiser", "learningRate", "dropout", "shuffle", "categoryFraction",
            ])
        epochs = try fields.int("epochs", in: 1...100_000) ?? 10
        steps =
            try fields.int("steps", in: 1...10_000_000)
            ?? (root.has("protocol") || fields.has("epochs") ? nil : Self.ownSteps)
        batchSize = try fields.int("batchSize", in: 2...1_000_000) ?? 512
        optimiser =
            try fields.choice("optimiser", Optimiser.self) ?? (deviations.contains(.optimiser) ? .dadaptAdam : .adam)
        learningRate = try fields.double("learningRate", in: 1e-12...100) ?? (optimiser == .adam ? 1e-4 : 1)
        dropout = try fields.double("dropout", in: 0...0.99) ?? 0.1
        shuffle = try fields.bool("shuffle") ?? true
        categoryFraction = try fields.double("categoryFraction", in: 0.001...1) ?? dataset.defaultCategoryFraction
    }
}

extension Experiment.Evaluating {
    static let keys = [
        "filters", "topImages", "ks", "wordsPerImage", "ranking", "methods", "images", "vocabulary", "bootstrap",
        "entities",
        "metrics", "explanations", "sharedImages", "units",
    ]

    init(_ root: Fields, _ catalogue: Catalogue, channels: Int?) throws {
        let fields = try root.object("evaluate", known: Self.keys)
        switch try fields.string("units") ?? "channels" {
        case "channels": units = .channels
        case "probes": units = .probes
        case let path: units = .directions(path)
        }
        // Of others the number is known when they are there.
        let channels = units == .channels ? channels : nil
        if fields.node("filters")?.value ?? "all" == "all" {
            filters = nil
        } else {
            let chosen = try fields.ints("filters") ?? []
            // Of a model file the number is known when the plan is made.
            guard !chosen.isEmpty, chosen.allSatisfy({ (0..<(channels ?? .max)).contains($0) }),
                Set(chosen).count == chosen.count
            else {
                throw fields.error(
                    "filters",
                    "\"all\" or a list of different filters from 0" + (channels.map { " to \($0 - 1)" } ?? ""))
            }
            filters = chosen.sorted()
        }
        topImages = try fields.int("topImages", in: 1...100_000) ?? 25
        ks = try fields.ints("ks") ?? [5, 10, 20]
        guard !ks.isEmpty, ks.allSatisfy({ (1...10_000).contains($0) }), zip(ks, ks.dropFirst()).allSatisfy(<) else {
            throw fields.error("ks", "a rising list of whole numbers from 1")
        }
        wordsPerImage = try fields.int("wordsPerImage", in: 1...10_000) ?? 5
        ranking = try fields.choice("ranking", WordRanking.self) ?? .lift
        methods = try fields.methods("methods", catalogue) ?? ExplanationMethod.paper
        guard !methods.isEmpty, Set(methods).count == methods.count else {
            throw fields.error("methods", "a list of different methods")
        }
        bootstrap = try fields.int("bootstrap", in: 100...1_000_000) ?? 2000
        entities = try fields.string("entities")
        metrics =
            try fields.strings("metrics", among: EvidenceMetric.allCases.map(\.rawValue))?.compactMap(
                EvidenceMetric.init)
            ?? EvidenceMetric.allCases
        guard Set(metrics).count == metrics.count else { throw fields.error("metrics", "a list of different metrics") }
        explanations = try Self.explanations(fields, beside: methods.map(\.name))
        sharedImages = try fields.bool("sharedImages") ?? false
    }

    private static func explanations(_ fields: Fields, beside methods: [String]) throws -> [Experiment.LabelledUnits] {
        var names = Set(methods + Faithfulness.Peer.allCases.map(\.rawValue))
        return try fields.objects("explanations", known: ["name", "csv"]).map { tool in
            let name = try tool.required("name", "the row's name", tool.string)
            let isName =
                !name.isEmpty && name.utf8.count <= 60
                && name.allSatisfy { $0.isLetter || $0.isNumber || "_-.@".contains($0) }
            guard isName, name != ".", name != "..", names.insert(name).inserted else {
                throw tool.error("name", "a name of letters, digits, _ - . and @ that no other row has")
            }
            let csv = try tool.required("csv", "a CSV with the columns unit and description", tool.string)
            return Experiment.LabelledUnits(name: name, csv: csv)
        }
    }
}

extension Fields {
    /// The value of a list that the string under `key` names; the key may not be absent.
    fileprivate func one<T>(_ key: String, of values: [T], named name: (T) -> String) throws -> T {
        let names = values.map(name)
        let text = try required(key, "one of \(names.joined(separator: ", "))", string)
        guard let index = names.firstIndex(of: text) else { throw choiceError(key, text, names) }
        return values[index]
    }

    fileprivate func methods(_ key: String, _ catalogue: Catalogue) throws -> [ExplanationMethod]? {
        try strings(key, among: catalogue.methods.map(\.name))?.compactMap { name in
            catalogue.methods.first { $0.name == name }
        }
    }
}

extension PublishedClaim {
    static func read(_ root: Fields, _ catalogue: Catalogue) throws -> [PublishedClaim] {
        try root.objects(
            "claims", known: ["source", "row", "method", "k", "concepts", "published", "margin", "order", "differs"]
        ).map { fields in
            let source = try fields.required("source", "where it was published, e.g. \"A, Table 2\"", fields.string)
            let row = try fields.string("row"), differs = try fields.string("differs")
            if let methods = try fields.methods("order", catalogue) {
                guard methods.count > 1, Set(methods).count == methods.count else {
                    throw fields.error("order", "a list of at least two different methods")
                }
                if let key = ["method", "k", "concepts", "published", "margin"].first(where: fields.has) {
                    throw fields.error(key, "absent where \"order\" is given: a claim is a recall or an order")
                }
                return PublishedClaim(
                    statement: .order(methods: methods.map(\.name)), source: source, row: row, differs: differs)
            }
            let method = try fields.required("method", "a method's name (or give \"order\")", fields.string)
            let names = catalogue.methods.map(\.name) + [RecallLine.mostFrequent, RecallLine.random]
            guard names.contains(method) else { throw fields.choiceError("method", method, names) }
            return PublishedClaim(
                statement: .recall(
                    method: method,
                    k: try fields.required("k", "a whole number") { try fields.int($0, in: 1...10_000) },
                    unseen: try fields.choice("concepts", ClaimedConcepts.self) == .unseen,
                    published: try fields.required("published", "a recall from 0 to 1") {
                        try fields.double($0, in: 0...1)
                    },
                    margin: try fields.double("margin", in: 0...1) ?? 0.05),
                source: source, row: row, differs: differs)
        }
    }

    enum ClaimedConcepts: String, CaseIterable { case all, unseen }
}
