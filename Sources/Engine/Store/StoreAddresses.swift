import Fingerprints
import Glibc

/// Text for people: paths inside a store become what the user calls the thing, an output that is being made by its name
/// (`features.h5`), an artifact by its job and name (`features/features.h5`), what the store writes down for itself by
/// what it is and the folder that it lies in (`traces in .lavise/ac`). An artifact that no trace knows stays as it is.
public func withoutStoreAddresses(_ text: String) -> String {
    withoutRecordAddresses(withoutOutputAddresses(text))
}

private func withoutOutputAddresses(_ text: String) -> String {
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

/// What a store's folders of its own records hold.
private let records = [
    "ac": "traces", "history": "histories", "failures": "failures", "stat": "digests of files",
    "tables": "digests of files",
    "listings": "listings of folders", "projects": "projects", "remote": "what remote stores have",
    "work": "work under way",
    "locks": "locks of jobs", "pins": "pins", "runs": "records of runs", "quarantine": "what was set aside",
]

private func withoutRecordAddresses(_ text: String) -> String {
    let address =
        #/\/([a-z]+)\/(?:[0-9a-f]{2}\/)?(?:[0-9a-f]{64}[^\/\s:]*|(?:tmp|verify|trash)-\d+-[0-9a-z]+-\d+|\d{12}-\d+-[0-9a-z]+-\d+)/#
    var text = text
    for match in text.matches(of: address).reversed() {
        let kind = String(match.output.1), end = match.range.lowerBound
        guard let what = records[kind], let start = startOfPath(in: text, before: end) else { continue }
        text.replaceSubrange(start..<match.range.upperBound, with: "\(what) in \(text[start..<end])/\(kind)")
    }
    return text
}

/// Where the path of an existing folder begins that ends at `end`, blanks in its name or not: at the first slash that
/// makes it one.
private func startOfPath(in text: String, before end: String.Index) -> String.Index? {
    text[..<end].indices.first { text[$0] == "/" && access(String(text[$0..<end]), F_OK) == 0 }
}
