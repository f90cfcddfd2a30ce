import Foundation
import HDF5
import Testing

@Suite struct AppenderTests {
    private func path(_ name: String) -> String { NSTemporaryDirectory() + "appender-\(UUID().uuidString)-\(name).h5" }

    @Test func rowsGrowAcrossChunksAndReadBack() throws {
        let path = path("grow")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try HDF5File.create(path)
        let appender = try file.createAppender("a/b", Int32.self, rowShape: [2, 3], rowsPerChunk: 4, deflate: 1)
        for rows in [1, 3, 0, 7] { try appender.append((0..<rows * 6).map { Int32($0 + appender.rows * 6) }) }
        #expect(appender.rows == 11)
        try file.close()
        let opened = try HDF5File.open(path)
        #expect(try opened.shape(of: "a/b") == [11, 2, 3])
        #expect(try opened.read("a/b", as: Int32.self) == (0..<66).map { Int32($0) })
    }

    @Test func partOfARowIsRefused() throws {
        let path = path("part")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let appender = try HDF5File.create(path).createAppender("x", Float.self, rowShape: [3], rowsPerChunk: 2)
        #expect(throws: HDF5Error.self) { try appender.append([1, 2, 3, 4]) }
    }

    @Test func sameRowsGiveTheSameBytes() throws {
        func bytes(_ blocks: [Int]) throws -> Data {
            let path = path("bytes")
            defer { try? FileManager.default.removeItem(atPath: path) }
            let file = try HDF5File.create(path)
            let appender = try file.createAppender("x", UInt8.self, rowShape: [5], rowsPerChunk: 2, deflate: 1)
            var next: UInt8 = 0
            for rows in blocks {
                try appender.append(
                    (0..<rows * 5).map { _ in
                        next &+= 1; return next
                    })
            }
            try file.close()
            return try Data(contentsOf: URL(fileURLWithPath: path))
        }
        #expect(try bytes([3, 4, 2]) == bytes([3, 4, 2]))
    }
}
