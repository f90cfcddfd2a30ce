import Datasets
import Engine
import Fingerprints
import Foundation
import HDF5
import Imaging
import Tensors

/// Images and annotations → `dataset.h5` (see `DatasetFile`): crops, samples with masks, concepts and their draw.
struct PreprocessStage: Stage {
    /// Images decoded at a time, while those before them are written: it bounds memory, and no byte depends on it.
    static let blockSize = 64

    let name = "preprocess"
    let revision = 5
    let outputs = [DatasetFile.name]
    let parameters: Parameters

    struct Parameters: Sendable {
        let format: DatasetFormat
        let layout: DatasetLayout
        let onBadImage: Experiment.OnBad
        /// Training crops an image.
        let views: Int
        let rules: DatasetRules
        let seed: UInt64
    }

    var crop: CropRule { parameters.rules.crop }

    func numericsKey() -> Digest? { nil }

    func run(_ context: StageContext) throws {
        let words = try WordList(contentsOf: context.path(.words))
        let (dataset, images) = try parameters.layout.open(
            context, DatasetReading(hasVector: { words.row(of: $0) != nil }, rules: parameters.rules))
        if let note = UnmatchedNames.note(dataset.unmatched, most: 5) { context.note(note) }
        if let note = UnmatchedNames.partNote(dataset.partlyMatched, most: 5) { context.note(note) }
        guard !dataset.images.isEmpty, !dataset.concepts.isEmpty else {
            throw ExperimentError(
                "the dataset is empty: no image has an annotation whose concept has a word vector; check dataset.root and the embedding"
            )
        }
        for split in [Split.train, .validation] where !dataset.images.contains(where: { $0.split == split }) {
            throw ExperimentError(
                "the \(split == .train ? "training" : "validation") split has no annotated image; both splits need some"
            )
        }
        let rows = plannedRows(dataset)
        try requireSpace(
            rows.count * crop.side * crop.side * 3, for: "the pixels of \(rows.count) images",
            in: context.output)
        let writer = try DatasetWriter(path: context.output + "/" + DatasetFile.name, side: crop.side)
        let team = ThreadTeam(threads: context.threads)
        var ready: [(row: Row, image: Result<PreparedImage, any Error>)] = []
        for start in stride(from: 0, to: rows.count, by: Self.blockSize) {
            let block = Array(rows[start..<min(start + Self.blockSize, rows.count)]), before = ready
            let prepared = SharedResults<Result<PreparedImage, any Error>>(count: block.count)
            // One thread writes the block before, while the others prepare the next one.
            try team.run(block.count + 1) { i in
                try context.checkCancelled()
                if i == 0 {
                    for (row, image) in before { try add(image, row, dataset, to: writer) }
                } else {
                    prepared[i - 1] = Result { try prepare(block[i - 1], dataset, images) }
                }
            }
            ready = Array(zip(block, prepared.values))
            context.progress(start + block.count, of: rows.count, "images")
        }
        for (row, image) in ready { try add(image, row, dataset, to: writer) }
        context.worked(Double(rows.count))
        let notes = writer.notes(dataset.notes)
        guard writer.sampleCount > 0 else {
            throw ExperimentError(
                "no image has a sample; check the annotations" + (notes.unusableText.map { " (\($0))" } ?? ""))
        }
        notes.unusableText.map(context.note)
        for split in [Split.train, .validation] where !writer.hasSamples(in: split) {
            let why = [notes.unusableText, UnmatchedNames.note(dataset.unmatched, most: 3)].compactMap { $0 }
            throw ExperimentError(
                "the \(split == .train ? "training" : "validation") split has no instance; both splits need some"
                    + why.map { "; \($0)" }.joined())
        }
        if let first = writer.turned.first {
            context.note(
                "\(writer.turned.count) images say that they are to be turned (EXIF orientation), the first \(first): taken as their "
                    + "pixels lie, which is how masks are drawn; if yours were drawn on turned images, turn the files first"
            )
        }
        let draw = conceptDraw(count: dataset.concepts.count, seed: parameters.seed)
        try writer.finish(
            concepts: dataset.concepts, draw: draw, notes: notes, unmatched: dataset.unmatched,
            partlyMatched: dataset.partlyMatched)
    }

    private struct Row: Sendable { let image: Int; let view: Int }

    /// Every image once, those with training samples `views` times more.
    private func plannedRows(_ dataset: any ReferenceDataset) -> [Row] {
        dataset.images.indices.flatMap { image in
            let isTrained = (dataset.sampleSplits(ofImage: image) ?? [dataset.images[image].split]).contains(.train)
            return (0...(isTrained ? parameters.views : 0)).map { Row(image: image, view: $0) }
        }
    }

    private func prepare(_ row: Row, _ dataset: any ReferenceDataset, _ images: ImageFiles) throws -> PreparedImage {
        let (image, orientation) = try images.image(dataset.images[row.image].file)
        let view =
            row.view == 0
            ? nil
            : CropView(
                seed: parameters.seed, imageID: dataset.images[row.image].id, view: row.view, width: image.width,
                height: image.height, rule: crop)
        let annotations = try dataset.annotations(
            ofImage: row.image, width: image.width, height: image.height, view: view)
        return PreparedImage(
            pixels: (view.map(image.crop) ?? image.centreCrop(crop)).pixels, annotations: annotations,
            splits: dataset.sampleSplits(ofImage: row.image), isTurned: orientation != .upright)
    }

    private func add(
        _ result: Result<PreparedImage, any Error>, _ row: Row, _ dataset: any ReferenceDataset,
        to writer: DatasetWriter
    ) throws {
        let image = dataset.images[row.image]
        do {
            try writer.append(result.get(), of: image, view: row.view)
        } catch let error as ImagingError {
            guard parameters.onBadImage == .skip else {
                throw ExperimentError("\(error); to leave such images out: --set dataset.onBadImage=skip")
            }
            // The folder is where the dataset happens to lie: it must not get into the bytes.
            if row.view == 0 { writer.skip(image.file, error.reason) }
        }
    }
}

extension PreprocessStage.Parameters: Encodable {
    private enum Key: String, CodingKey { case kind, layout, onBadImage, views, rules, seed, words, crop, names }

    func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: Key.self)
        try members.encode(format.name, forKey: .kind)
        try members.encode(layout.parameters, forKey: .layout)
        try members.encode(onBadImage, forKey: .onBadImage)
        try members.encode(views, forKey: .views)
        try members.encode(rules, forKey: .rules)
        try members.encode(seed, forKey: .seed)
        // Absent where they are the default, so that what was computed before they could be said is still known.
        if rules.words != format.defaultWords { try members.encode(rules.words, forKey: .words) }
        if rules.crop != .standard { try members.encode(rules.crop, forKey: .crop) }
        if rules.names != .split { try members.encode(rules.names, forKey: .names) }
    }
}
