import ArgumentParser
import Commands
import Engine
import Files
import Fingerprints
import HDF5
import Pipeline
import Remote
import Reporting
import TestSupport
import Testing
import Transfer

/// The exit code of every kind of error (DESIGN, interface 1).
@Suite(.waits) struct ExitStatusTests {
    private struct Unknown: Error {}

    private static func stageFailed(_ error: any Error) -> EngineError {
        .stageFailed(job: "j", stage: "s", error: error)
    }

    private func code(_ error: any Error) -> Int32? { ExitStatus(error)?.rawValue }

    private func manifestError() throws -> ManifestError {
        try #require(throws: ManifestError.self) { _ = try Manifest(json: [], source: "m.json") }
    }

    @Test func whatIsAskedWrongly() throws {
        let manifest = try manifestError()
        for error in [
            ExperimentError("x"), manifest, RemoteError("x"),
            try #require(throws: TableError.self) { _ = try ComparableTable(CSV(header: [], rows: []), name: "x") },
            try #require(throws: ToleranceError.self) { _ = try Tolerances(["x"]) },
            // A manifest is part of what was asked for, also where it is the stage that finds it wrong.
            Self.stageFailed(manifest), EngineError.notBuilt(job: "j", reason: .neverBuilt),
            EngineError.unknownJob("j", known: []), EngineError.unknownSelection("j", known: []),
            EngineError.notSelected(job: "a", neededBy: "b", reason: .neverBuilt),
            EngineError.notAStore(path: "p", found: "f"), EngineError.newerFormat(path: "p"),
            EngineError.notAnOrder(path: "p"), EngineError.inputsUnseen([]), EngineError.projectGone(path: "p"),
        ] as [any Error] {
            #expect(code(error) == 2, "\(error)")
        }
    }

    @Test func whatFails() {
        let disk = FileSystemError("read", "p", code: 5)
        for error in [
            Self.stageFailed(Unknown()), Self.stageFailed(disk), Self.stageFailed(ExperimentError("x")),
            EngineError.inputMissing(job: "j", name: "n", path: "p"),
            EngineError.inputChangedDuringRun(job: "j", name: "n", path: "p"), EngineError.storage(disk), disk,
            ZipError(archive: "a", member: nil, problem: "p"), SlurmError.failed("x"), ClusterFault.cancelled,
        ] as [any Error] {
            #expect(code(error) == 1, "\(error)")
        }
    }

    @Test func whatHasACodeOfItsOwn() {
        let digest = Digest(hashing: "x"), space = TransferError.noSpace(folder: "f", needed: 2, free: 1)
        for (error, expected) in [
            (space, 8), (Self.stageFailed(space), 8),
            (Self.stageFailed(ZipError(archive: "a", member: nil, problem: "p")), 8), (EngineError.remoteOff("s"), 8),
            (EngineError.lockTimeout(job: "j", holder: "h", seconds: 1), 7),
            (
                EngineError.nondeterministic(
                    job: "j", output: "o", first: digest, second: digest, difference: nil), 5
            ),
            (EngineError.orderMismatch(job: "j", host: "h", reasons: []), 5),
            (EngineError.unknownInput(job: "j", name: "n", known: []), 70), (Unknown(), 70),
            (EngineError.cancelled(signal: nil), 130), (EngineError.cancelled(signal: 2), 130),
            (EngineError.cancelled(signal: 15), 143), (EngineError.cancelled(signal: 1), 129),
        ] as [(any Error, Int32)] {
            #expect(code(error) == expected, "\(error)")
        }
    }

    /// Those of the argument parser are its own.
    @Test func whatTheParserSays() {
        #expect(code(ValidationError("x")) == nil && code(CleanExit.helpRequest()) == nil && code(ExitCode(3)) == nil)
    }
}
