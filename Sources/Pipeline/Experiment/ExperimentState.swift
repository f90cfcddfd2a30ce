import Engine

/// An experiment and how each of its jobs stands: what a run left, or what a look found.
public struct ExperimentState: Sendable {
    /// With all its jobs.
    public let experiment: ExperimentPlan
    /// In the plan's order.
    public let jobs: [JobStatus]

    /// - Parameter jobs: in the plan's order.
    public init(_ experiment: ExperimentPlan, _ jobs: [JobStatus]) {
        self.experiment = experiment
        self.jobs = jobs
    }

    /// The experiment as its file has it.
    public var file: ExperimentFile { experiment.file }

    /// Whether nothing is to be done.
    public var isFresh: Bool { jobs.allSatisfy { $0.state == .fresh } }

    /// How a job of the plan stands.
    func status(of job: String) -> JobStatus? { jobs.first { $0.job == job } }

    /// The folder of tables; nil where they are not up to date.
    public var tables: OutputRecord? {
        status(of: experiment.tables).flatMap { $0.state == .fresh ? $0.outputs.first : nil }
    }

    /// The path in the store of what a job made.
    /// - Throws: `ExperimentError` when the job is not fresh, or its outputs lie elsewhere.
    func path<File>(of product: Product<File>) throws -> String { try path(of: product.name, product.job) }

    /// The path of what comes into a job by a port.
    /// - Throws: `ExperimentError` when nothing does, or what does is not there.
    func path<File>(of port: Port<File>, into job: String) throws -> String {
        switch experiment.plan.job(job)?.inputs.first(where: { $0.name == port.name })?.source {
        case .file(let path)?: return path
        case .output(let source, let output)?: return try path(of: output, source)
        case nil: throw ExperimentError("\(job) has no input \(port.name); run the experiment again")
        }
    }

    /// The paths of all that comes into a job and is there.
    func inputs(of job: String) -> [String] {
        (experiment.plan.job(job)?.inputs ?? []).compactMap { input in
            switch input.source {
            case .file(let path): path
            case .output(let source, let output): try? path(of: output, source)
            }
        }
    }

    private func path(of output: String, _ job: String) throws -> String {
        guard let status = status(of: job), status.state == .fresh,
            let record = status.outputs.first(where: { $0.name == output })
        else {
            throw ExperimentError(
                "\(file.name): \(job) is not up to date; type: lavise-pipeline run \(file.name) (with the same --set and --seeds)"
            )
        }
        guard record.isHere else {
            throw ExperimentError(
                "\(file.name): \(output) of \(job) lies in a remote store only; type: lavise-pipeline pull \(file.name) --only \(job) (with the same --set and --seeds)"
            )
        }
        return record.path
    }
}

extension Project {
    /// How an experiment stands; looks, and changes nothing.
    /// - Parameter survey: what was seen for other experiments of the same answer.
    /// - Throws: `EngineError`.
    public func state(
        of experiment: ExperimentPlan, _ options: RunOptions = RunOptions(),
        observer: any RunObserver = SilentObserver(), in survey: Survey = Survey()
    ) throws -> ExperimentState {
        ExperimentState(experiment, try runner(options, observer: observer).status(of: experiment.plan, in: survey))
    }
}
