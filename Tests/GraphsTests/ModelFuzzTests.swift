import CZip
import Fingerprints
import Foundation
import Graphs
import Networks
import Tensors
import TestSupport
import Testing

/// Feeds damaged model files to both readers: each must be read, computed or refused with the reader's own error,
/// quickly.
@Suite struct ModelFuzzTests {
    /// 400 rounds, or as many as are asked for: most of the smallest model, which takes the least time, some of three that
    /// have more operations.
    @Test(arguments: ["pt2", "onnx"]) func damagedModelsAreReadOrRefused(kind: String) throws {
        let budget = FuzzBudget(short: 400),
            folder = FileManager.default.temporaryDirectory.appending(path: "models-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let exporter = kind == "onnx" ? ".dynamo" : ""
        let samples = try (["tiny"] + ["plain", "shuffled", "attentive"].map { $0 + exporter }).map {
            try Sample([UInt8](Data(contentsOf: SmallModels.folder.appending(path: "\($0).\(kind)"))), kind)
        }
        let candidate = folder.appending(path: "candidate." + kind), others = samples.map(\.bytes)
        var read = 0, refused = 0
        while budget.lasts(after: read + refused) {
            let round = read + refused, isSmall = budget.isLong && round % 32 > 0
            let sample = samples[isSmall ? 0 : round / (budget.isLong ? 32 : 1) % samples.count]
            try Data(damaged(sample, seed: budget.seed, round: round, others: others)).write(to: candidate)
            let began = Date()
            do {
                try use(candidate.path, computing: round % 16 == 0)
                read += 1
            } catch is GraphError { refused += 1 } catch is UnknownModel { refused += 1 }
            if Date().timeIntervalSince(began) > 10 { Issue.record("round \(round) of seed \(budget.seed), \(kind)") }
        }
        #expect(budget.isLong || read > 20 && refused > 100, "\(read) read, \(refused) refused")
        if budget.isLong { print("\(read + refused) damaged \(kind) models: \(read) read, \(refused) refused") }
    }

    /// A model file that is going to be damaged.
    private struct Sample {
        let bytes: [UInt8]
        /// Of a program, which is an archive; else none.
        let members: [StoredZip.Member]

        init(_ bytes: [UInt8], _ kind: String) throws {
            self.bytes = bytes
            members = kind == "pt2" ? try StoredZip.members(of: bytes) : []
        }
    }

    /// Numbers that would lie behind the end of the file, or of memory: the fuzzer found the last one.
    @Test(arguments: ["storage_offset", "sizes", "strides"], ["1000000", "9223372036854775807"])
    func tensorsThatReachOutside(key: String, number: String) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "outside-\(UUID()).pt2").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        var members = try StoredZip.members(
            of: [UInt8](Data(contentsOf: SmallModels.folder.appending(path: "plain.pt2"))))
        let index = try #require(members.firstIndex { $0.name.hasSuffix("weights_config.json") })
        let text = String(decoding: members[index].content, as: UTF8.self),
            start = try #require(text.range(of: "\"\(key)\""))
        let place = try #require(text[start.upperBound...].firstMatch(of: #/"as_int": ?\d+/#))
        members[index].content = [UInt8](text.replacingCharacters(in: place.range, with: "\"as_int\": \(number)").utf8)
        try Data(StoredZip.archive(members)).write(to: URL(filePath: path))
        #expect { try Graph(pt2: path) } throws: { error in
            guard case GraphError.malformed(let file, let problem) = error else { return false }
            return file == path && problem.contains("the tensor \"")
        }
    }

    /// Reads a model and, where that is little work, computes it.
    private func use(_ path: String, computing isComputed: Bool) throws {
        let graph = path.hasSuffix(".pt2") ? try Graph(pt2: path) : try Graph(onnx: path)
        _ = graph.layers()
        guard isComputed else { return }
        let numbers = graph.values.reduce(0.0) { $0 + $1.shape.reduce(1.0) { $0 * Double($1) } }
        guard let target = graph.outputs.first, numbers < 3e6, graph.multiplications(upTo: [target]) < 1e8 else {
            return
        }
        let image = Tensor(zeros: graph.values[graph.input].shape)
        for kernels in [GraphKernels.plain, .best] {
            _ = try GraphProgram(graph, targets: [target], kernels: kernels) { name, _ in
                throw GraphError.tooLarge(name)
            }.run(image)
        }
    }

    /// A program is damaged inside its archive, whose checksums would notice anything else; now and then as a file.
    private func damaged(_ sample: Sample, seed: UInt64, round: Int, others: [[UInt8]]) -> [UInt8] {
        var mutator = ByteMutator(seed: seed, stream: "models/\(round)"),
            random = RandomSource(seed: seed, stream: "texts/\(round)")
        var members = sample.members
        guard !members.isEmpty, random.below(8) > 0 else { return mutator.mutate(sample.bytes, others: others) }
        let texts = members.indices.filter { members[$0].name.hasSuffix(".json") }
        let chosen = texts[
            random.below(3) > 0
                ? texts.firstIndex { members[$0].name.hasSuffix("model.json") } ?? 0 : random.below(texts.count)]
        members[chosen].content =
            random.below(8) == 0
            ? mutator.mutate(members[chosen].content)
            : retold(String(decoding: members[chosen].content, as: UTF8.self), &random)
        return StoredZip.archive(members)
    }

    /// The same JSON with a few other numbers or names.
    private func retold(_ text: String, _ random: inout RandomSource) -> [UInt8] {
        var bytes = [UInt8](text.utf8)
        for _ in 0...random.below(3) {
            let isNumber = random.below(2) == 0, start = random.below(bytes.count)
            let from = bytes[start...].firstIndex { isNumber ? isDigit($0) : $0 == UInt8(ascii: "\"") } ?? 0
            let end =
                bytes[(from + 1)...].firstIndex { isNumber ? !isDigit($0) : $0 == UInt8(ascii: "\"") } ?? bytes.count
            if isNumber {
                let telling = [
                    "0", "1", "2", "3", "5", "7", "16", "33", "1000", "65536", "2147483648", "9223372036854775807",
                    "-1", "-9", "1.5",
                ]
                bytes.replaceSubrange(from..<end, with: telling[random.below(telling.count)].utf8)
            } else {
                let other = bytes[random.below(bytes.count)...].firstIndex(of: UInt8(ascii: "\"")) ?? from
                let stop = bytes[min(other + 1, bytes.count)...].firstIndex(of: UInt8(ascii: "\"")) ?? other
                if stop > other, end > from { bytes.replaceSubrange(from..<end, with: Array(bytes[other..<stop])) }
            }
        }
        return bytes
    }

    private func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
}

