import Foundation
import HDF5

/// One side of `bench/peers.py`: runs workloads when it is told to, so that both sides run in turn.
///
/// A line in, a line out: `prepare NAME` makes a workload, writes `FOLDER/NAME-inputs.h5` and answers its title, items
/// and unit between tabs; `run NAME` answers its seconds and core-seconds; `outputs NAME` writes
/// `FOLDER/NAME-outputs.h5` and answers `done`.
struct Server {
    let folder: String

    func run() throws {
        var current: (any BenchWorkload)?
        while let line = readLine() {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 2 else { throw BenchError("expected a verb and a workload, not \"\(line)\"") }
            if words[0] == "prepare" {
                current = nil  // frees its memory first
                guard let made = workloads.first(where: { $0.name == words[1] }) else {
                    throw BenchError("no workload \(words[1])")
                }
                let workload = try made.make()
                try write(words[1] + "-inputs.h5", workload.writeInputs)
                print(workload.title, workload.items, workload.unit, separator: "\t")
                current = workload
            } else if let current, current.name == words[1], words[0] == "run" {
                let before = coreSeconds()
                print(try seconds(current.run), coreSeconds() - before)
            } else if let current, current.name == words[1], words[0] == "outputs" {
                try write(words[1] + "-outputs.h5", current.writeOutputs)
                print("done")
            } else {
                throw BenchError("\"\(line)\": no such verb, or the workload is not prepared")
            }
            fflush(nil)
        }
    }

    private func write(_ name: String, _ body: (HDF5File) throws -> Void) throws {
        let file = try HDF5File.create(folder + "/" + name)
        try body(file)
        try file.close()
    }
}

/// Processor time of all threads so far.
private func coreSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

struct BenchError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
