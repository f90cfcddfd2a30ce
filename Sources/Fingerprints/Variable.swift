import Glibc

/// A variable of the environment; nil where it is not set, and where it is set to nothing.
public func variable(_ name: String) -> String? {
    guard let text = getenv(name), text[0] != 0 else { return nil }
    return String(cString: text)
}
