import Datasets
import Engine
import Foundation
import Imaging
import LaViSE
import Reporting

/// What was written.
public struct WrittenReport: Sendable {
    /// Path of `report.html`.
    public let page: String
    /// Bytes of the page and of the pictures beside it.
    public let bytes: Int
    /// The folder of the pictures; nil where they are in the page.
    public let pictures: String?
}

/// Writes `report.html` of an experiment whose stages are all fresh.
public struct ReportPage {
    let experiment: ExperimentPlan
    let project: Project
    let jobs: [JobStatus]
    let threads: Int
    /// The variant whose filters and training are shown.
    let variant: Int

    /// Above this many bytes pictures lie in a folder beside the page.
    static let mostBytesOfOneFile = 20_000_000
    /// Pixels a side of a thumbnail.
    private static let side = 128
    /// Filters drawn at once: 25 thumbnails each take 80 MB.
    private static let block = 64

    /// - Parameter row: the matrix row whose filters are shown, by its labels; nil for the first.
    /// - Throws: `ExperimentError` for an unknown row.
    public init(_ experiment: ExperimentPlan, project: Project, jobs: [JobStatus], row: String?, threads: Int) throws {
        self.experiment = experiment
        self.project = project
        self.jobs = jobs
        self.threads = threads
        variant = try experiment.file.variant(row: row)
    }

    /// Writes the page, and its pictures where they do not fit into it; all of it is there at once, when it is whole.
    /// - Parameters:
    ///   - place: the folder.
    ///   - arguments: what follows `lavise-pipeline report`, for the lines that tell how to make the page again.
    ///   - singleFile: pictures go into the page whatever their size.
    /// - Throws: `ExperimentError` when a stage is not fresh; `ResultsError`.
    public func write(
        to place: ResultsPlace, arguments: [String], singleFile: Bool, progress: (Int, Int) -> Void
    ) throws -> WrittenReport {
        let results = try experiment.results(jobs)
        let name = "report-images", page = "report.html"
        return try place.unit().publish([name, page]) { folder in
            let files = FileManager.default, pictures = "\(folder)/\(name)"
            try files.createDirectory(atPath: pictures, withIntermediateDirectories: true)
            let sheets = try drawSheets(results[variant], into: pictures, progress)
            let pictureBytes = sheets.reduce(0) { $0 + ($1?.bytes ?? 0) }
            var report = try report(results, arguments, sheets: sheets.map { $0?.sheet("#") })
            let isOneFile = singleFile || pictureBytes / 3 * 4 + report.opening.utf8.count <= Self.mostBytesOfOneFile
            if !isOneFile {
                for index in sheets.indices {
                    report.filters?.filters[index].pictures = sheets[index]?.sheet(name + "/")
                }
            }
            let bytes = try write(
                report, to: "\(folder)/\(page)", embedding: isOneFile ? sheets.compactMap { $0 } : [], from: pictures)
            if isOneFile { try files.removeItem(atPath: pictures) }
            return WrittenReport(
                page: "\(place.folder)/\(page)", bytes: bytes + (isOneFile ? 0 : pictureBytes),
                pictures: isOneFile ? nil : "\(place.folder)/\(name)")
        }
    }

