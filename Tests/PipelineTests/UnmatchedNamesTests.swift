import Datasets
import Foundation
import HDF5
import Pipeline
import Testing

@Suite struct UnmatchedNamesTests {
    private static let names = [
        UnmatchedName(name: "Dog", annotations: 10, match: "dog"),
        UnmatchedName(name: "car\u{a0}light", annotations: 2, match: "car light"),
        UnmatchedName(name: "q\u{1b}x", annotations: 1, match: nil),
    ]

    @Test func areToldWithWhatTheyWouldMatch() {
        #expect(
            UnmatchedNames.note(Self.names, most: 5)
                == "3 names have no word vector, 13 annotations are left out with them: "
                + "Dog (10 annotations): did you mean dog?, car\\u{a0}light (2 annotations): did you mean car light?, q\\u{1b}x (1 annotation); "
                + "dataset.words=folded takes those that have a match")
        #expect(
            UnmatchedNames.note(Self.names, most: 1)?.contains("dog?, and 2 more (/unmatched in dataset.h5);") ?? false)
        #expect(UnmatchedNames.note([], most: 5) == nil)
    }

    @Test func namesThatLostAWordAreToldWithWhatTheyKept() {
        #expect(
            UnmatchedNames.partNote([UnmatchedName(name: "dog qwx", annotations: 1, match: "dog")], most: 5)
                == "1 names have a word without a vector, which is left out of them: dog qwx (1 annotation) is taken as dog"
        )
        #expect(
            UnmatchedNames.partNote(Self.names, most: 1)?.hasSuffix(
                "is taken as dog, and 2 more (/partly in dataset.h5)")
                ?? false)
        #expect(UnmatchedNames.partNote([], most: 5) == nil)
    }

    @Test func areKeptInTheFile() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "unmatched-\(UUID().uuidString).h5").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        for names in [Self.names, []] {
            try? FileManager.default.removeItem(atPath: path)
            let file = try HDF5File.create(path)
            try UnmatchedNames.write(names, to: file)
            try UnmatchedNames.write(names.reversed(), to: file, group: UnmatchedNames.partly)
            try file.write("other", [1] as [Int64])
            try file.close()
            let read = try HDF5File.open(path)
            #expect(try UnmatchedNames.read(from: read) == names)
            #expect(try UnmatchedNames.read(from: read, group: UnmatchedNames.partly) == names.reversed())
            #expect(try read.children().contains("unmatched") == !names.isEmpty)
        }
    }
}
