import Foundation
import HDF5
import Testing

extension Mistakes {
    /// Neither too few numbers nor too many are written, and no text that would come back shorter.
    @Test func sizesFitExactly() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "sizes-\(UUID().uuidString).h5").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try HDF5File.create(path)
        for count in [5, 7] {
            #expect(throws: HDF5Error.self, "\(count)") {
                try file.write("x\(count)", [Float](repeating: 1, count: count), shape: [2, 3])
            }
        }
        #expect(throws: HDF5Error.self) { try file.write("text", strings: ["a\0"]) }
        try file.write("good", [Float](repeating: 1, count: 6), shape: [2, 3])
        try file.close()
    }
}
