/// What went wrong with an HDF5 file: the file, the dataset, group or attribute, and why (HDF5's own words where it has
/// some).
public struct HDF5Error: Error, CustomStringConvertible, Sendable, Equatable {
    /// Path of the file as it was given.
    public let file: String
    /// Path of the object inside the file; nil when the file as a whole is meant.
    public let object: String?
    /// What is wrong, with HDF5's own words where it has some; without file and object.
    public let reason: String

    /// - Parameter object: path inside the file; nil when the file as a whole is meant.
    public init(file: String, object: String?, reason: String) {
        self.file = file
        self.object = object
        self.reason = reason
    }

    /// `HDF5 file 'PATH', 'OBJECT': ` and the reason, or without an object.
    public var description: String {
        guard let object else { return "HDF5 file '\(file)': \(reason)" }
        return "HDF5 file '\(file)', '\(object)': \(reason)"
    }
}
