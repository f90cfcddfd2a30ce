/// Slurm by its commands: everything that calls them, and reads what they print, is in this file.
public struct SlurmCommands: SlurmClient {
    /// Added to every submission: partition, account, constraint.
    let options: [String]
    /// Seconds to wait for an answer; a controller that is down is noticed by that alone.
    let patience: Double

    /// - Parameters:
    ///   - partition: added to every submission, as are `account` and `constraint`; nil: what the cluster does without.
    ///   - patience: seconds to wait for an answer.
    public init(partition: String? = nil, account: String? = nil, constraint: String? = nil, patience: Double = 30) {
        options = [("partition", partition), ("account", account), ("constraint", constraint)].compactMap {
            key, value in
            value.map { "--\(key)=\($0)" }
        }
        self.patience = patience
    }

    private func ask(_ program: String, _ arguments: [String], input: String = "") throws -> ProgramEnd {
        do {
            return try runProgram(program, arguments, input: input, hiding: Self.isHidden, seconds: patience)
        } catch let fault as ProgramFault {
            if case .notFound = fault { throw SlurmError.absent("\(fault)") }
            throw SlurmError.silent("\(fault)")
        }
    }

    /// Variables that change what the commands print or choose: the user's for looking, and of a job that this runs in.
    private static func isHidden(_ variable: String) -> Bool {
        ["SQUEUE_", "SACCT_", "SCANCEL_", "SINFO_", "SLURM_"].contains { variable.hasPrefix($0) }
            && !["SLURM_CONF", "SLURM_CLUSTERS"].contains(variable)
    }

    /// `sbatch`.
    /// - Throws: `SlurmError`.
    public func submit(_ submission: SlurmSubmission) throws -> Int {
        var arguments = [
            "--parsable", "--job-name=\(submission.name)", "--requeue", "--signal=B:USR1@120", "--output=/dev/null",
            "--chdir=/",
            "--export=NIL", "--nodes=1", "--ntasks=1", "--cpus-per-task=\(submission.cpus)",
            "--mem=\(submission.memory)M",
        ]
        // 0: as long as the partition gives.
        if submission.minutes > 0 { arguments.append("--time=\(submission.minutes)") }
        if let tasks = submission.tasks { arguments.append("--array=0-\(tasks - 1)") }
        // Not `afterok`: one that waits for a job that failed would wait for ever.
        if !submission.after.isEmpty {
            arguments.append("--dependency=afterany:" + submission.after.map(String.init).joined(separator: ":"))
        }
        let end = try ask("sbatch", arguments + options, input: submission.script)
        // `id` or `id;cluster`.
        if end.code == 0, let id = end.output.split(separator: "\n").last.flatMap({ Int($0.prefix { $0 != ";" }) }) {
            return id
        }
        throw Self.error(end, "sbatch")
    }

    private static func error(_ end: ProgramEnd, _ program: String) -> SlurmError {
        error(end.errors, code: end.code, of: program)
    }

    /// What a command's messages mean.
    package static func error(_ errors: String, code: Int32, of program: String) -> SlurmError {
        let text = errors.split(separator: "\n").map { line in
            line.hasPrefix("\(program): error: ") ? String(line.dropFirst(program.count + 9)) : String(line)
        }.joined(separator: "; ")
        let said = text.isEmpty ? "\(program) ended with \(code)" : text
        func has(_ words: [String]) -> Bool { words.contains { said.contains($0) } }
        if has([
            "QOSMax", "AssocMax", "MaxSubmit", "accounting/QOS policy", "maximum number of jobs",
            "Resource temporarily unavailable", "Job submit limit",
        ]) {
            return .full(said)
        }
        if has([
            "Unable to contact", "Socket timed out", "Connection refused", "Zero Bytes", "Transport endpoint",
            "Slurm controller", "try again", "temporarily", "Communication connection",
        ]) {
            return .failed(said)
        }
        return .refused(said)
    }

    private static let widths = [40, 120, 24, 60, 12, 60]

    /// `squeue --me`.
    /// - Throws: `SlurmError`, never `.refused`: a question may be asked again.
    public func queue() throws -> [SlurmJob] {
        let format = zip(["JobArrayID", "Name", "State", "Reason", "exit_code", "NodeList"], Self.widths).map {
            "\($0):\($1)"
        }.joined(separator: ",")
        let end = try ask("squeue", ["--me", "--noheader", "--array", "--states=all", "--Format=\(format)"])
        guard end.code == 0 else { throw Self.passing(end, "squeue") }
        return end.output.split(separator: "\n").compactMap { Self.job(Array($0.utf8)) }
    }

