import Glibc
import HDF5
import Tensors

extension Trainer {
    /// Writes everything that the next epoch depends on: a file either old or new, never half of one.
    /// - Throws: `HDF5Error` or `TrainingError.unusable` where the disk fails.
    public func save(to path: String) throws {
        let new = path + ".new"
        let file = try HDF5File.create(new)
        try current.write(to: file, at: "/current")
        try best.write(to: file, at: "/best")
        try TrainingHistory(epochs: history, hitKs: options.hitKs).write(to: file)
        try file.setAttribute("training", on: "/", identity)
        switch optimiser {
        case .adam(let adam):
            try file.write("/optimiser/mean", adam.mean)
            try file.write("/optimiser/square", adam.square)
            try file.write("/optimiser/scalars", [adam.learningRate, Double(adam.steps)])
        case .dadaptAdam(let adam):
            try file.write("/optimiser/mean", adam.mean)
            try file.write("/optimiser/square", adam.square)
            try file.write("/optimiser/sum", adam.sum)
            try file.write("/optimiser/scalars", [adam.distance, adam.numerator])
        }
        try file.write("/plateau", [plateau.best, Double(plateau.badEpochs)])
        try file.close()
        let descriptor = Glibc.open(new, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        guard descriptor >= 0, fsync(descriptor) == 0, rename(new, path) == 0 else {
            throw TrainingError.unusable("cannot save the training as '\(path)': \(String(cString: strerror(errno)))")
        }
    }

    /// The trainer as it was saved, to go on with the same options and concepts.
    /// - Throws: `TrainingError.otherTraining` where the file is of another training, `HDF5Error` where it is damaged.
    public static func load(from path: String, options: TrainingOptions, concepts: Tensor) throws -> Trainer {
        let file = try HDF5File.open(path)
        var trainer = try Trainer(options: options, concepts: concepts, initial: Explainer(from: file, at: "/current"))
        trainer.best = try Explainer(from: file, at: "/best")
        let found = try file.stringAttribute("training", on: "/")
        guard found == trainer.identity else {
            throw TrainingError.otherTraining(
                path: path, "it was saved by a training with \(found), not \(trainer.identity)")
        }
        trainer.history = try TrainingHistory(from: file).epochs
        func read<T: HDF5Scalar>(_ name: String, count: Int) throws -> [T] {
            let values = try file.read(name, as: T.self)
            guard values.count == count else {
                throw TrainingError.otherTraining(path: path, "\(name) has \(values.count) numbers, expected \(count)")
            }
            return values
        }
        let count = trainer.current.layout.parameterCount
        let scalars: [Double] = try read("/optimiser/scalars", count: 2)
        switch options.optimiser {
        case .adam:
            var adam = Adam(count: 0, learningRate: scalars[0])
            adam.steps = Int(exactly: scalars[1]) ?? 0
            adam.mean = try read("/optimiser/mean", count: count)
            adam.square = try read("/optimiser/square", count: count)
            trainer.optimiser = .adam(adam)
        case .dadaptAdam:
            var adam = DAdaptAdam(count: 0)
            (adam.distance, adam.numerator) = (scalars[0], scalars[1])
            adam.mean = try read("/optimiser/mean", count: count)
            adam.square = try read("/optimiser/square", count: count)
            adam.sum = try read("/optimiser/sum", count: count)
            trainer.optimiser = .dadaptAdam(adam)
        }
        let plateau: [Double] = try read("/plateau", count: 2)
        trainer.plateau.best = plateau[0]
        trainer.plateau.badEpochs = Int(exactly: plateau[1]) ?? 0
        return trainer
    }

    /// What must be the same for a saved state to be of use.
    private var identity: String {
        "optimiser \(options.optimiser.rawValue), seed \(options.seed), batch \(options.batchSize), \(loss.concepts) concepts, "
            + "features \(current.inputs)"
    }
}
