import Foundation
import HDF5
import Networks
import TestSupport

/// Feeds damaged files to the checkpoint and the HDF5 reader: each must be read or refused with an error of the
/// reader's own, quickly. The same seed gives the same files.
///
/// Every file lies at `scratch/candidate` while it is read, so that it is there after a crash of the process.
struct ReaderFuzz: Sendable {
    struct Report: Sendable, CustomStringConvertible {
        var rounds = 0
        var accepted = 0
        var refused = 0
        var slowestRound = 0
        var slowestSeconds = 0.0

        var description: String {
            "\(rounds) damaged files: \(accepted) read, \(refused) refused; the slowest, round \(slowestRound), took "
                + "\(Int(slowestSeconds * 1000)) ms"
        }
    }

    /// A reader gave an error that is not its own, or took too long.
    struct Finding: Error, CustomStringConvertible, Sendable {
        let round: Int
        let sample: String
        let file: String
        let reason: String

        var description: String { "fuzzing round \(round) ('\(sample)' damaged, kept as '\(file)'): \(reason)" }
    }

    let seed: UInt64
    /// The longest that reading one file may take, in seconds of this thread's processor time: a busy machine is no
    /// fault of a reader.
    let secondsAllowed: Double

    init(seed: UInt64, secondsAllowed: Double = 10) {
        self.seed = seed
        self.secondsAllowed = secondsAllowed
    }

    /// Damages `samples` in turn, from round `first` on, while `lasts` says so of the number of rounds done.
    /// - Throws: `Finding`, and where files cannot be read or written.
    func run(samples: [String], scratch: String, first: Int = 0, while lasts: (Int) -> Bool) throws -> Report {
        let contents = try samples.map { try [UInt8](Data(contentsOf: URL(filePath: $0))) }
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        var report = Report()
        while !samples.isEmpty, lasts(report.rounds) {
            let round = first + report.rounds
            let index = round % samples.count, sample = samples[index]
            var mutator = ByteMutator(seed: seed, stream: "fuzz/\(round)")
            let candidate = scratch + "/candidate" + (sample.hasSuffix(".h5") ? ".h5" : ".pth")
            try Data(mutator.mutate(contents[index], others: contents)).write(to: URL(filePath: candidate))
            let began = Self.processorTime()
            do {
                sample.hasSuffix(".h5") ? try readHDF5(candidate) : try readCheckpoint(candidate)
                report.accepted += 1
            } catch is CheckpointError {
                report.refused += 1
            } catch is HDF5Error {
                report.refused += 1
            } catch {
                throw Finding(
                    round: round, sample: sample, file: candidate, reason: "an error of another kind: \(error)")
            }
            let took = Self.processorTime() - began
            report.rounds += 1
            if took > report.slowestSeconds { (report.slowestRound, report.slowestSeconds) = (round, took) }
            if took > secondsAllowed {
                throw Finding(round: round, sample: sample, file: candidate, reason: "took \(took) s")
            }
        }
        return report
    }

    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Opens a checkpoint and reads its tensors of a decent size; of those, any may be refused.
    func readCheckpoint(_ path: String) throws {
        let checkpoint = try Checkpoint(contentsOf: path)
        for name in checkpoint.names.prefix(1000) {
            guard let shape = checkpoint.shape(of: name), shape.count < 8, shape.allSatisfy({ $0 >= 0 }),
                shape.reduce(1.0, { $0 * Double($1) }) < 1_000_000
            else { continue }
            try allowing(CheckpointError.self) { _ = try checkpoint.tensor(name, shape: shape) }
        }
    }

    /// Opens an HDF5 file and reads its datasets, some attributes and an explainer; of those, any may be refused.
    func readHDF5(_ path: String) throws {
        let file = try HDF5File.open(path)
        var budget = 500
        func walk(_ group: String, _ depth: Int) throws {
            guard depth < 6 else { return }
            var children: [String] = []
            try allowing(HDF5Error.self) { children = try file.children(of: group) }
            for name in children where budget > 0 && !name.contains("/") {
                budget -= 1
                let path = group + name
                try allowing(HDF5Error.self) {
                    if try file.isGroup(path) { try walk(path + "/", depth + 1) } else { try readDataset(file, path) }
                }
                try allowing(HDF5Error.self) { _ = try file.stringAttribute("columns", on: path) }
            }
        }
        try walk("/", 0)
        for name in ["text", "whole", "real"] {
            try allowing(HDF5Error.self) { _ = try file.stringAttribute(name, on: "/") }
            try allowing(HDF5Error.self) { _ = try file.doubleAttribute(name, on: "/") }
        }
        try allowing(HDF5Error.self) { _ = try Explainer(from: file, at: "/explainer") }
        try allowing(HDF5Error.self) { try file.close() }
    }

    private func allowing<Refusal: Error>(_ type: Refusal.Type, _ body: () throws -> Void) throws {
        do { try body() } catch is Refusal {}
    }

    private func readDataset(_ file: HDF5File, _ name: String) throws {
        switch try file.scalarType(of: name) {
        case .uint8: _ = try file.read(name, as: UInt8.self)
        case .uint16: _ = try file.read(name, as: UInt16.self)
        case .int32: _ = try file.read(name, as: Int32.self)
        case .int64: _ = try file.read(name, as: Int64.self)
        case .float16: _ = try file.read(name, as: Float16.self)
        case .float32: _ = try file.read(name, as: Float.self)
        case .float64: _ = try file.read(name, as: Double.self)
        case nil: _ = try file.readStrings(name)
        }
    }
}
