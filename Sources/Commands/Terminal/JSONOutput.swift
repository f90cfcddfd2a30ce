import Fingerprints

/// Prints what `--json` asks for as one document: that of the one thing asked about, or an array of several things' in
/// their order.
/// - Parameter isList: several were asked about, however many of them could be told of.
/// - Throws: `StreamError`.
func standardOutput(json documents: [Value], isList: Bool) throws {
    if !isList, let document = documents.first, documents.count == 1 {
        return try standardOutput(document.json(pretty: true))
    }
    try standardOutput(Value.array(documents).json(pretty: true))
}

func standardOutput(json document: Value) throws { try standardOutput(json: [document], isList: false) }
