import Fingerprints

/// Moves what a job left into the store and writes its trace. The job's lock is held.
struct Publication: Sendable {
    let store: Store
    let options: RunOptions

    /// Gives the outputs their final names, pinned before they appear.
    func adopt(_ result: Executor.Result, _ pins: Pins, _ fingerprint: Digest, threads: Int) throws {
        try pins.hold { ((), [fingerprint] + result.outputs.map(\.artifact.digest)) }
        try store.adopt(result.outputs, threads: threads, faults: options.faults)
    }

    /// Writes the trace, a new outcome beside earlier ones that differ.
    func record(_ job: Job, _ ingredients: Ingredients, _ result: Executor.Result) throws -> Trace {
        let outputs = result.outputs.map(\.artifact)
        var trace =
            try store.trace(ingredients.fingerprint)
            ?? Trace(job: job.id, fields: ingredients.fields, inputs: ingredients.inputs, outcomes: [])
        if let known = trace.outcomes.firstIndex(where: { $0.outputs == outputs }) {
            let executions = trace.outcomes[known].executions + 1
            // An attempt that found all its work done tells nothing of what it costs.
            if trace.outcomes[known].work == 0, result.work != 0 { trace.outcomes[known] = outcome(outputs, result) }
            trace.outcomes[known].executions = executions
        } else {
            trace.outcomes.append(outcome(outputs, result))
        }
        try store.write(trace, faults: options.faults)
        return trace
    }

    private func outcome(_ outputs: [Artifact], _ result: Executor.Result) -> Outcome {
        Outcome(
            outputs: outputs, seconds: result.seconds, work: result.work, threads: result.threads,
            peakMemory: result.peakMemory, host: store.host.name,
            versions: options.versions, finished: Double(store.time.now()) / 1e9, executions: 1, cost: result.cost)
    }

    /// nil when both outcomes are the same.
    /// - Parameter second: each with where it lies, before it is adopted.
    func difference(_ job: Job, _ first: [Artifact], _ second: [(artifact: Artifact, path: String)]) -> EngineError? {
        for (old, (new, path)) in zip(first, second) where old != new {
            // A comparer that fails must not hide the difference.
            let text = try? options.compare?(store.path(of: old.digest), path)
            return .nondeterministic(
                job: job.id, output: old.name, first: old.digest, second: new.digest, difference: text ?? nil)
        }
        return nil
    }
}
