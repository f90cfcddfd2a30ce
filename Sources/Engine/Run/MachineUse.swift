import Glibc
import Synchronization

/// What this process and its machine have used: from the system's own counters.
package struct MachineUse: Sendable {
    /// What was used up to a moment; only differences tell anything.
    package struct Reading: Sendable {
        /// Seconds that processors worked for this process.
        package var coreSeconds: Double
        /// Seconds that all processors of the machine worked, whoever for.
        package var busySeconds: Double
        /// Joules that the machine's processors took; nil where that cannot be read.
        package var joules: Double?

        package init(coreSeconds: Double, busySeconds: Double, joules: Double?) {
            self.coreSeconds = coreSeconds
            self.busySeconds = busySeconds
            self.joules = joules
        }
    }

    private let meter: EnergyMeter?
    private let processors: String

    /// - Parameters:
    ///   - powercap: the folder where Linux shows the processors' energy meters (RAPL).
    ///   - processors: the file where it counts what they did.
    package init(powercap: String = "/sys/class/powercap", processors: String = "/proc/stat") {
        meter = EnergyMeter(powercap)
        self.processors = processors
    }

    /// Up to now.
    package func reading() -> Reading {
        Reading(
            coreSeconds: Self.ofProcess(), busySeconds: busySeconds() ?? 0, joules: meter?.joules())
    }

    /// Seconds that processors worked for this process since it began.
    package static func ofProcess() -> Double {
        var usage = rusage()
        getrusage(0, &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// `cpu  user nice system idle iowait irq softirq …`, in ticks.
    private func busySeconds() -> Double? {
        guard let bytes = try? LocalFileSystem().read(processors) else { return nil }
        let words = String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self).split(separator: " ")
        let ticks = words.dropFirst().compactMap { Double($0) }
        guard ticks.count >= 7 else { return nil }
        return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    }
}

/// The energy meters of a machine's processors, one a package, which begin at zero again when they are full.
private final class EnergyMeter: Sendable {
    private struct Counter {
        let path: String
        /// Microjoules at which it begins again.
        let range: Int
        var last: Int
    }

    private let state: Mutex<(counters: [Counter], microjoules: Int)>

    /// nil where there is none that this user may read.
    init?(_ folder: String) {
        let files = LocalFileSystem()
        // `intel-rapl:0` is a package, also of AMD's; `intel-rapl:0:1` a part of it.
        let names = ((try? files.names(in: folder)) ?? []).filter { $0.split(separator: ":").count == 2 }
        let counters = names.compactMap { name -> Counter? in
            guard let kind = Self.text("\(folder)/\(name)/name"), kind.hasPrefix("package"),
                let range = Self.number("\(folder)/\(name)/max_energy_range_uj"),
                let last = Self.number("\(folder)/\(name)/energy_uj")
            else { return nil }
            return Counter(path: "\(folder)/\(name)/energy_uj", range: range, last: last)
        }
        guard !counters.isEmpty else { return nil }
        state = Mutex((counters, 0))
    }

    /// Since the first look, of all packages; nil where one cannot be read any more.
    func joules() -> Double? {
        state.withLock { state in
            for index in state.counters.indices {
                guard let now = Self.number(state.counters[index].path) else { return nil }
                let more = now - state.counters[index].last
                state.microjoules += more >= 0 ? more : more + state.counters[index].range
                state.counters[index].last = now
            }
            return Double(state.microjoules) / 1e6
        }
    }

    private static func text(_ path: String) -> String? {
        (try? LocalFileSystem().read(path)).map { String(decoding: $0.prefix { $0 != 10 }, as: UTF8.self) }
    }

    private static func number(_ path: String) -> Int? { text(path).flatMap { Int($0) } }
}