    /// The page piece by piece: with all pictures of a large layer it has hundreds of megabytes.
    private func write(_ report: Report, to page: String, embedding sheets: [Sheet], from folder: String) throws -> Int {
        try Data(report.opening.utf8).write(to: URL(fileURLWithPath: page))
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: page))
        try handle.seekToEnd()
        for sheet in sheets {
            let picture = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(sheet.name)"))
            try handle.write(contentsOf: Data(Report.embedded(sheet.name, base64: picture.base64EncodedString()).utf8))
        }
        try handle.write(contentsOf: Data(Report.closing.utf8))
        let bytes = try handle.offset()
        try handle.close()
        return Int(bytes)
    }

    /// A filter's thumbnails in one JPEG.
    private struct Sheet {
        let name: String, pictures: Int, bytes: Int
        static let columns = 5

        func sheet(_ base: String) -> PictureSheet { PictureSheet(source: base + name, columns: Self.columns, count: pictures, side: ReportPage.side) }
    }

    /// Draws every filter's sheet; nil for a filter without images.
    private func drawSheets(_ results: VariantResults, into folder: String, _ progress: (Int, Int) -> Void) throws -> [Sheet?] {
        let features = try experiment.path(of: FeaturesStage.featuresName, experiment.variants[variant].features, jobs)
        let pictures = try ReportPictures(results, features: features), filters = results.evaluation.summary.filters
        var sheets: [Sheet?] = []
        for start in stride(from: 0, to: filters.count, by: Self.block) {
            let block = start..<min(start + Self.block, filters.count)
            for (filter, images) in zip(filters[block], try pictures.heatMaps(block, side: Self.side, threads: threads)) {
                guard !images.isEmpty else {
                    sheets.append(nil)
                    continue
                }
                // Sides are whole JPEG blocks: without a gap no picture bleeds into the next.
                let jpeg = try encodeJPEG(.grid(images, columns: Sheet.columns, gap: 0), quality: 80), name = "filter-\(filter).jpg"
                try Data(jpeg).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
                sheets.append(Sheet(name: name, pictures: images.count, bytes: jpeg.count))
            }
            progress(block.upperBound, filters.count)
        }
        return sheets
    }

    private func report(_ results: [VariantResults], _ arguments: [String], sheets: [PictureSheet?]) throws -> Report {
        let file = experiment.file, shown = results[variant], method = shown.headlineMethod
        let tables = ResultTables(file, results)
        var more: [(title: String, table: TextTable)] = []
        if let deviations = try tables.deviations() { more.append(("What each deviation changes", deviations.textTable)) }
        if let seeds = try tables.seeds() { more.append(("Mean ± standard deviation over seeds", seeds.textTable)) }
        let filters = shown.evaluation.summary.filters.indices.map { index in
            ReportFilter(row: shown.filterRow(index, method), pictures: sheets[index], images: shown.images(index, method, words: 5))
        }
        return Report(
            title: file.title, experiment: file.name, facts: facts(shown), tables: try tables.recalls(), moreTables: more,
            claims: try experiment.checkClaims(results), training: shown.trainingTable,
            filters: ReportFilters(method: method.name, row: file.label(variant), ks: shown.evaluation.ks, filters: filters),
            stages: try stages(), provenance: try provenance(), reproduce: reproduce(arguments))
    }

    private func facts(_ results: VariantResults) -> [Report.Fact] {
        let own = results.experiment, dataset = results.dataset
        let training = "\(own.train.epochs) epochs, batches of \(own.train.batchSize), \(own.train.optimiser.rawValue), dropout \(own.train.dropout)"
        let evaluation = "\(results.evaluation.summary.filters.count) filters, \(results.evaluation.summary.imagesPerFilter) images a filter, "
            + own.evaluate.methods.map(\.name).joined(separator: ", ")
        var facts = [
            Report.Fact("dataset", "\(own.dataset.kind.name): \(dataset.imageCount) images, \(dataset.sampleCount) samples, \(dataset.concepts.count) concepts"),
            Report.Fact("model", "\(own.backbone.architecture.name) \(own.backbone.layer)" + (own.backbone.weights == nil ? ", untrained" : "")),
            Report.Fact("explainer", training), Report.Fact("evaluation", evaluation),
            Report.Fact("protocol", ([own.protocolName.rawValue] + own.deviations.sorted().map(\.name)).joined(separator: ", ")),
            Report.Fact("seed", String(own.seed)),
        ]
        if !experiment.file.matrixKeys.isEmpty {
            facts.append(Report.Fact("matrix", "\(experiment.file.variants.count) rows over \(experiment.file.matrixKeys.joined(separator: ", "))"))
        }
        return facts
    }

    private func stages() throws -> [ReportStage] {
        let runner = project.runner()
        return try jobs.map { status in
            let reasons = try runner.why(experiment.plan, job: status.job).steps.first?.reasons ?? []
            return ReportStage(
                name: status.job, state: status.state.rawValue, reason: reasons.map { "\($0)" }.joined(separator: "; "), seconds: status.seconds,
                fingerprint: status.fingerprint?.short ?? "", inputs: experiment.plan.dependencies(of: status.job).map(\.id))
        }
    }

    /// Where every number comes from: inputs from outside and artifacts, each by its digest.
    private func provenance() throws -> [Report.Fact] {
        let record = try ProvenanceRecord(experiment, jobs, project)
        let versions = PipelineVersion.libraries.sorted { $0.key < $1.key }.map { Report.Fact($0.key, $0.value) }
        let revision = Git(project.places.project).head.map { [Report.Fact("git revision", $0)] } ?? []
        let inputs = record.inputs.map { Report.Fact($0.name, "sha256 \($0.digest.hex), \($0.bytes) bytes") }
        let artifacts = record.steps.flatMap { step in step.outputs.map { Report.Fact("\(step.job)/\($0.name)", "sha256 \($0.digest.hex), \($0.bytes) bytes") } }
        return versions + revision + inputs + artifacts
    }

    private func reproduce(_ arguments: [String]) -> [String] {
        let words = arguments.map { $0.allSatisfy { $0.isLetter || $0.isNumber || "_-./=,".contains($0) } ? $0 : "'\($0.replacingOccurrences(of: "'", with: "'\\''"))'" }
        let checkout = Git(project.places.project).head.map { ["git checkout \($0)"] } ?? []
        return checkout + ["make build", "export PATH=\"$PWD/.build/release:$PATH\""] + ["run", "report"].map { "lavise-pipeline \($0) \(words.joined(separator: " "))" }
    }
}

extension ExperimentFile {
    /// The variant of a matrix row; the first where `row` is nil.
    /// - Throws: `ExperimentError` naming the rows there are.
    func variant(row: String?) throws -> Int {
        guard let row else { return 0 }
        guard let index = variants.indices.first(where: { label($0) == row }) else {
            let rows = variants.indices.compactMap(label).map { "\"\($0)\"" }
            throw ExperimentError("--row \(row): " + (rows.isEmpty ? "\(name) has no matrix; leave --row out" : "rows of \(name) are \(rows.joined(separator: ", "))"))
        }
        return index
    }
}
