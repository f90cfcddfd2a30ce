import Datasets
import Engine
import Fingerprints
import Foundation
import HDF5

/// Word vectors as text (GloVe) → `embedding.h5`, and `words.txt`, on which alone the choice of concepts depends.
struct EmbeddingStage: Stage {
    let name = "embedding"
    let revision = 1
    let staysWithDriver = true
    let outputs = [WordList.name, EmbeddingFile.name]
    let parameters: Parameters

    struct Parameters: Encodable, Sendable {
        /// Path of the text file inside the input, where the input is a folder or a zip.
        @OrNull var member: String?
    }

    init(member: String?) { parameters = Parameters(member: member) }

    func numericsKey() -> Digest? { nil }

    func run(_ context: StageContext) throws {
        let input = try context.path(.vectors)
        var isFolder: ObjCBool = false
        let isInside = FileManager.default.fileExists(atPath: input, isDirectory: &isFolder) && isFolder.boolValue
        let reader =
            try isInside
            ? GloveReader(parameters.member.map { input + "/" + $0 } ?? input)
            : GloveReader(input, member: parameters.member)
        var words: [String] = [], known: Set<Word> = [], doubled: [String] = []
        var width = 0
        // Two passes: the first counts, so that the vectors stream into a dataset of known shape.
        try reader.forEach { word, vector in
            words.append(word)
            if !known.insert(Word(word)).inserted { doubled.append(word) }
            width = vector.count
            if words.count % 4096 == 0 { try context.checkCancelled() }
        }
        guard !words.isEmpty else {
            throw ExperimentError("\(input): no word vectors; expected a word and its numbers a line")
        }
        known = []
        if !doubled.isEmpty {
            let named = doubled.prefix(3).map { "\"\(printable($0))\"" }.joined(separator: ", ")
            let rest = doubled.count - min(3, doubled.count)
            context.note(
                "\(doubled.count) of \(words.count) word vectors are of a word that has one already: \(named)"
                    + (rest > 0 ? ", and \(rest) more" : "") + "; of an annotated word the last one counts")
        }
        var file = try EmbeddingFile.create(context.output + "/" + EmbeddingFile.name, words: words, width: width)
        var block: [Float] = []
        func flush() throws {
            try file.append(block)
            block.removeAll(keepingCapacity: true)
            context.progress(file.count, of: words.count, "words")
            try context.checkCancelled()
        }
        try reader.forEach { _, vector in
            block += vector
            if block.count >= width * 4096 { try flush() }
        }
        try flush()
        try file.close()
        try WordList(words).write(to: context.output + "/" + WordList.name)
    }
}
