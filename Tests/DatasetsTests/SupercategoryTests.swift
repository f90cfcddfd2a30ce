import Datasets
import Foundation
import Testing

@Suite struct SupercategoryTests {
    private func groups(_ json: String) throws -> [String: String] {
        let path = FileManager.default.temporaryDirectory.appending(path: "categories-\(UUID().uuidString).json").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try json.write(toFile: path, atomically: true, encoding: .utf8)
        return try supercategories(ofAnnotations: path)
    }

    /// A word that is a category's whole name has that one's group: a dog is no food, though a hot dog is.
    @Test func wordsHaveTheGroupOfTheirOwnCategory() throws {
        let found = try groups(
            """
            {"images": [], "categories": [{"id": 52, "name": "hot dog", "supercategory": "food"},
             {"id": 16, "name": "dog", "supercategory": "animal"}, {"id": 3, "name": "hot pot", "supercategory": "kitchen"},
             {"id": 4, "name": "bare"}], "annotations": []}
            """)
        #expect(
            found == ["dog": "animal", "hot": "kitchen", "pot": "kitchen", "hot dog": "food", "hot pot": "kitchen"])
    }

    @Test func filesWithoutGroupsHaveNone() throws {
        #expect(try groups(#"{"categories": [{"id": 1, "name": "dog"}]}"#).isEmpty)
        #expect(try groups("{}").isEmpty)
        #expect(throws: (any Error).self) { try groups("[") }
    }
}
