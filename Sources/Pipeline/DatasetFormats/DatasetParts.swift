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
        return try unpack(member, of: path, into: context.scratch, check: context.checkCancelled)
    }

    /// The last parts of the paths that an annotation file names, which may lie in an archive.
    fileprivate func names(in path: String, _ read: (String) throws -> Set<String>) throws -> Set<String> {
        guard let member else { return try read(path) }
        let folder = FileManager.default.temporaryDirectory.path + "/lavise-names-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try read(unpack(member, of: path, into: folder) {})
    }
}

/// - Returns: the path of the file.
private func unpack(_ member: String, of path: String, into folder: String, check: () throws -> Void) throws -> String {
    let archive = try ZipArchive(path), unpacked = folder + "/" + member
    let parent = URL(fileURLWithPath: unpacked).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
    guard FileManager.default.createFile(atPath: unpacked, contents: nil),
        let file = FileHandle(forWritingAtPath: unpacked)
    else { throw FileSystemError("write", unpacked, code: errno) }
    defer { try? file.close() }
    try archive.stream(archive.member(member)) {
        try check()
        try file.write(contentsOf: $0)
    }
    return unpacked
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

    /// Reads which images an annotation file names.
    typealias ImageNames = @Sendable (String) throws -> Set<String>

    /// - Parameters:
    ///   - path: below the folder unless it begins with a slash.
    ///   - annotations: a part that was added before; of a folder of images those count that it names.
    mutating func add(
        _ name: String, _ path: String, member: String? = nil,
        namedBy annotations: (part: DatasetPart, read: ImageNames)? = nil
    ) -> DatasetPart {
        if !inputs.contains(where: { $0.name == name }) {
            let named = annotations.flatMap { selection(by: $0.part, $0.read) }
            inputs.append(Input(name, .file(path.hasPrefix("/") ? path : base + "/" + path), selection: named))
        }
        return DatasetPart(name, member: member)
    }

    /// The first of the places that is there: a path below the folder, and for an archive the member. Where none is,
    /// the first one is missing.
    mutating func find(
        _ candidates: [(path: String, member: String?)],
        namedBy annotations: (part: DatasetPart, read: ImageNames)? = nil
    ) -> DatasetPart {
        let found = candidates.first { exists($0.path) } ?? candidates[0]
        return add(found.path, found.path, member: found.member, namedBy: annotations)
    }

    private func selection(by annotations: DatasetPart, _ read: @escaping ImageNames) -> InputSelection? {
        guard case .file(let file)? = inputs.first(where: { $0.name == annotations.input })?.source else { return nil }
        return InputSelection(file: file, member: annotations.member) { try annotations.names(in: file, read) }
    }

    func exists(_ path: String) -> Bool { places.exists(base + "/" + path) }
}
