import Fingerprints
import Glibc

/// Text for people: paths inside a store become what the user calls the thing, an output that is being made by its name
/// (`features.h5`), an artifact by its job and name (`features/features.h5`). An artifact that no trace knows stays as
/// it is.
public func withoutStoreAddresses(_ text: String) -> String {
    let address =
        #/\/(?:work\/(?:[0-9a-f]{64}\/(?:out-[^\/\s]+|scratch)|verify-[^\/\s]+\/(?:out|scratch))(?:\/|\b)|cas\/[0-9a-f]{2}\/([0-9a-f]{64}))/#
    var text = text
    for match in text.matches(of: address).reversed() {
        guard let start = startOfPath(in: text, before: match.range.lowerBound) else { continue }
        var name = ""
        if let digest = match.output.1 {
            guard let store = try? Store(at: String(text[start..<match.range.lowerBound])),
                let made = try? store.provenance(of: String(digest)).first, let output = made.output
            else { continue }
            name = "\(made.trace.job)/\(output.name)"
        }
        text.replaceSubrange(start..<match.range.upperBound, with: name)
    }
    return text
}

/// Where the path of an existing folder begins that ends at `end`, blanks in its name or not: at the first slash that
/// makes it one.
private func startOfPath(in text: String, before end: String.Index) -> String.Index? {
    text[..<end].indices.first { text[$0] == "/" && access(String(text[$0..<end]), F_OK) == 0 }
}
