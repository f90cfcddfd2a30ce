import Foundation
import Datasets
import Imaging

func fixture(_ name: String) -> String { Bundle.module.resourcePath! + "/Fixtures/" + name }

func fixtureLines(_ name: String) -> [[String]] {
    let text = (try? String(contentsOfFile: fixture(name), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
}

/// The folder with the real data, or nil: tests that need it are then skipped.
let reference: String? = {
    let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let path =
        ProcessInfo.processInfo.environment["LAVISE_REFERENCE"]
        ?? packageRoot.deletingLastPathComponent().appendingPathComponent("shared").path
    return FileManager.default.fileExists(atPath: path + "/data") ? path : nil
}()

struct FNV {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }

    var hex: String {
        let hex = String(value, radix: 16)
        return String(repeating: "0", count: 16 - hex.count) + hex
    }
}

func fnv(_ bytes: [UInt8]) -> String {
    var hash = FNV()
    hash.add(bytes)
    return hash.hex
}

/// A folder that is removed when the value goes.
final class TemporaryFolder {
    let path: String

    init() {
        path =
            FileManager.default.temporaryDirectory.appendingPathComponent("lavise-datasets-" + UUID().uuidString).path
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and returns its path.
    func write(_ name: String, _ text: String) -> String { write(name, Array(text.utf8)) }

    func write(_ name: String, _ bytes: [UInt8]) -> String {
        let file = path + "/" + name
        precondition(FileManager.default.createFile(atPath: file, contents: Data(bytes)), "\(file) not written")
        return file
    }
}

/// A mask from rows of "." and "#".
func mask(_ rows: String...) -> Bitmap {
    var mask = Bitmap(width: rows[0].count, height: rows.count)
    for (y, row) in rows.enumerated() {
        for (x, character) in row.enumerated() where character == "#" { mask[x, y] = true }
    }
    return mask
}
