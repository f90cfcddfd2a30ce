import Datasets
import Engine
import Fingerprints
import Foundation
import Imaging
import Tensors

/// Pictures that nobody annotated → `dataset.h5` with their crops and names, and no samples (METHOD 13).
struct TargetStage: Stage {
    /// Pictures decoded at a time.
    private static let blockSize = 64

    let name = "target"
    let revision = 1
    let outputs = [DatasetFile.name]
    let parameters: Parameters

    struct Parameters: Encodable, Sendable {
        let onBadImage: Experiment.OnBad
        /// Whether archives in a folder are looked into.
        let opensArchives: Bool
        /// nil: the standard one.
        let crop: CropRule?
    }

    init(onBadImage: Experiment.OnBad, opensArchives: Bool, crop: CropRule) {
        parameters = Parameters(
            onBadImage: onBadImage, opensArchives: opensArchives, crop: crop == .standard ? nil : crop)
    }

    private var crop: CropRule { parameters.crop ?? .standard }

    func numericsKey() -> Digest? { nil }

    func run(_ context: StageContext) throws {
        let path = try context.path(.pictures)
        let files = try PictureFiles(path, opensArchives: parameters.opensArchives)
        guard !files.names.isEmpty else {
            throw ExperimentError(
                "the target \(path) has no picture among its \(files.others) files; "
                    + "JPEG, PNG, GIF, WebP and BMP are read, at any depth")
        }
        try requireSpace(
            files.names.count * crop.side * crop.side * 3, for: "the pixels of \(files.names.count) pictures",
            in: context.output)
        let writer = try DatasetWriter(path: context.output + "/" + DatasetFile.name, side: crop.side, keepsNames: true)
        for start in stride(from: 0, to: files.names.count, by: Self.blockSize) {
            let block = Array(files.names[start..<min(start + Self.blockSize, files.names.count)])
            let crops = SharedResults<Result<[UInt8], any Error>>(count: block.count)
            try concurrently(block.count, growing: { context.threads }) { i in
                try context.checkCancelled()
                crops[i] = Result { try files.picture(block[i]).centreCrop(crop).pixels }
            }
            for (offset, crop) in crops.values.enumerated() {
                try add(
                    crop, ReferenceImage(id: Int64(start + offset), split: .validation, file: block[offset]), to: writer
                )
            }
            context.progress(start + block.count, of: files.names.count, "pictures")
        }
        context.worked(Double(files.names.count))
        try finish(writer, files, context)
    }

    private func add(_ crop: Result<[UInt8], any Error>, _ picture: ReferenceImage, to writer: DatasetWriter) throws {
        do {
            let image = PreparedImage(
                pixels: try crop.get(), annotations: ImageAnnotations(samples: []), splits: nil, isTurned: false)
            try writer.append(image, of: picture, view: 0)
        } catch let error as ImagingError {
            guard parameters.onBadImage == .skip else {
                throw ExperimentError("\(error); to leave such pictures out: --set target.onBadImage=skip")
            }
            writer.skip(picture.file, error.reason)
        }
    }

    private func finish(_ writer: DatasetWriter, _ files: PictureFiles, _ context: StageContext) throws {
        let skipped = writer.skipped
        if let first = skipped.first {
            context.note(
                "\(skipped.count) of \(files.names.count) pictures could not be read, the first \(first.file): \(first.reason)"
            )
        }
        guard skipped.count < files.names.count else {
            throw ExperimentError("none of the target's \(files.names.count) pictures could be read")
        }
        if files.others > 0 { context.note("\(files.others) files of the target are no pictures by their names") }
        try writer.finish(concepts: [], draw: [], notes: AnnotationNotes(), unmatched: [])
    }
}
