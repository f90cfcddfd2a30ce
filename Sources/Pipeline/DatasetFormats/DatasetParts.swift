import Engine
import Files
import Foundation
import Transfer

/// The parts of a dataset as they lie, and the inputs of the preprocess stage that they are: every part of a folder of
/// the user's is an input of its own, so that other files beside them change nothing.
package struct DatasetParts: Sendable {
    package let layout: DatasetLayout
    package let inputs: [Input]

    package init(layout: DatasetLayout, inputs: [Input]) {
        self.layout = layout
        self.inputs = inputs
    }
}

/// A part of a dataset: the name of a stage input, and a path inside it (empty: the input itself).
package struct DatasetPart: Sendable {
    let input: String
    let inside: String
    /// Where the input is a zip archive: the annotation file in it.
    let member: String?

    package init(_ input: String, _ inside: String = "", member: String? = nil) {
        self.input = input
        self.inside = inside
        self.member = member
    }

    package func path(_ context: StageContext) throws -> String {
        let base = try context.input(input)
        return inside.isEmpty ? base : base + "/" + inside
    }

    /// The path of an annotation file, unpacked if it lies in an archive.
    package func file(_ context: StageContext) throws -> String {
        let path = try path(context)
        guard let member else { return path }
        let archive = try ZipArchive(path), unpacked = context.scratch + "/" + member
        let folder = URL(fileURLWithPath: unpacked).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        guard FileManager.default.createFile(atPath: unpacked, contents: nil),
            let file = FileHandle(forWritingAtPath: unpacked)
        else { throw FileSystemError("write", unpacked, code: errno) }
        defer { try? file.close() }
        try archive.stream(archive.member(member)) {
            try context.checkCancelled()
            try file.write(contentsOf: $0)
        }
        return unpacked
    }
}

/// Collects the parts of a dataset in a folder of the user's; an input that two of them share stands once.
struct PartsOfFolder {
    let base: String
    let places: Places
    private(set) var inputs: [Input] = []

    init(_ base: String, _ places: Places) {
        self.base = base
        self.places = places
    }

    /// - Parameter path: below the folder unless it begins with a slash.
    mutating func add(_ name: String, _ path: String, member: String? = nil) -> DatasetPart {
        if !inputs.contains(where: { $0.name == name }) {
            inputs.append(Input(name, .file(path.hasPrefix("/") ? path : base + "/" + path)))
        }
        return DatasetPart(name, member: member)
    }

    /// The first of the places that is there: a path below the folder, and for an archive the member. Where none is, the
    /// first one is missing.
    mutating func find(_ candidates: [(path: String, member: String?)]) -> DatasetPart {
        let found = candidates.first { exists($0.path) } ?? candidates[0]
        return add(found.path, found.path, member: found.member)
    }

    func exists(_ path: String) -> Bool { places.exists(base + "/" + path) }
}
