import Foundation
import HDF5
import Testing

/// A folder of its own for a test, removed after it.
func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appending(path: "hdf5-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

/// The message of the error that `body` throws.
func message(_ body: () throws -> Void) -> String? {
    do { try body() } catch { return "\(error)" }
    return nil
}

@Suite struct RoundTrips {
    private func roundTrip<T: HDF5Scalar & Equatable>(_ data: [T]) throws {
        try withFolder { folder in
            let file = try HDF5File.create(folder + "/a.h5")
            try file.write("/deep/er/data", data, shape: [2, data.count / 2])
            #expect(try file.read("deep/er/data", as: T.self) == data)
            try file.close()
            let again = try HDF5File.open(folder + "/a.h5")
            #expect(try again.shape(of: "/deep/er/data") == [2, data.count / 2])
            #expect(try again.scalarType(of: "deep/er/data") == T.hdf5Type)
            #expect(try again.read("/deep/er/data", as: T.self) == data)
            #expect(try again.dataset("/deep/er/data", T.self).read(rows: 1..<2) == Array(data[(data.count / 2)...]))
        }
    }

    @Test func everyNumberType() throws {
        try roundTrip([UInt8](0...255))
        try roundTrip([0, 1, 65535, 256] as [UInt16])
        try roundTrip([.min, -1, 0, .max] as [Int32])
        try roundTrip([.min, -1, 0, .max] as [Int64])
        try roundTrip([-0.0, 1.5, .infinity, .leastNonzeroMagnitude] as [Float])
        try roundTrip([-0.0, 0.1, .pi, .greatestFiniteMagnitude] as [Double])
        try roundTrip([0.5, -2, 65504, .infinity] as [Float16])
    }

    @Test func notANumberKeepsItsBits() throws {
        try withFolder { folder in
            let file = try HDF5File.create(folder + "/a.h5")
            try file.write("x", [Float.nan, 1])
            #expect(try file.read("x", as: Float.self)[0].isNaN)
        }
    }

    @Test func singleAndEmpty() throws {
        try withFolder { folder in
            let file = try HDF5File.create(folder + "/a.h5")
            try file.write("one", [Int64(7)], shape: [])
            try file.write("none", [Float](), shape: [0, 300])
            try file.close()
            let again = try HDF5File.open(folder + "/a.h5")
            #expect(try again.shape(of: "one") == [])
            #expect(try again.read("one", as: Int64.self) == [7])
            #expect(try again.shape(of: "none") == [0, 300])
            #expect(try again.read("none", as: Float.self) == [])
        }
    }

    @Test func texts() throws {
        let words = ["dining", "", "naïve", "日本語", "a b"]
        try withFolder { folder in
            let file = try HDF5File.create(folder + "/a.h5")
            try file.write("concepts/token", strings: words)
            try file.write("concepts/none", strings: [])
            try file.close()
            let again = try HDF5File.open(folder + "/a.h5")
            #expect(try again.readStrings("concepts/token") == words)
            #expect(try again.readStrings("concepts/none") == [])
            #expect(try again.children(of: "concepts") == ["none", "token"])
        }
    }

    @Test func attributes() throws {
        try withFolder { folder in
            let file = try HDF5File.create(folder + "/a.h5")
            try file.write("features", [Float(1)])
            try file.setAttribute("backbone", on: "/", "resnet18 é")
            try file.setAttribute("empty", on: "features", "")
            try file.setAttribute("count", on: "features", 12)
            try file.setAttribute("count", on: "features", -13)
            try file.setAttribute("scale", on: "features", 0.1)
            try file.close()
            let again = try HDF5File.open(folder + "/a.h5")
            #expect(try again.stringAttribute("backbone", on: "/") == "resnet18 é")
            #expect(try again.stringAttribute("empty", on: "/features") == "")
            #expect(try again.intAttribute("count", on: "features") == -13)
            #expect(try again.doubleAttribute("scale", on: "features") == 0.1)
            #expect(try again.doubleAttribute("count", on: "features") == -13)
            #expect(try !again.hasAttribute("count", on: "/"))
            #expect(
                message { _ = try again.intAttribute("scale", on: "features") }?.contains("not a whole number") == true)
            #expect(
                message { _ = try again.intAttribute("count", on: "/") }?.contains("has no attribute 'count'") == true)
        }
    }

    @Test func addingToAFile() throws {
        try withFolder { folder in
            let path = folder + "/a.h5"
            var file = try HDF5File.create(path)
            let rows = try file.createDataset("rows", Float.self, shape: [3, 2], chunk: [1, 2])
            try rows.write(rows: 1..<2, [3, 4])
            try file.close()
            file = try HDF5File.open(path, writable: true)
            try file.dataset("rows", Float.self).write(rows: 2..<3, [5, 6])
            try file.close()
            #expect(try HDF5File.open(path).read("rows", as: Float.self) == [0, 0, 3, 4, 5, 6])
        }
    }
}

