import Engine
import Pipeline
import Transfer

/// What to type after an error; nil where its text says so already.
func nextStep(after error: any Error) -> String? {
    let dataFolder =
        "name the data folder with --data DIR or LAVISE_DATA; `lavise-pipeline doctor` shows where it is looked for"
    if let error = error as? NotReady { return error.isInputMissing ? dataFolder : nil }
    guard let error = error as? EngineError else { return nil }
    switch error {
    case .stageFailed(_, _, let cause):
        return cause is TransferError || cause is SlurmError || cause is ClusterFault
            ? nil : "mend that and run again: finished stages are kept"
    case .inputMissing: return dataFolder
    case .nondeterministic(let job, _, _, _, _):
        return "`lavise-pipeline verify EXPERIMENT \(job)` shows where they differ"
    case .storage: return "`lavise-pipeline doctor` shows the store and its disk; --store DIR names another"
    case .unknownSelection, .unknownJob: return "`lavise-pipeline status EXPERIMENT` shows them"
    case .notAStore:
        return "--store DIR, or LAVISE_STORE, names the store; without them it is .lavise in the project folder"
    case .inputsUnseen:
        return "name the data folder with --data DIR or LAVISE_DATA, or go on without them: gc --missing-inputs"
    case .projectGone(let path): return "mount its disk, or, if it is gone for good, gc --forget \(path)"
    case .remoteOff: return "`lavise-pipeline doctor` says how it stands"
    case .lockTimeout: return "--lock-timeout SECONDS sets it"
    case .newerFormat, .inputChangedDuringRun, .unknownInput, .notSelected, .cancelled, .notBuilt, .notAnOrder,
        .orderMismatch:
        return nil
    }
}
