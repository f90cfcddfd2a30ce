import Foundation
import Testing

/// A Slurm of this machine's own, on loopback: a controller, nodes of one core each, and munge. As root, without
/// systemd.
final class SlurmCluster: Sendable {
    let folder: String
    private let nodes = 4
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
    ///   - hasCgroups: the kernel watches over memory, not Slurm.
    init(settings: [String] = [], hasAccounting: Bool = false, hasCgroups: Bool = false) throws {
        // Sockets have short paths.
        folder = "/tmp/slurm-\(getpid())-\(Int.random(in: 0..<1_000_000))"
        basePort = Int.random(in: 21_000..<32_000)
        for name in ["state", "spool", "log", "run"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        let host = Self.host
        let key = (0..<1024).map { _ in UInt8.random(in: 0...255) }
        _ = FileManager.default.createFile(
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
                "TaskPlugin=task/\(hasCgroups ? "cgroup" : "none")", "SelectType=select/cons_tres",
                "SelectTypeParameters=CR_Core_Memory",
                "SlurmdParameters=config_overrides",
                "ReturnToService=2", "SlurmdTimeout=6", "KillWait=2", "MpiDefault=none",
                "JobAcctGatherType=jobacct_gather/linux",
                "JobAcctGatherFrequency=1", hasCgroups ? "" : "JobAcctGatherParams=OverMemoryKill",
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
        try "CgroupPlugin=cgroup/v1\nConstrainRAMSpace=yes\n".write(
            toFile: "\(folder)/cgroup.conf", atomically: true, encoding: .utf8)
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

    /// Whether nodes may have the kernel watch over memory.
    static let canConstrain: Bool = {
        let isThere =
            access("/sys/fs/cgroup/memory", W_OK) == 0
            && FileManager.default.fileExists(atPath: "/usr/lib/x86_64-linux-gnu/slurm-wlm/cgroup_v1.so")
        if !isThere { print("skipped: memory in a cgroup needs cgroup v1 with its memory controller, writable") }
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
        // It writes what changed: had it written a moment ago, jobs that wait for each other would bring nothing more.
        let first = try #require(try run("squeue", ["--noheader", "--format=%A"]).split(separator: "\n").first)
        try run("scontrol", ["update", "JobId=\(first)", "AdminComment=seen"])
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

    /// What the controller finds out by itself after half a minute: what ran on a node is started again elsewhere.
    func reportDead(_ node: Int) throws {
        try run("scontrol", ["update", "NodeName=n\(node)", "State=DOWN", "Reason=died"])
    }

    /// Waits until a task has stopped in the middle of its work.
    /// - Parameter known: tasks that had before.
    func waitForStopped(but known: [Int32] = []) throws -> (process: Int32, node: Int) {
        var found: (Int32, Int)?
        try wait("a task that stops", seconds: 120) {
            for process in processes({ $0.contains { $0.hasPrefix("LAVISE_FAULT=stop:") } })
            where !known.contains(process) {
                let state = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8).split(separator: ")")
                    .last
                guard state?.hasPrefix(" T") == true else { continue }
                let environment = FileManager.default.contents(atPath: "/proc/\(process)/environ") ?? Data()
                let node = String(decoding: environment, as: UTF8.self).split(separator: "\0").first {
                    $0.hasPrefix("SLURMD_NODENAME=n")
                }
                found = node.flatMap { Int($0.dropFirst(17)) }.map { (process, $0) }
            }
            return found != nil
        }
        return try #require(found)
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

    struct QueuedJob {
        let name: String, state: String
        /// Empty while it waits.
        let node: String
    }

    /// What the queue shows, an entry an element of an array.
    func queue() throws -> [QueuedJob] {
        try run("squeue", ["--noheader", "--array", "--states=all", "--format=%j|%T|%N"]).split(separator: "\n").map {
            line in
            let fields = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            return QueuedJob(name: fields[0], state: fields[1], node: fields[2])
        }
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
