import Datasets
import Engine
import Fingerprints

/// How a dataset's parts are read: what of it is fingerprinted, and the reading.
package struct DatasetLayout: Sendable {
    /// The parts' names and places inside the inputs, for the fingerprint.
    package let parameters: Value
    /// The annotations and, for reading them by the paths in it, the images.
    package let open: @Sendable (StageContext, DatasetReading) throws -> (any ReferenceDataset, ImageFiles)

    package init(
        parameters: Value,
        open: @escaping @Sendable (StageContext, DatasetReading) throws -> (any ReferenceDataset, ImageFiles)
    ) {
        self.parameters = parameters
        self.open = open
    }
}

/// What a dataset is read by.
package struct DatasetReading: Sendable {
    /// Whether a word has a vector.
    package let hasVector: @Sendable (String) -> Bool
    package let rules: DatasetRules
}

extension DatasetPart {
    var value: Value { [.string(input), .string(inside), member.map { .string($0) } ?? .null] }
}
