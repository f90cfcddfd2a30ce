import Engine
import Fingerprints
import Foundation
import Synchronization
import Testing
import TestSupport

/// Random DAGs, edits, kills, broken disks and power cuts in memory, against the model in `World`.
struct PropertyTests {
    /// The world, what the store must know by now, and what it may know because a process died on the way.
    struct Simulation {
        let disk: MemoryDisk
        var random: RandomSource
        var world: World
        var known: Set<String> = []
        var maybe: Set<String> = []
        /// Removed, but a power cut may bring it back: nobody waits for a removal to be durable.
        var collected: Set<String> = []
        /// What published results name: fingerprints, and the keys and contents that stand for them in the model.
        var published: (digests: Set<Digest>, keys: Set<String>, contents: Set<String>) = ([], [], [])
        /// Contents (with job) whose artifact was damaged.
        var damaged: Set<String> = []
        /// How far the clock was set back, in seconds: what is dated in the future is no garbage yet.
        var setBack = 0.0
        var log: [String] = []

        init(seed: UInt64) throws {
            // A good disk, one of whole seconds, one of even ones.
            disk = MemoryDisk(grain: [10_000_000, 1_000_000_000, 2_000_000_000][Int(seed % 3)])
            random = RandomSource(seed: seed, stream: "world")
            world = World(&random)
            let process = disk.startProcess()
            try process.makeFolder("/data")
            for file in world.files.indices { try world.write(file, process) }
            disk.settle()
            disk.advance(seconds: 10)
        }

        mutating func change() throws {
            let process = disk.startProcess()
            let file = random.below(world.files.count)
            let part = random.below(world.files[file].count)
            let job = random.below(world.jobs.count)
            switch random.below(8) {
            case 0, 1:
                world.files[file][part] = "v\(random.below(3))"
                log.append("edit file \(file) in place: \(world.files[file])")
                try world.edit(file, part, process)
            case 2:
                log.append("touch file \(file)")
                try world.write(file, process)
            case 3, 4:
                world.jobs[job].parameter = random.below(3)
                log.append("parameter of job\(job) is \(world.jobs[job].parameter)")
            case 5:
                world.jobs[job].revision = 1 + random.below(2)
                log.append("revision of job\(job) is \(world.jobs[job].revision)")
            case 6:
                log.append("clock back")
                disk.advance(seconds: -3600)
                setBack += 3600
            default:
                log.append("a file comes or goes in \(file)")
                if world.files[file].count > 2 {
                    world.files[file].removeLast()
                } else {
                    world.files[file].append("v\(random.below(3))")
                }
                try world.write(file, process)
            }
            disk.settle()
            // Half of the time an edit and a run fall into the same moment.
            if random.below(2) == 0 { disk.advance(seconds: 10) }
        }

        mutating func runner(
            _ process: MemoryProcess, verify: Bool = false, jobs: Int, force: [String] = [], _ finished: Finished
        ) throws -> Runner {
            Runner(
                store: try Store(at: "/store", fileSystem: process, time: process),
                options: RunOptions(jobs: jobs, force: force, verify: verify, catchSignals: false, faults: .off),
                observer: finished)
        }

        /// A run to the end: exactly what must run does, and the outputs are right.
        mutating func run(verify: Bool = false, jobs: Int = 1) throws -> [String] {
            let process = disk.startProcess()
            let finished = Finished()
            let ran = Box<[String]>([])
            let plan = try world.plan(process) { key in ran.change { $0.append(key) } }
            let runner = try runner(process, verify: verify, jobs: jobs, finished)
            let expected = world.expected()
            var faults: [String] = []
            var mustRun: [String] = []
            var mayRun: Set<String> = []
            for job in expected {
                let isDamaged = !damaged.isDisjoint(with: job.outputs.values)
                if !known.contains(job.key) || isDamaged {
                    if maybe.contains(job.key), !isDamaged { mayRun.insert(job.key) } else { mustRun.append(job.key) }
                    // What it leaves is whole again for all who share it.
                    damaged.subtract(job.outputs.values)
                    known.insert(job.key)
                }
            }
            let states = try runner.status(of: plan).map(\.state)
            let statuses = try runner.run(plan)
            let done = ran.value
            if Set(done).count != done.count { faults.append("ran twice: \(done)") }
            if !Set(mustRun).isSubset(of: done) { faults.append("did not run: \(Set(mustRun).subtracting(done))") }
            if !Set(done).isSubset(of: mayRun.union(mustRun)) {
                faults.append("ran for nothing: \(Set(done).subtracting(mayRun.union(mustRun)))")
            }
            if mayRun.isEmpty, jobs == 1, mustRun.isEmpty != states.allSatisfy({ $0 == .fresh }) {
                faults.append("status said \(states)")
            }
            for (status, job) in zip(statuses, expected) {
                for record in status.outputs {
                    let text = try World.text(record.path, process, separator: "")
                    if text != job.outputs[record.name] {
                        faults.append("\(status.job) left \(text), not \(job.outputs)")
                    }
                }
                if status.state != .fresh || status.outputs.isEmpty {
                    faults.append("\(status.job) is \(status.state)")
                }
            }
            maybe.subtract(expected.map(\.key))
            log.append("run: \(done)")
            return faults
        }

