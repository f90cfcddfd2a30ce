import Foundation
import Testing
import TestSupport

/// A Slurm with accounting, as most clusters have it: `slurmdbd` and MariaDB. `make test-remote`.
@Suite(
    .waits, .serialized,
    .enabled(
        if: ProcessInfo.processInfo.environment["LAVISE_SERVERS"] != nil && SlurmCluster.canAccount,
        "make test-remote runs it")) struct SlurmAccountingTests
{
    private static func on(_ settings: [String] = [], _ body: (SlurmCluster, Command) throws -> Void) throws {
        let cluster = try SlurmCluster(settings: settings, hasAccounting: true)
        defer { cluster.stop() }
        try Command.with { try body(cluster, $0) }
    }

    /// What the queue has forgotten is asked of accounting: a task that was killed goes again long before the disk's
    /// grace is over.
    @Test func whatTheQueueForgotIsAccountedFor() throws {
        let expected = try SlurmTests.expected()
        try Self.on(["MinJobAge=2"]) { cluster, command in
            let doctor = try command.run(["doctor"], environment: cluster.environment)
            #expect(doctor.output.contains(#/slurm accounting\s+on/#), "\(doctor.output)")
            try SlurmTests.make(command)
            let prologue = "case $SLURM_JOB_NAME in lv.train.*.1a) kill -9 $$;; esac"
            try command.write(
                "lavise.json",
                """
                {"executor": "slurm", "slurm": {"account": "lab", "poll": 8, "taskMinutes": 0.001, "grace": 600,
                 "prologue": "\(prologue)"}}
                """)
            let end = try SlurmTests.run(cluster, command)
            #expect(end.code == 0 && end.errors.contains("goes again with twice the memory"), "\(end.errors)")
            try SlurmTests.check(cluster, command, expected)
        }
    }

    /// A limit on a user's jobs: what does not fit waits, and nothing fails.
    @Test func aQueueThatIsFullForThisUser() throws {
        let expected = try SlurmTests.expected()
        try Self.on { cluster, command in
            try cluster.run("sacctmgr", ["-i", "modify", "user", "root", "set", "MaxSubmitJobs=3"])
            try SlurmTests.make(command, slurm: ", \"account\": \"lab\"")
            let end = try SlurmTests.run(cluster, command)
            #expect(end.code == 0, "\(end.errors)")
            try SlurmTests.check(cluster, command, expected)
        }
    }

    /// An account that there is not is an error that says what to mend.
    @Test func anotherAccountIsRefused() throws {
        try Self.on { cluster, command in
            try SlurmTests.make(command, slurm: ", \"account\": \"nobody\"")
            let end = try SlurmTests.run(cluster, command)
            #expect(end.code != 0 && end.errors.contains("mend \"slurm\" in lavise.json"), "\(end.errors)")
            #expect(try cluster.live.isEmpty)
        }
    }
}
