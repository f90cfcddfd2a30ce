/// Where in a checkpoint a model's weights stand.
struct WeightsPlace: Sendable, Equatable {
    /// Keys that lead to the dictionary, joined by dots; empty for the file's root.
    let key: String
    /// What stands before the names in it; often nothing.
    let prefix: String

    /// For the user; nil where the names stand in the file as the architecture has them.
    var note: String? {
        guard !key.isEmpty || !prefix.isEmpty else { return nil }
        return "weights are read " + (key.isEmpty ? "" : "under the key \"\(key)\"")
            + (key.isEmpty || prefix.isEmpty ? "" : ", ")
            + (prefix.isEmpty ? "" : "with the prefix \"\(prefix)\" before every name")
    }
}
