import Fingerprints
import Foundation
import HDF5
import Pipeline
import Testing

/// What `verify` says of two artifacts that should be the same.
@Suite struct FirstDifferenceTests {
    private func h5(
        _ path: String, _ change: (inout [Float]) -> Void = { _ in }, extra: Bool = false,
        words: [String] = ["a", "bc"], attribute: String = "x"
    ) throws {
        var numbers = (0..<60).map { Float($0) / 4 }
        numbers[7] = .nan
        change(&numbers)
        let file = try HDF5File.create(path)
        try file.write("bn1/weight", numbers, shape: [5, 4, 3])
        try file.write("count", [Int64(3)], shape: [])
        try file.write("words", strings: words)
        if extra { try file.write("history", [1.5, 2.5] as [Double]) }
        try file.setAttribute("layer", on: "bn1/weight", attribute)
        try file.close()
    }

    @Test func hdf5NamesDatasetIndexAndValues() throws {
        try Workspace.with { workspace in
            let a = workspace.root + "/a", b = workspace.root + "/b"
            try h5(a)
            try h5(b)
            #expect(try firstDifference(a, b) == nil)
            try h5(b) { $0[3 * 12 + 2 * 3 + 1] += 0.5 }
            #expect(try firstDifference(a, b) == "/bn1/weight[3, 2, 1]: 10.75 → 11.25")
            try h5(b) { $0[7] = 1 }
            #expect(try firstDifference(a, b) == "/bn1/weight[0, 2, 1]: nan → 1.0")
            try h5(b) { $0[0] = -0.0 }
            #expect(try firstDifference(a, b) == "/bn1/weight[0, 0, 0]: 0.0 → -0.0")
            try h5(b, extra: true)
            #expect(try firstDifference(a, b) == "/history: only in the second")
            try h5(b, words: ["a", "bd"])
            #expect(try firstDifference(a, b) == "/words[1]: \"bc\" → \"bd\"")
            try h5(b, words: ["a", "bc", "d"])
            #expect(try firstDifference(a, b) == "/words: shape [2] → [3]")
            try h5(b, attribute: "y")
            #expect(
                try firstDifference(a, b)?.hasSuffix("outside of the datasets' numbers: attributes or layout") == true)
        }
    }

    /// More numbers than are read at a time.
    @Test func largeDatasetsAreReadInPieces() throws {
        try Workspace.with { workspace in
            let paths = [workspace.root + "/a", workspace.root + "/b"]
            for (index, path) in paths.enumerated() {
                let file = try HDF5File.create(path)
                let dataset = try file.createDataset(
                    "features", Float.self, shape: [50, 100_000], chunk: [1, 100_000])
                for row in 0..<50 {
                    var values = [Float](repeating: Float(row), count: 100_000)
                    if index == 1, row == 37 { values[4321] = 9 }
                    try dataset.write(rows: row..<row + 1, values)
                }
                try file.close()
            }
            #expect(try firstDifference(paths[0], paths[1]) == "/features[37, 4321]: 37.0 → 9.0")
        }
    }

    @Test func textNamesTheLineBytesTheByteAndFoldersTheFile() throws {
        try Workspace.with { workspace in
            func write(_ name: String, _ data: Data) throws -> String {
                let path = workspace.root + "/" + name
                try FileManager.default.createDirectory(
                    atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
                try data.write(to: URL(fileURLWithPath: path))
                return path
            }
            let a = try write("a", Data("{\n  \"recall\": 0.25\n}\n".utf8)),
                b = try write("b", Data("{\n  \"recall\": 0.35\n}\n".utf8))
            #expect(try firstDifference(a, b) == "line 2: \"  \"recall\": 0.25\" → \"  \"recall\": 0.35\"")
            let longer = try write("longer", Data("{\n  \"recall\": 0.25\n}\nmore\n".utf8))
            #expect(try firstDifference(a, longer) == "line 4: nothing → \"more\"")
            let c = try write("c", Data([0, 1, 2, 3])), d = try write("d", Data([0, 1, 9, 3, 4]))
            #expect(try firstDifference(c, d) == "byte 2 (4 and 5 bytes)")
            // One begins as the other, and goes on.
            let e = try write("e", Data([0, 1, 2]))
            #expect(try firstDifference(c, e) == "byte 3 (4 and 3 bytes)")
            let empty = try write("empty", Data())
            #expect(try firstDifference(empty, c) == "byte 0 (0 and 4 bytes)" && firstDifference(empty, empty) == nil)
            _ = try write("x/same", Data("1".utf8))
            _ = try write("y/same", Data("1".utf8))
            _ = try write("x/deep/t.csv", Data("h\n1,2\n".utf8))
            _ = try write("y/deep/t.csv", Data("h\n1,3\n".utf8))
            let x = workspace.root + "/x", y = workspace.root + "/y"
            #expect(try firstDifference(x, y) == "deep/t.csv: line 2: \"1,2\" → \"1,3\"")
            _ = try write("y/more", Data())
            _ = try write("y/deep/t.csv", Data("h\n1,2\n".utf8))
            #expect(try firstDifference(x, y) == "more: only in the second")
            #expect(try firstDifference(x, a) == "one is a folder, the other a file")
            try FileManager.default.removeItem(atPath: y + "/more")
            #expect(try firstDifference(x, y) == nil)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: y + "/same")
            #expect(try firstDifference(x, y) == "same: only one may be executed")
        }
    }
}
