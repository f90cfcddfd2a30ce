import Foundation

/// Names the first place in which two artifacts differ; nil where they are the same.
@Sendable public func firstDifference(_ first: String, _ second: String) throws -> String? {
    let a = try Data(contentsOf: URL(fileURLWithPath: first), options: .alwaysMapped)
    let b = try Data(contentsOf: URL(fileURLWithPath: second), options: .alwaysMapped)
    guard a != b else { return nil }
    let place = zip(a, b).enumerated().first { $1.0 != $1.1 }?.offset ?? min(a.count, b.count)
    return "byte \(place)"
}
