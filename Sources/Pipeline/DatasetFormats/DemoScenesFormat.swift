import Datasets

extension DatasetFormat {
    /// The demo's scenes: drawn from the seed in COCO's layout, with word vectors beside them.
    public static let demoScenes = DatasetFormat(
        "demo-scenes",
        drawing: { experiment in
            DrawnDataset(
                stage: ScenesStage(seed: experiment.seed, count: experiment.dataset.scenes), folder: "scenes",
                vectors: "glove.txt")
        },
        parts: COCOParts.parts,
        expected: { experiment, _ in
            let scenes = experiment.dataset.scenes
            return ExpectedDataset(
                train: scenes - scenes / 4, validation: scenes / 4, samplesPerImage: 3, concepts: 40)
        })
}