        /// A run that something happens to. What was reported finished before must be known for ever.
        mutating func troubledRun(_ trouble: Trouble, jobs: Int, cut: Bool) throws {
            let process = disk.startProcess(trouble)
            let finished = Finished()
            let ran = Box<[String]>([])
            let plan = try world.plan(process) { key in ran.change { $0.append(key) } }
            let expected = world.expected()
            let ended: String
            do {
                _ = try runner(process, jobs: jobs, finished).run(plan)
                ended = "to the end"
            } catch {
                ended = "\(error)"
            }
            let isDead = process.isDead
            process.die()
            if cut, isDead {
                disk.cutPower(&random)
                maybe.formUnion(collected)
            }
            let settled = finished.jobs.value
            for (index, job) in expected.enumerated() where settled.contains("job\(index)") {
                known.insert(job.key)
                damaged.subtract(job.outputs.values)
            }
            maybe.formUnion(ran.value)
            log.append(
                "troubled run (\(trouble), power cut \(cut && isDead)) \(ended): ran \(ran.value), finished \(settled)")
        }

        /// Harms or loses an artifact of the last run.
        mutating func damage() throws -> Bool {
            let process = disk.startProcess()
            let runner = try runner(process, jobs: 1, Finished())
            let statuses = try runner.status(of: world.plan(process) { _ in })
            let fresh = statuses.enumerated().filter { $0.element.state == .fresh }
            guard !fresh.isEmpty else { return false }
            let (index, status) = fresh[random.below(fresh.count)]
            let record = status.outputs[random.below(status.outputs.count)]
            let silently = random.below(3) == 0
            disk.advance(seconds: 1)
            if random.below(3) == 0 {
                try process.remove(record.path)
            } else {
                disk.damage(record.path, silently: silently)
            }
            disk.settle()
            if let content = world.expected()[index].outputs[record.name] { damaged.insert(content) }
            log.append("damaged \(status.job) \(record.name), silently \(silently)")
            return true
        }

        /// Results are made of what there is now; earlier ones may go.
        mutating func publish() throws {
            if random.below(3) == 0 { published = ([], [], []) }
            let process = disk.startProcess()
            let statuses = try runner(process, jobs: 1, Finished()).status(of: world.plan(process) { _ in })
            let expected = world.expected()
            for (status, job) in zip(statuses, expected) where random.below(2) == 0 {
                guard let fingerprint = status.fingerprint else { continue }
                published.digests.insert(fingerprint)
                published.keys.insert(job.key)
                published.contents.formUnion(job.outputs.values)
            }
            log.append("published \(published.keys.count)")
        }

        /// Leaves only what the world of now and the published results reach.
        mutating func collect() throws -> [String] {
            disk.advance(seconds: setBack + 10)
            setBack = 0
            let process = disk.startProcess()
            let runner = try runner(process, jobs: 1, Finished())
            let plan = try world.plan(process) { _ in }
            let foreign = "/store/work/thesis"
            try process.write([1], to: foreign)
            let keep = Keep(plans: [plan], digests: published.digests)
            let promised = try runner.collectGarbage(keep, dryRun: true)
            let garbage = try runner.collectGarbage(keep)
            let reached = Set(world.expected().map(\.key)).union(published.keys)
            collected.formUnion(known.subtracting(reached))
            known.formIntersection(reached)
            log.append("collected \(garbage.items.count)")
            var faults: [String] = []
            if try process.read(foreign) != [1] { faults.append("took what is not its own") }
            if promised.items.map(\.name) != garbage.items.map(\.name) { faults.append("dry run named other garbage") }
            let wanted = published.contents.union(world.expected().flatMap(\.outputs.values)).count
            let kept = try process.names(in: "/store/cas").map {
                try process.names(in: "/store/cas/\($0)").count { $0.utf8.count == 64 }
            }.reduce(0, +)
            if kept != wanted { faults.append("\(kept) artifacts kept, \(wanted) wanted") }
            return faults
        }
    }

    final class Finished: RunObserver {
        let jobs = Box<Set<String>>([])
        func finished(_ status: JobStatus) { if status.state == .fresh { jobs.change { _ = $0.insert(status.job) } } }
    }

    static func fail(_ simulation: Simulation, _ seed: UInt64, _ faults: [String]) {
        Issue.record("seed \(seed): \(faults.joined(separator: "; "))\n\(simulation.log.joined(separator: "\n"))")
    }

