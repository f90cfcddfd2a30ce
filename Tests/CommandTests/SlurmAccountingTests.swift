import Foundation
import Testing
import TestSupport

/// A Slurm with accounting, as most clusters have it: `slurmdbd` and MariaDB. `make test-remote`.
@Suite(
    .waitsForCluster, .serialized,
    .enabled(
        if: ProcessInfo.processInfo.environment["LAVISE_SERVERS"] != nil && SlurmCluster.canAccount,
        "make test-remote runs it")) struct SlurmAccountingTests
{
    /// What the queue has forgotten is asked of accounting: a task that was killed goes again long before the disk's
    /// grace is over.
    @Test func whatTheQueueForgotIsAccountedFor() throws {
        let expected = try ClusterProject.expected()
        try ClusterProject.alone(["MinJobAge=2"], hasAccounting: true) { project in
            let doctor = try project.ask("doctor")
            #expect(doctor.output.contains(#/slurm accounting\s+on/#), "\(doctor.output)")
            try project.make()
            try project.settings(
                ", \"account\": \"lab\"", poll: 8, grace: 600,
                prologue: "case $SLURM_JOB_NAME in lv.train.*.1a) kill -9 $$;; esac")
            let end = try project.run()
            #expect(end.code == 0 && end.errors.contains("goes again with twice the memory"), "\(end.errors)")
            try project.check(expected)
        }
    }

    /// A limit on a user's jobs: what does not fit waits, and nothing fails.
    @Test func aQueueThatIsFullForThisUser() throws {
        let expected = try ClusterProject.expected()
        try ClusterProject.alone(hasAccounting: true) { project in
            try project.cluster.run("sacctmgr", ["-i", "modify", "user", "root", "set", "MaxSubmitJobs=3"])
            try project.make(slurm: ", \"account\": \"lab\"")
            let end = try project.run()
            #expect(end.code == 0, "\(end.errors)")
            try project.check(expected)
        }
    }

    /// An account that there is not is an error that says what to mend.
    @Test func anotherAccountIsRefused() throws {
        try ClusterProject.alone(hasAccounting: true) { project in
            try project.make(slurm: ", \"account\": \"nobody\"")
            let end = try project.run()
            #expect(end.code != 0 && end.errors.contains("mend \"slurm\" in lavise.json"), "\(end.errors)")
            #expect(try project.live.isEmpty)
        }
    }
}
