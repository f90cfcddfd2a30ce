/// Why training cannot start or go on.
public enum TrainingError: Error, CustomStringConvertible, Sendable, Equatable {
    /// The loss is no number any more. Epoch and step count from 1; step 0 is the validation after the epoch.
    case diverged(epoch: Int, step: Int, loss: String)
    case unusable(String)
    /// A saved state that is not of this training.
    case otherTraining(path: String, String)

    /// What happened, where, and what to change.
    public var description: String {
        switch self {
        case .diverged(let epoch, let step, let loss):
            let place = step == 0 ? "the validation" : "step \(step)"
            return
                "training diverged: the loss is \(loss) in epoch \(epoch), \(place); lower train.learningRate or look for "
                + "numbers that are not finite in the features"
        case .unusable(let reason): return "cannot train: \(reason)"
        case .otherTraining(let path, let reason):
            return "cannot resume from '\(path)': \(reason); delete it to train from the start"
        }
    }
}
