import Foundation
import Graphs
import Testing
import Transfer

/// The manifests of official weights.
@Suite struct WeightManifestTests {
    static let folder = URL(fileURLWithPath: #filePath).appending(path: "../../../../manifests").standardized.path

    /// PyTorch writes the beginning of a file's SHA-256 into its name: the hashes are those files'.
    @Test func hashesBeginAsTheNamesSay() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder).filter {
            $0.hasSuffix(".json") && !$0.hasSuffix(".lock.json")
        }
        var checked: [String] = []
        for name in names.sorted() {
            for file in try Manifest(contentsOf: "\(Self.folder)/\(name)").files where file.name.hasSuffix(".pth") {
                let tag = try #require(file.name.dropLast(4).split(separator: "-").last)
                guard case .sha256(let digest)? = file.checksum else {
                    Issue.record("\(name) has no SHA-256")
                    continue
                }
                #expect(tag.count >= 8 && digest.hex.hasPrefix(tag) && file.license == "BSD-3-Clause", "\(name)")
                #expect(file.urls.contains("https://download.pytorch.org/models/\(file.name)"), "\(name)")
                checked.append(name)
            }
        }
        #expect(checked.count >= 26)
    }
}
