import Foundation
import Testing

/// A Slurm of this machine's own, on loopback: a controller, nodes of one core each, and munge. As root, without
/// systemd.
final class SlurmCluster {
    let folder: String
    let nodes: Int
    private let basePort: Int
    private static let host = ProcessInfo.processInfo.hostName.prefix { $0 != "." }

    /// Whether it can be had here; else tests of it say that they are skipped.
    static let isAvailable: Bool = {
        let isThere = ["slurmctld", "slurmd", "munged", "sbatch"].allSatisfy { name in
            ["/usr/sbin/", "/usr/bin/"].contains { FileManager.default.isExecutableFile(atPath: $0 + name) }
        }
        let isUsable = isThere && geteuid() == 0
        if !isUsable {
            print(
                "skipped: tests on a real Slurm need root and slurmctld, slurmd, slurm-client, munge (scripts/setup --tests)"
            )
        }
        return isUsable
    }()

    /// - Parameters:
    ///   - settings: more lines of `slurm.conf`.
    ///   - hasAccounting: `slurmdbd` and MariaDB beside it, with the user `root` in the account `lab`.
    init(nodes: Int = 4, settings: [String] = [], hasAccounting: Bool = false) throws {
        self.nodes = nodes
        // Sockets have short paths.
        folder = "/tmp/slurm-\(getpid())-\(Int.random(in: 0..<1_000_000))"
        basePort = Int.random(in: 21_000..<32_000)
        for name in ["state", "spool", "log", "run"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        let host = Self.host
        let key = (0..<1024).map { _ in UInt8.random(in: 0...255) }
        FileManager.default.createFile(
            atPath: "\(folder)/key", contents: Data(key), attributes: [.posixPermissions: 0o400])
        var lines =
            [
                "ClusterName=lavise", "SlurmctldHost=\(host)(127.0.0.1)", "SlurmctldPort=\(basePort)",
                "SlurmdPort=\(basePort + 1)", "SlurmUser=root",
                "SlurmdUser=root", "AuthType=auth/munge", "AuthInfo=socket=\(folder)/munge.sock,cred_expire=5",
                "StateSaveLocation=\(folder)/state",
                "SlurmdSpoolDir=\(folder)/spool/%n", "SlurmctldPidFile=\(folder)/run/slurmctld.pid",
                "SlurmdPidFile=\(folder)/run/%n.pid",
                "SlurmctldLogFile=\(folder)/log/slurmctld.log", "SlurmdLogFile=\(folder)/log/%n.log",
                "ProctrackType=proctrack/linuxproc",
                "TaskPlugin=task/none", "SelectType=select/cons_tres", "SelectTypeParameters=CR_Core_Memory",
                "SlurmdParameters=config_overrides",
                "ReturnToService=2", "SlurmdTimeout=6", "KillWait=2", "MpiDefault=none",
                "JobAcctGatherType=jobacct_gather/linux",
                "JobAcctGatherFrequency=1", "JobAcctGatherParams=OverMemoryKill",
                "JobCompType=jobcomp/filetxt", "JobCompLoc=\(folder)/log/ended", "DebugFlags=NO_CONF_HASH",
                "SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0",
            ] + settings
            + (hasAccounting
                ? [
                    "AccountingStorageType=accounting_storage/slurmdbd", "AccountingStorageHost=127.0.0.1",
                    "AccountingStoragePort=\(basePort + 40)", "AccountingStoragePass=\(folder)/munge.sock",
                    "AccountingStorageEnforce=associations,limits",
                ] : ["AccountingStorageType=accounting_storage/none"])
        for node in 1...nodes {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/spool/n\(node)", withIntermediateDirectories: true)
            lines.append(
                "NodeName=n\(node) NodeHostname=\(host) NodeAddr=127.0.0.1 Port=\(basePort + 1 + node) CPUs=1 RealMemory=9000"
            )
        }
        lines.append("PartitionName=main Nodes=n[1-\(nodes)] Default=YES MaxTime=INFINITE State=UP")
        try lines.joined(separator: "\n").appending("\n").write(
            toFile: "\(folder)/slurm.conf", atomically: true, encoding: .utf8)
        try run(
            "munged",
            [
                "--key-file=\(folder)/key", "--socket=\(folder)/munge.sock", "--pid-file=\(folder)/run/munged.pid",
                "--log-file=\(folder)/log/munged", "--seed-file=\(folder)/seed", "--force",
            ], isDaemon: true)
        if hasAccounting { try startAccounting() }
        try startController(["-c"])
        for node in 1...nodes { try startNode(node) }
        try wait("the nodes", seconds: 20) {
            try run("sinfo", ["--noheader", "--format=%D %t"]).contains("\(nodes) idle")
        }
    }

    /// Whether there can be accounting, too.
    static let canAccount: Bool = {
        let isThere = ["/usr/sbin/slurmdbd", "/usr/sbin/mariadbd"].allSatisfy(
            FileManager.default.isExecutableFile)
        if !isThere { print("skipped: accounting needs slurmdbd and mariadb-server") }
        return isThere && isAvailable
    }()

    private func startAccounting() throws {
        let data = "\(folder)/data", socket = "\(folder)/sql"
        try run(
            "mariadb-install-db",
            [
                "--no-defaults", "--datadir=\(data)", "--user=root", "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ])
        try run(
            "setsid",
            [
                "--fork", "mariadbd", "--no-defaults", "--datadir=\(data)", "--socket=\(socket)",
                "--port=\(basePort + 41)", "--bind-address=127.0.0.1", "--user=root",
                "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M", "--pid-file=\(folder)/run/mariadb.pid",
            ], isDaemon: true)
        let create =
            "create database slurm; create user slurm@'%' identified by 'x'; grant all on slurm.* to slurm@'%'; select 42"
        try wait("the database", seconds: 30) {
            try run("mariadb", ["--no-defaults", "-S", socket, "-u", "root", "-e", create]).contains("42")
        }
        try """
        AuthType=auth/munge
        AuthInfo=socket=\(folder)/munge.sock
        DbdHost=localhost
        DbdAddr=127.0.0.1
        DbdPort=\(basePort + 40)
        SlurmUser=root
        PidFile=\(folder)/run/slurmdbd.pid
        LogFile=\(folder)/log/slurmdbd.log
        StorageType=accounting_storage/mysql
        StorageHost=127.0.0.1
        StoragePort=\(basePort + 41)
        StorageUser=slurm
        StoragePass=x
        StorageLoc=slurm
        """.appending("\n").write(toFile: "\(folder)/slurmdbd.conf", atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: "\(folder)/slurmdbd.conf")
        try run("slurmdbd", [], isDaemon: true)
        try wait("slurmdbd", seconds: 60) {
            try run("sacctmgr", ["-i", "add", "cluster", "lavise"])
            return try run("sacctmgr", ["--noheader", "show", "cluster"]).contains("lavise")
        }
        try run("sacctmgr", ["-i", "add", "account", "lab"])
        try run("sacctmgr", ["-i", "add", "user", "root", "account=lab"])
    }

    var environment: [String: String] { ["SLURM_CONF": "\(folder)/slurm.conf", "LAVISE_LEASE": "0"] }

    func startController(_ arguments: [String] = []) throws { try run("slurmctld", arguments, isDaemon: true) }
    func startNode(_ node: Int) throws { try run("slurmd", ["-N", "n\(node)"], isDaemon: true) }

    /// By SIGKILL; it is gone afterwards.
    func killController() {
        guard let id = pid("slurmctld") else { return }
        kill(id, SIGKILL)
        // One that is dead and not yet waited for has no program any more.
        while (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(id)/exe")) != nil { usleep(2000) }
    }

    /// Waits until the controller has written the jobs that it knows now.
    func waitForSavedState() throws {
        let now = Date()
        try wait("the controller's state", seconds: 40) {
            let state = try? FileManager.default.attributesOfItem(atPath: "\(folder)/state/job_state")
            return (state?[.modificationDate] as? Date).map { $0 > now } ?? false
        }
    }

    private func pid(_ name: String) -> Int32? {
        (try? String(contentsOfFile: "\(folder)/run/\(name).pid", encoding: .utf8)).flatMap {
            Int32($0.filter(\.isNumber))
        }.flatMap { $0 > 1 ? $0 : nil }
    }

    /// Processes of the cluster's jobs and steps: by the configuration in their environment.
    private func processes(_ isWanted: ([String]) -> Bool) -> [Int32] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }.filter {
            process in
            guard let data = FileManager.default.contents(atPath: "/proc/\(process)/environ") else { return false }
            let variables = String(decoding: data, as: UTF8.self).split(separator: "\0").map(String.init)
            return variables.contains("SLURM_CONF=\(folder)/slurm.conf") && process != getpid() && isWanted(variables)
        }
    }

    /// A node dies: its daemon and what runs on it, at once.
    func killNode(_ node: Int) {
        if let daemon = pid("n\(node)") { kill(daemon, SIGKILL) }
        for process in processes({ $0.contains("SLURMD_NODENAME=n\(node)") }) {
            // Its step's manager first, or it would tell.
            if let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
                let parent = text.split(separator: ")").last?.split(separator: " ").dropFirst().first.flatMap({
                    Int32($0)
                }),
                parent > 1,
                (try? String(contentsOfFile: "/proc/\(parent)/comm", encoding: .utf8))?.hasPrefix("slurmstepd") == true
            {
                kill(parent, SIGKILL)
            }
            kill(process, SIGKILL)
        }
    }

    /// The daemon of a node alone: what runs there goes on, and Slurm does not hear of it.
    func killDaemon(_ node: Int) { kill(pid("n\(node)") ?? 0, SIGKILL) }

    func stop() {
        for name in ["slurmctld"] + (1...nodes).map({ "n\($0)" }) + ["slurmdbd", "mariadb", "munged"] {
            if let process = pid(name) { kill(process, SIGKILL) }
        }
        for process in processes({ $0.contains { $0.hasPrefix("SLURM_JOB_ID=") } }) { kill(process, SIGKILL) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// - Parameter isDaemon: goes on in the background, with the streams that it inherits: no pipe to wait for the end
    ///   of.
    @discardableResult
    func run(_ program: String, _ arguments: [String], isDaemon: Bool = false) throws -> String {
        let process = Process(), pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // A daemon that inherits the pipe by which `Process` learns of an end would never seem to end.
        let closing =
            "for f in /proc/$$/fd/*; do n=${f##*/}; [ $n -gt 2 ] && eval \"exec $n>&-\"; done; exec \"$0\" \"$@\""
        process.arguments = (isDaemon ? ["bash", "-c", closing] : []) + [program] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = isDaemon ? FileHandle.nullDevice : pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        if isDaemon {
            process.waitUntilExit()
            return ""
        }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }

    /// Names and states of what the queue shows.
    func queue() throws -> [(name: String, state: String)] {
        try run("squeue", ["--noheader", "--array", "--states=all", "--format=%j %T"]).split(separator: "\n").map {
            line in
            let words = line.split(separator: " ")
            return (String(words[0]), String(words.last ?? ""))
        }
    }

    var live: [String] {
        get throws { try queue().filter { ["PENDING", "RUNNING", "COMPLETING"].contains($0.state) }.map(\.name) }
    }

    /// How often each name was submitted, by what the controller logged.
    func submissions() -> [String: Int] {
        let ended = (try? String(contentsOfFile: "\(folder)/log/ended", encoding: .utf8)) ?? ""
        var ids: [String: Set<Substring>] = [:]
        for line in ended.split(separator: "\n") {
            let fields = Dictionary(
                line.split(separator: " ").compactMap { word -> (Substring, Substring)? in
                    let parts = word.split(separator: "=", maxSplits: 1)
                    return parts.count == 2 ? (parts[0], parts[1]) : nil
                }
            ) { first, _ in first }
            // An array's elements have ids of their own: counted by name and index elsewhere.
            if let name = fields["Name"], let id = fields["JobId"] { ids[String(name), default: []].insert(id) }
        }
        return ids.mapValues(\.count)
    }

    struct TimedOut: Error, CustomStringConvertible { let description: String }

    func wait(_ what: String, seconds: Double, _ isTrue: () throws -> Bool) throws {
        let end = Date(timeIntervalSinceNow: seconds)
        while try !isTrue() {
            guard Date() < end else { throw TimedOut(description: "\(what): not within \(Int(seconds)) s") }
            usleep(50_000)
        }
    }
}
