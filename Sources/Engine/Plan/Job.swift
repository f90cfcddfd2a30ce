/// Where an input comes from.
public enum Source: Hashable, Sendable {
    /// A file or folder outside the store.
    case file(String)
    /// An output of another job of the plan.
    case output(job: String, name: String)
}

/// Which files of an input folder count: those that another file names. What lies beside them changes nothing.
public struct InputSelection: Sendable {
    /// A file outside the store.
    public let file: String
    /// What of it is read, where it is an archive.
    public let member: String?
    /// Reads from it the last parts of the paths that it names; upper and lower case are one, as on some disks. Asked
    /// only where the folder or the file changed. Where it throws all files count, and it is for the stage to say what
    /// is wrong with the file.
    public let names: @Sendable () throws -> Set<String>

    /// - Parameters:
    ///   - file: outside the store.
    ///   - member: what of it is read, where it is an archive.
    ///   - names: reads from `file` the last parts of the paths that it names; may be called on any thread.
    public init(file: String, member: String? = nil, names: @escaping @Sendable () throws -> Set<String>) {
        self.file = file
        self.member = member
        self.names = names
    }
}

/// A named input of a job.
public struct Input: Sendable {
    /// As the stage asks for it.
    public let name: String
    /// Where its bytes come from.
    public let source: Source
    /// Of a folder outside the store; nil: all of its files count.
    public let selection: InputSelection?

    /// - Parameter selection: of a folder outside the store; nil: all of its files count.
    public init(_ name: String, _ source: Source, selection: InputSelection? = nil) {
        self.name = name
        self.source = source
        self.selection = selection
    }
}

/// A stage and where its inputs come from.
public struct Job: Sendable {
    /// Unique in a plan, and the same from plan to plan: the history of a job is found by it.
    public let id: String
    /// What is to be done.
    public let stage: any Stage
    /// What it is done with; each name once.
    public let inputs: [Input]

    /// - Parameter id: unique in a plan, and the same from plan to plan.
    public init(id: String, stage: any Stage, inputs: [Input]) {
        self.id = id
        self.stage = stage
        self.inputs = inputs
    }
}