/// Zip archives of members that are not packed.
private enum StoredZip {
    struct Member {
        let name: String
        var content: [UInt8]
    }

    static func members(of archive: [UInt8]) throws -> [Member] {
        let path = FileManager.default.temporaryDirectory.appending(path: "zip-\(UUID())").path
        try Data(archive).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let zip = try #require(zip_open(path, ZIP_RDONLY, nil))
        defer { zip_discard(zip) }
        return (0..<UInt64(zip_get_num_entries(zip, 0))).map { index in
            var status = zip_stat_t()
            zip_stat_index(zip, index, 0, &status)
            var content = [UInt8](repeating: 0, count: Int(status.size))
            let file = zip_fopen_index(zip, index, 0)
            zip_fread(file, &content, status.size)
            zip_fclose(file)
            return Member(name: String(cString: status.name), content: content)
        }
    }

    static func archive(_ members: [Member]) -> [UInt8] {
        var bytes: [UInt8] = [], directory: [UInt8] = []
        func append(_ number: Int, _ size: Int, to list: inout [UInt8]) {
            for i in 0..<size { list.append(UInt8(truncatingIfNeeded: number >> (8 * i))) }
        }
        for member in members {
            let name = [UInt8](member.name.utf8), sum = Int(crc32(0, member.content, UInt32(member.content.count))),
                place = bytes.count
            func header(_ list: inout [UInt8]) {
                for (number, size) in [
                    (20, 2), (0, 2), (0, 2), (0, 4), (sum, 4), (member.content.count, 4), (member.content.count, 4),
                    (name.count, 2), (0, 2),
                ] {
                    append(number, size, to: &list)
                }
            }
            append(0x0403_4B50, 4, to: &bytes)
            header(&bytes)
            bytes += name + member.content
            append(0x0201_4B50, 4, to: &directory)
            append(20, 2, to: &directory)
            header(&directory)
            for (number, size) in [(0, 2), (0, 2), (0, 2), (0, 4), (place, 4)] { append(number, size, to: &directory) }
            directory += name
        }
        let start = bytes.count
        bytes += directory
        for (number, size) in [
            (0x0605_4B50, 4), (0, 2), (0, 2), (members.count, 2), (members.count, 2), (directory.count, 4), (start, 4),
            (0, 2),
        ] {
            append(number, size, to: &bytes)
        }
        return bytes
    }
}
