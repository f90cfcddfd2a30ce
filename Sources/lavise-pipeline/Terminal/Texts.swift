import Foundation
import Pipeline

/// Paths are kept as texts: one that is none would be taken for another path, and a folder of another name be made.
/// - Throws: `ExperimentError` for an argument, a variable of ours or a current folder that is not UTF-8.
func checkTexts() throws {
    func check(_ bytes: UnsafePointer<CChar>, _ what: String) throws {
        guard String(validatingCString: bytes) == nil else { return }
        throw ExperimentError("\(what) is not UTF-8: \"\(String(cString: bytes))\"; rename it, or make a link to it that is")
    }
    for index in 1..<max(1, Int(CommandLine.argc)) {
        if let argument = CommandLine.unsafeArgv[index] { try check(argument, "argument \(index)") }
    }
    for name in ["LAVISE_STORE", "LAVISE_DATA", "LAVISE_MIRRORS"] {
        if let value = getenv(name) { try check(value, name) }
    }
    if let folder = getcwd(nil, 0) {
        defer { free(folder) }
        try check(folder, "the current folder")
    }
}