@Suite struct Layouts {
    /// Everything a stage may write.
    private func writeSample(_ path: String) throws {
        let file = try HDF5File.create(path)
        try file.write("images/id", (0..<100).map(Int64.init))
        try file.write("concepts/token", strings: ["a", "long word", "b"])
        let maps = try file.createDataset(
            "features", Float.self, shape: [50, 4, 7, 7], chunk: [1, 4, 7, 7], deflate: 4)
        for row in stride(from: 0, to: 50, by: 3) {
            try maps.write(rows: row..<row + 1, [Float](repeating: Float(row), count: 196))
        }
        try file.setAttribute("layer", on: "features", "layer3")
        try file.close()
    }

    @Test func twoWritesGiveTheSameBytes() throws {
        try withFolder { folder in
            try writeSample(folder + "/a.h5")
            sleep(1)  // a kept time would differ now
            try writeSample(folder + "/b.h5")
            #expect(try bytes(folder + "/a.h5") == bytes(folder + "/b.h5"))
        }
    }

    @Test func chunksNeverWrittenTakeNoRoom() throws {
        try withFolder { folder in
            let path = folder + "/a.h5"
            let file = try HDF5File.create(path)
            // 8 GB.
            let maps = try file.createDataset("maps", Float.self, shape: [10_000, 64, 56, 56], chunk: [1, 64, 56, 56])
            let row = (0..<maps.rowCount).map { Float($0 % 7) }
            try maps.write(rows: 5000..<5001, row)
            try file.close()
            #expect(try bytes(path).count < 2 << 20)
            let again = try HDF5File.open(path).dataset("maps", Float.self)
            #expect(try again.read(rows: 5000..<5001) == row)
            #expect(try again.read(rows: 4999..<5000) == [Float](repeating: 0, count: maps.rowCount))
        }
    }

    @Test func rowsOfOneBlockFromManyThreads() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "hdf5-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let written = try HDF5File.create(folder + "/a.h5")
        let data = (0..<1000 * 33).map(Float.init)
        try written.write("x", data, shape: [1000, 33])
        try written.write("y", data, shape: [1000, 33])
        try written.close()
        let file = try HDF5File.open(folder + "/a.h5")
        let x = try file.dataset("x", Float.self), y = try file.dataset("y", Float.self)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for step in 0..<200 {
                        let row = (step * 37 + task * 101) % 999
                        let expected = Array(data[row * 33..<(row + 2) * 33])
                        guard try x.read(rows: row..<row + 2) == expected, try y.read(rows: row..<row + 2) == expected
                        else { return false }
                    }
                    return true
                }
            }
            for try await same in group { #expect(same) }
        }
    }

    /// A row that memory holds is the row that HDF5 reads; nothing else is said to be at hand.
    @Test func rowsAtHand() throws {
        try withFolder { folder in
            let path = folder + "/a.h5", data = (0..<100 * 33).map(Float.init)
            let written = try HDF5File.create(path)
            try written.write("block", data, shape: [100, 33])
            try written.createDataset("chunks", Float.self, shape: [100, 33], chunk: [10, 33])
                .write(rows: 0..<100, data)
            try written.close()
            let file = try HDF5File.open(path)
            let block = try file.dataset("block", Float.self), chunks = try file.dataset("chunks", Float.self)
            var row = [Float](repeating: -1, count: 33)
            for index in [0, 41, 99] {
                block.expect(row: index)
                _ = try block.read(rows: index..<index + 1)
                // A filesystem that cannot tell what memory holds says that it is none.
                if block.readAtHand(row: index, into: &row) {
                    #expect(try row == chunks.read(rows: index..<index + 1))
                }
                #expect(!chunks.readAtHand(row: index, into: &row))
            }
            for index in [-1, 100] {
                block.expect(row: index)
                #expect(!block.readAtHand(row: index, into: &row))
            }
            #expect(truncate(path, 4096) == 0)
            #expect((0..<100).contains { !block.readAtHand(row: $0, into: &row) })
            #expect(throws: HDF5Error.self) { for index in 0..<100 { _ = try block.read(rows: index..<index + 1) } }
        }
    }

    @Test func aBlockWrittenInPart() throws {
        try withFolder { folder in
            let file = try HDF5File.create(folder + "/a.h5")
            let block = try file.createDataset("block", Int32.self, shape: [4, 2], chunk: nil)
            try block.write(rows: 2..<3, [5, 6])
            _ = try file.createDataset("untouched", Int32.self, shape: [4, 2], chunk: nil)
            try file.close()
            let again = try HDF5File.open(folder + "/a.h5")
            #expect(try again.read("block", as: Int32.self) == [0, 0, 0, 0, 5, 6, 0, 0])
            #expect(try again.read("untouched", as: Int32.self) == [Int32](repeating: 0, count: 8))
        }
    }
}

