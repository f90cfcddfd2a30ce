import Foundation
import HDF5
import Networks
import Tensors

/// Path of a file of the reference, which is not part of the project (LAVISE_REFERENCE, by default `../shared`).
func referencePath(_ name: String) -> String {
    let root =
        ProcessInfo.processInfo.environment["LAVISE_REFERENCE"]
        ?? URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../../shared").standardized.path
    return root + "/" + name
}

func trainingFixture(_ name: String) throws -> HDF5File {
    try HDF5File.open(Bundle.module.bundlePath + "/Fixtures/Training/" + name)
}

/// A folder of its own for a test, removed after it.
func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appending(path: "networks-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

/// ‖a − b‖ / ‖b‖
func relativeError(_ a: [Float], _ b: [Float]) -> Double {
    guard a.count == b.count else { return .infinity }
    let difference = zip(a, b).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
    return (difference / b.reduce(0.0) { $0 + pow(Double($1), 2) }).squareRoot()
}

func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
    a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
}

/// Samples in memory.
struct ListedSamples: SampleSource {
    let width: Int
    let features: [Float]
    let lists: [[Int32]]
    var count: Int { lists.count }

    func read(_ rows: ArraySlice<Int>, into destination: UnsafeMutablePointer<Float>) throws {
        for (place, row) in rows.enumerated() {
            for i in 0..<width { destination[place * width + i] = features[row * width + i] }
        }
    }

    func positives(_ row: Int) -> [Int32] { lists[row] }
}