    /// One random history. Returns what went wrong.
    static func play(seed: UInt64, steps: Int) throws -> [String] {
        var simulation = try Simulation(seed: seed)
        var faults = try simulation.run()
        for _ in 0..<steps where faults.isEmpty {
            for _ in 0..<simulation.random.below(3) { try simulation.change() }
            switch simulation.random.below(10) {
            case 0, 1, 2, 3:
                let kind: Trouble.Kind = [.death, .death, .death, .error(EIO), .error(EACCES), .error(ENOSPC), .full][
                    simulation.random.below(7)]
                let trouble = Trouble(
                    kind: kind, operation: 1 + simulation.random.below(60 * simulation.world.jobs.count))
                try simulation.troubledRun(
                    trouble, jobs: 1 + simulation.random.below(2), cut: simulation.random.below(2) == 0)
                if simulation.random.below(2) == 0 {
                    faults += try simulation.run(jobs: 1 + simulation.random.below(2))
                }
            case 4:
                faults += try simulation.run()
                try simulation.publish()
                if simulation.random.below(2) == 0 {
                    for _ in 0..<simulation.random.below(3) { try simulation.change() }
                    faults += try simulation.run()
                }
                faults += try simulation.collect()
            case 5, 6:
                faults += try simulation.run()
                if try simulation.damage() { faults += try simulation.run(verify: true) }
            default:
                faults += try simulation.run(
                    verify: simulation.random.below(4) == 0, jobs: 1 + simulation.random.below(2))
            }
        }
        if faults.isEmpty { faults += try simulation.run() }
        if !faults.isEmpty { fail(simulation, seed, faults) }
        return faults
    }

    @Test(arguments: 0..<8)
    func randomHistoriesEndAsTheModelSays(part: UInt64) throws {
        for seed in part * 250..<(part + 1) * 250 {
            if try !Self.play(seed: seed, steps: 8).isEmpty { return }
        }
    }

    /// Longer ones, as many as five seconds or LAVISE_FUZZ_SECONDS allow, from LAVISE_FUZZ_SEED on.
    @Test func fuzzHistories() throws {
        let environment = ProcessInfo.processInfo.environment
        let end = Date().addingTimeInterval(environment["LAVISE_FUZZ_SECONDS"].flatMap(Double.init) ?? 5)
        let first = 1_000_000 * (1 + (environment["LAVISE_FUZZ_SEED"].flatMap(UInt64.init) ?? 1))
        var seed = first
        while Date() < end, try Self.play(seed: seed, steps: 12).isEmpty { seed += 1 }
        print("\(seed - first) random histories of the engine, from seed \(first)")
    }

    /// Dies at every single operation of a first run and of a second after an edit.
    @Test func aKillAtEveryOperationLosesNothingFinished() throws {
        for seed in UInt64(0)..<3 {
            for cut in [false, true] {
                var operation = 1
                while true {
                    var simulation = try Simulation(seed: 1000 + seed)
                    try simulation.troubledRun(Trouble(kind: .death, operation: operation), jobs: 1, cut: cut)
                    let ended = simulation.log.last?.contains("to the end") == true
                    var faults = try simulation.run()
                    simulation.world.jobs[0].parameter += 1
                    faults += try simulation.run()
                    faults += try simulation.run(verify: true)
                    if !faults.isEmpty { return Self.fail(simulation, 1000 + seed, faults) }
                    if ended { break }
                    operation += 1
                }
                #expect(operation > 20)
            }
        }
    }

    /// Several processes at once on one disk: each fingerprint is made once in all.
    @Test(arguments: 0..<4)
    func processesShareTheirWork(part: UInt64) throws {
        for seed in part * 25..<(part + 1) * 25 {
            let simulation = try Simulation(seed: 5000 + seed)
            let ran = Box<[String]>([])
            let errors = Box<[String]>([])
            let world = simulation.world
            let disk = simulation.disk
            let running = DispatchGroup()
            let threads = (0..<4).map { _ in
                running.enter()
                return Thread {
                    defer { running.leave() }
                    let process = disk.startProcess()
                    do {
                        let plan = try world.plan(process) { key in ran.change { $0.append(key) } }
                        let store = try Store(at: "/store", fileSystem: process, time: process)
                        let options = RunOptions(jobs: 2, catchSignals: false, faults: .off)
                        let statuses = try Runner(store: store, options: options).run(plan)
                        if !statuses.allSatisfy({ $0.state == .fresh }) { errors.change { $0.append("not fresh") } }
                    } catch {
                        errors.change { $0.append("\(error)") }
                    }
                }
            }
            for thread in threads { thread.start() }
            running.wait()
            #expect(errors.value == [])
            #expect(ran.value.sorted() == Set(world.expected().map(\.key)).sorted())
        }
    }
}
