import Datasets
import Engine

/// The parts of a dataset as it lies in a folder of the user's, and the inputs of the preprocess stage that they are.
struct DatasetParts {
    let layout: DatasetLayout
    let inputs: [Input]

    private static let coco = [(Split.train, "train2017"), (Split.validation, "val2017")]

    /// The parts inside one input that holds the whole dataset: a download, or the demo's scenes.
    init(inside input: String, from source: Source, of dataset: Experiment.Dataset) {
        typealias Part = DatasetLayout.Part
        inputs = [Input(input, source)]
        func part(_ files: Experiment.SplitFiles) -> (annotations: Part, images: Part) {
            (Part(input, files.annotations), Part(input, files.images))
        }
        if dataset.kind == .visualGenome {
            layout = .visualGenome(objects: Part(input, "objects.json"), images: ["VG_100K", "VG_100K_2"].map { Part(input, $0) })
            return
        }
        switch dataset.splits {
        case .official:
            layout = .coco(split: Self.coco.map {
                ($0.0, annotations: Part(input, "annotations/instances_\($0.1).json"), images: Part(input, $0.1))
            })
        case .own(let train, let validation):
            let (train, validation) = (part(train), part(validation))
            layout = .coco(split: [(.train, train.annotations, train.images), (.validation, validation.annotations, validation.images)])
        case .cut(let files): layout = .coco(split: [(nil, part(files).annotations, part(files).images)])
        }
    }

    /// The parts in a local folder, as files or as the official archives. Every part is an input of its own: other files in the
    /// folder change nothing.
    init(in base: String, of dataset: Experiment.Dataset, places: Places) {
        var inputs: [Input] = []
        func add(_ name: String, _ path: String, member: String? = nil) -> DatasetLayout.Part {
            inputs.append(Input(name, .file(path)))
            return DatasetLayout.Part(name, member: member)
        }
        /// The first of the places that is there: a path below the folder, and for an archive the member. Where none is, the first
        /// one is missing.
        func find(_ candidates: [(path: String, member: String?)]) -> DatasetLayout.Part {
            let found = candidates.first { places.exists(base + "/" + $0.path) } ?? candidates[0]
            return add(found.path, base + "/" + found.path, member: found.member)
        }
        func own(_ name: String, _ files: Experiment.SplitFiles) -> (annotations: DatasetLayout.Part, images: DatasetLayout.Part) {
            func path(_ text: String) -> String { text.hasPrefix("/") ? text : base + "/" + text }
            return (add(name + "/annotations", path(files.annotations)), add(name + "/images", path(files.images)))
        }
        switch (dataset.kind, dataset.splits) {
        case (.visualGenome, _):
            let objects = find([("objects.json", nil), ("objects.json.zip", "objects.json")])
            let halves = [("VG_100K", "images.zip"), ("VG_100K_2", "images2.zip")]
            let there = halves.compactMap { half in [half.0, half.1].first { places.exists(base + "/" + $0) } }
            layout = .visualGenome(objects: objects, images: (there.isEmpty ? ["VG_100K"] : there).map { add($0, base + "/" + $0) })
        case (_, .official):
            layout = .coco(split: Self.coco.map { split, set in
                let file = "annotations/instances_\(set).json", archive = "annotations_trainval2017.zip"
                return (split, annotations: find([(file, nil), ("annotations/" + archive, file), (archive, file)]),
                        images: find([(set, nil), (set + ".zip", nil)]))
            })
        case (_, .own(let train, let validation)):
            let (train, validation) = (own("train", train), own("validation", validation))
            layout = .coco(split: [(.train, train.annotations, train.images), (.validation, validation.annotations, validation.images)])
        case (_, .cut(let files)):
            let all = own("all", files)
            layout = .coco(split: [(nil, all.annotations, all.images)])
        }
        self.inputs = inputs.reduce(into: []) { kept, input in if !kept.contains(where: { $0.name == input.name }) { kept.append(input) } }
    }
}