@Suite struct Mistakes {
    @Test func everyErrorSaysWhatAndWhere() throws {
        try withFolder { folder in
            let path = folder + "/a.h5"
            let file = try HDF5File.create(path)
            try file.write("group/x", [Float(1), 2, 3])
            let x = try file.dataset("group/x", Float.self)
            for (expected, body) in [
                ("'group/x': holds float32, expected int32", { _ = try file.read("group/x", as: Int32.self) }),
                ("'/absent': does not exist", { _ = try file.read("absent", as: Float.self) }),
                ("'group': is a group, not a dataset", { _ = try file.read("group", as: Float.self) }),
                ("'group/x': exists already", { try file.write("group/x", [Float(1)]) }),
                (
                    "'y': 3 values do not fill the shape [2, 2]",
                    { try file.write("y", [Float](repeating: 0, count: 3), shape: [2, 2]) }
                ),
                (
                    "'y': 5 values do not fill the shape [2, 2]",
                    { try file.write("y", [Float](repeating: 0, count: 5), shape: [2, 2]) }
                ),
                ("'group/x': 2 numbers for 1 rows of 1", { try x.write(rows: 0..<1, [1, 2]) }),
                ("'y': a negative extent", { _ = try file.createDataset("y", Float.self, shape: [-1], chunk: nil) }),
                ("'y': the chunk [0]", { _ = try file.createDataset("y", Float.self, shape: [1], chunk: [0]) }),
                ("'y': the shape", { _ = try file.createDataset("y", Float.self, shape: [.max, .max], chunk: nil) }),
                ("'group/x': has no rows 2..<4", { _ = try x.read(rows: 2..<4) }),
                ("'group/x': 1 numbers for 2 rows of 1", { try x.write(rows: 0..<2, [1]) }),
                ("'group/x': does not hold text", { _ = try file.readStrings("group/x") }),
                ("'/group/x': is a dataset, not a group", { try file.write("group/x/inside", [Float(1)]) }),
            ] as [(String, () throws -> Void)] {
                let text = message(body)
                #expect(
                    text?.contains(path) == true && text?.contains(expected) == true,
                    "expected \(expected), got \(text ?? "no error")")
            }
            try file.close()
            #expect(message { try x.write(rows: 0..<1, [1]) }?.contains("closed") == true)
            #expect(message { _ = try file.shape(of: "group/x") }?.contains("is closed") == true)
            #expect(!file.contains("group/x"))
        }
    }

    @Test func filesThatCannotBeOpened() throws {
        try withFolder { folder in
            #expect(message { _ = try HDF5File.open(folder + "/absent.h5") }?.contains("No such file") == true)
            #expect(message { _ = try HDF5File.create(folder + "/no/folder.h5") }?.contains("No such file") == true)
            try Data("not HDF5 at all".utf8).write(to: URL(filePath: folder + "/text.h5"))
            #expect(message { _ = try HDF5File.open(folder + "/text.h5") }?.contains("signature") == true)
        }
    }

    /// HDF5 1.10 would divide by it. Found by fuzzing.
    @Test func aChunkWithoutExtent() throws {
        try withFolder { folder in
            let path = folder + "/x.h5"
            let file = try HDF5File.create(path)
            try file.createDataset("group/x", Float.self, shape: [4, 5], chunk: [1, 5]).write(
                rows: 0..<1, [1, 2, 3, 4, 5])
            try file.close()
            #expect(try HDF5File.open(path).read("group/x", as: Float.self).prefix(5) == [1, 2, 3, 4, 5])
            var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
            // The layout message: version 3, chunked, 3 extents with the element's size, an address, the extents.
            let extents: [UInt8] = [1, 0, 0, 0, 5, 0, 0, 0, 4, 0, 0, 0]
            let place = try #require(
                bytes.indices.dropLast(23).first {
                    bytes[$0] == 3 && bytes[$0 + 1] == 2 && bytes[$0 + 2] == 3
                        && Array(bytes[$0 + 11..<$0 + 23]) == extents
                })
            // One extent is 0, the other is, or there is none at all.
            for place in [place + 11, place + 15, place + 2] {
                let before = bytes[place]
                bytes[place] = 0
                try Data(bytes).write(to: URL(filePath: path))
                let damaged = try HDF5File.open(path)
                #expect(
                    message { _ = try damaged.read("group/x", as: Float.self).count }?.contains(
                        "'/group/x': has chunks without extent") == true)
                #expect(message { _ = try damaged.shape(of: "group/x") }?.contains("chunks without extent") == true)
                bytes[place] = before
            }
        }
    }

    @Test func aFullDiskSurfacesOnClosing() throws {
        guard FileManager.default.isWritableFile(atPath: "/dev/full") else { return }
        #expect(throws: HDF5Error.self) {
            let file = try HDF5File.create("/dev/full")
            try file.write("x", [Float](repeating: 1, count: 1 << 16))
            try file.close()
        }
    }

    @Test func aFileCutShort() throws {
        try withFolder { folder in
            let path = folder + "/a.h5"
            let file = try HDF5File.create(path)
            try file.write("x", [Float](repeating: 1, count: 1 << 16))
            try file.close()
            let whole = try bytes(path)
            for length in stride(from: 0, to: whole.count, by: 4096) {
                try whole.prefix(length).write(to: URL(filePath: path))
                #expect(throws: HDF5Error.self) { _ = try HDF5File.open(path).read("x", as: Float.self) }
            }
        }
    }
}
