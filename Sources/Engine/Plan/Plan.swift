/// What is wrong with a list of jobs.
public enum PlanError: Error, Sendable, Equatable, CustomStringConvertible {
    case duplicateJob(String)
    case duplicateInput(job: String, name: String)
    case unknownJob(String, input: String, of: String)
    case unknownOutput(String, of: String, input: String, job: String, known: [String])
    case badOutputs(job: String, outputs: [String])
    case cycle([String])

    /// Which jobs, inputs or outputs do not fit together.
    public var description: String {
        switch self {
        case .duplicateJob(let job):
            "two jobs are called \(job)"
        case .duplicateInput(let job, let name):
            "job \(job) has two inputs called \(name)"
        case .unknownJob(let source, let input, let job):
            "input \(input) of job \(job) comes from job \(source), which is not in the plan"
        case .unknownOutput(let output, let source, let input, let job, let known):
            "input \(input) of job \(job) is output \(output) of job \(source), which has only \(known.joined(separator: ", "))"
        case .badOutputs(let job, let outputs):
            "job \(job) needs one or more outputs with different plain file names, not [\(outputs.joined(separator: ", "))]"
        case .cycle(let jobs):
            "these jobs need each other: \(jobs.joined(separator: " → "))"
        }
    }
}

/// A checked DAG of jobs in a stable topological order.
public struct Plan: Sendable {
    /// Every job after all it depends on; otherwise in the order given.
    public let jobs: [Job]
    /// Under this name the history of the jobs is kept: usually the experiment's.
    public let name: String
    let dependencies: [[Int]]
    let indices: [String: Int]

    /// - Throws: `PlanError` for a job named twice, an input from nowhere, a bad output name or a cycle.
    public init(_ jobs: [Job], name: String = "") throws {
        var given: [String: Int] = [:]
        for (index, job) in jobs.enumerated() {
            guard given.updateValue(index, forKey: job.id) == nil else { throw PlanError.duplicateJob(job.id) }
            try Plan.check(job)
        }
        let needs = try jobs.map { try Plan.dependencies(of: $0, in: jobs, given) }
        let order = try Plan.order(jobs, needs)
        self.jobs = order.map { jobs[$0] }
        self.name = name
        var position = [Int](repeating: 0, count: jobs.count)
        for (new, old) in order.enumerated() { position[old] = new }
        dependencies = order.map { needs[$0].map { position[$0] }.sorted() }
        indices = given.mapValues { position[$0] }
    }

    /// The job called `id`, if there is one.
    public func job(_ id: String) -> Job? { indices[id].map { jobs[$0] } }

    /// The jobs that `id` reads from directly.
    public func dependencies(of id: String) -> [Job] {
        indices[id].map { dependencies[$0].map { jobs[$0] } } ?? []
    }

    private static func check(_ job: Job) throws {
        let outputs = job.stage.outputs
        let arePlain = outputs.allSatisfy {
            !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(UInt8(ascii: "/")) && !$0.utf8.contains(0)
        }
        guard !outputs.isEmpty, arePlain, Set(outputs).count == outputs.count else {
            throw PlanError.badOutputs(job: job.id, outputs: outputs)
        }
        var names: Set<String> = []
        for input in job.inputs where !names.insert(input.name).inserted {
            throw PlanError.duplicateInput(job: job.id, name: input.name)
        }
    }

    private static func dependencies(of job: Job, in jobs: [Job], _ given: [String: Int]) throws -> [Int] {
        var needs: Set<Int> = []
        for input in job.inputs {
            guard case .output(let source, let name) = input.source else { continue }
            guard let index = given[source] else { throw PlanError.unknownJob(source, input: input.name, of: job.id) }
            let known = jobs[index].stage.outputs
            guard known.contains(name) else {
                throw PlanError.unknownOutput(name, of: source, input: input.name, job: job.id, known: known)
            }
            needs.insert(index)
        }
        return needs.sorted()
    }

    /// Kahn's algorithm, always taking the first of the given order that is ready.
    private static func order(_ jobs: [Job], _ needs: [[Int]]) throws -> [Int] {
        var users = [[Int]](repeating: [], count: jobs.count)
        for (index, list) in needs.enumerated() { for need in list { users[need].append(index) } }
        var waitsFor = needs.map(\.count)
        var ready = MinHeap(waitsFor.indices.filter { waitsFor[$0] == 0 })
        var order: [Int] = []
        while let index = ready.pop() {
            order.append(index)
            for user in users[index] {
                waitsFor[user] -= 1
                if waitsFor[user] == 0 { ready.push(user) }
            }
        }
        guard order.count == jobs.count else { throw PlanError.cycle(cycle(jobs, needs, without: Set(order))) }
        return order
    }

    private static func cycle(_ jobs: [Job], _ needs: [[Int]], without done: Set<Int>) -> [String] {
        var path: [Int] = []
        var next = jobs.indices.first { !done.contains($0) }
        while let index = next {
            if let start = path.firstIndex(of: index) {
                return (path[start...].reversed() + [path[path.count - 1]]).map { jobs[$0].id }
            }
            path.append(index)
            next = needs[index].first { !done.contains($0) }
        }
        return []
    }
}

/// A binary heap of job indices: the first job of the plan comes out first.
struct MinHeap {
    private var items: [Int] = []

    init(_ items: [Int] = []) { for item in items { push(item) } }

    var isEmpty: Bool { items.isEmpty }
    var count: Int { items.count }

    mutating func push(_ item: Int) {
        items.append(item)
        var child = items.count - 1
        while child > 0, items[child] < items[(child - 1) / 2] {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> Int? {
        guard let first = items.first else { return nil }
        items.swapAt(0, items.count - 1)
        items.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && items[child] < items[least] {
                least = child
            }
            if least == parent { return first }
            items.swapAt(parent, least)
            parent = least
        }
    }
}
