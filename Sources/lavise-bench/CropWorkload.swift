import Fingerprints
import Foundation
import HDF5
import Imaging

/// JPEG files to 224×224 crops (METHOD 1) on one thread: real COCO images where there are some, else drawn ones.
final class CropWorkload: BenchWorkload {
    let name = "crop"
    let title: String
    let items: Int
    let unit = "img"
    let flop = 0.0, bytes = 0.0
    private let files: [(name: String, bytes: [UInt8])]
    private var crops: [RGBImage] = []

    init() throws {
        let reference = ProcessInfo.processInfo.environment["LAVISE_REFERENCE"] ?? "../shared"
        let folder = URL(fileURLWithPath: reference + "/data/coco-sample/val2017")
        let found = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        let real = try found.filter { $0.pathExtension == "jpg" }.sorted { $0.path < $1.path }.prefix(64).map {
            (name: $0.lastPathComponent, bytes: [UInt8](try Data(contentsOf: $0)))
        }
        files = real.isEmpty ? try (0..<64).map { ("drawn \($0)", try Self.drawn($0)) } : real
        items = files.count
        title = "JPEG → crop, a core, \(real.isEmpty ? "drawn 640×480" : "COCO") images"
    }

    /// A gradient with noise.
    private static func drawn(_ index: Int) throws -> [UInt8] {
        var random = RandomSource(seed: UInt64(index), stream: "bench/jpeg")
        let pixels = (0..<640 * 480 * 3).map {
            UInt8(truncatingIfNeeded: ($0 % 1920 / 12 + $0 / 1920 / 4 + random.below(32)) % 256)
        }
        return try encodeJPEG(RGBImage(width: 640, height: 480, pixels: pixels), quality: 90)
    }

    func writeInputs(to file: HDF5File) throws {
        for (index, content) in files.enumerated() { try file.write("files/\(index)", content.bytes) }
    }

    func writeOutputs(to file: HDF5File) throws {
        try file.write("crops", crops.flatMap(\.pixels), shape: [items, 224, 224, 3])
    }

    func run() throws {
        crops = try files.map { file in
            try file.bytes.withUnsafeBytes { try decodeImage(bytes: $0, name: file.name).centreCrop() }
        }
    }
}