    private static func passing(_ end: ProgramEnd, _ program: String) -> SlurmError {
        let text = error(end, program)
        if case .refused(let said) = text { return .failed(said) }
        return text
    }

    /// A line of columns of fixed widths.
    package static func job(_ line: [UInt8]) -> SlurmJob? {
        var fields: [String] = [], start = 0
        for width in widths {
            let field = line.dropFirst(start).prefix(width)
            fields.append(String(decoding: field, as: UTF8.self).trimmed)
            start += width
        }
        let id = fields[0].split(separator: "_")
        guard let first = id.first.flatMap({ Int($0) }) else { return nil }
        let (code, signal) = status(fields[4])
        return SlurmJob(
            id: first, index: id.count > 1 ? Int(id[1]) : nil, name: fields[1], state: fields[2], reason: fields[3],
            exitCode: code, signal: signal,
            node: fields[5])
    }

    /// An exit status as Slurm's versions write it: the bits of `wait`, or `code:signal`.
    private static func status(_ text: String) -> (code: Int, signal: Int) {
        let parts = text.split(separator: ":").map { Int($0) ?? 0 }
        if parts.count == 2 { return (parts[0], parts[1]) }
        let bits = parts.first ?? 0
        return (bits >> 8 & 0xff, bits & 0x7f)
    }

    /// `scancel`, 2,000 ids at a time.
    /// - Throws: `SlurmError`.
    public func cancel(_ ids: [Int]) throws {
        // A command line has its limits.
        for start in stride(from: 0, to: ids.count, by: 2000) {
            let end = try ask("scancel", ["--quiet"] + ids[start..<min(start + 2000, ids.count)].map(String.init))
            // Such as have ended are none of our business.
            if end.code != 0, case .failed(let text) = Self.error(end, "scancel") { throw SlurmError.failed(text) }
        }
    }

    /// `scontrol show config`, and `sinfo` for the nodes of the partition.
    /// - Throws: `SlurmError`, never `.refused`.
    public func limits() throws -> SlurmLimits {
        let end = try ask("scontrol", ["show", "config"])
        guard end.code == 0 else { throw Self.passing(end, "scontrol") }
        let partitions = options.filter { $0.hasPrefix("--partition") }
        return Self.limits(
            configuration: end.output, nodes: try ask("sinfo", ["--noheader", "--format=%c"] + partitions).output)
    }

    /// - Parameters:
    ///   - configuration: `scontrol show config`.
    ///   - nodes: processors of every kind of node, a line each: `16` or `16+`.
    package static func limits(configuration: String, nodes: String) -> SlurmLimits {
        var settings: [String: String] = [:]
        for line in configuration.split(separator: "\n") {
            guard let sign = line.firstIndex(of: "=") else { continue }
            settings[String(line[..<sign]).trimmed] = String(line[line.index(after: sign)...]).trimmed
        }
        let cpus = nodes.split(separator: "\n").compactMap { Int($0.prefix { $0.isNumber }) }.max()
        return SlurmLimits(
            maxArraySize: settings["MaxArraySize"].flatMap(Int.init) ?? 1001, cpusOfANode: cpus,
            hasAccounting: settings["AccountingStorageType"].map { !$0.hasSuffix("/none") } ?? false,
            version: settings["SLURM_VERSION"] ?? "?")
    }

    /// `sacct`, one allocation a line.
    /// - Throws: `SlurmError`, never `.refused`.
    public func accounted(_ ids: [Int]) throws -> [SlurmJob] {
        guard !ids.isEmpty else { return [] }
        let end = try ask(
            "sacct",
            [
                "--noheader", "--parsable2", "--allocations", "--array",
                "--format=JobID,JobName,State,ExitCode,NodeList",
                "--jobs=" + ids.map(String.init).joined(separator: ","),
            ])
        guard end.code == 0 else { throw Self.passing(end, "sacct") }
        return end.output.split(separator: "\n").compactMap { Self.accountedJob(String($0)) }
    }

    /// A line of fields between bars.
    package static func accountedJob(_ line: String) -> SlurmJob? {
        let fields = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        let id = fields[0].split(separator: "_")
        guard fields.count == 5, let first = id.first.flatMap({ Int($0) }) else { return nil }
        let (code, signal) = status(fields[3])
        // `CANCELLED by 1000`
        return SlurmJob(
            id: first, index: id.count > 1 ? Int(id[1]) : nil, name: fields[1],
            state: String(fields[2].prefix { $0 != " " }), exitCode: code,
            signal: signal, node: fields[4])
    }
}

extension String {
    var trimmed: String {
        String(self.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
