/// A number with a fixed number of decimals, halves away from zero: the one place where tables round.
/// Empty for a number that is missing or not finite.
func fixed(_ number: Double?, _ decimals: Int) -> String {
    guard let number, number.isFinite else { return "" }
    let scale = (0..<decimals).reduce(1.0) { power, _ in power * 10 }
    let scaled = (number.magnitude * scale).rounded()
    guard scaled < 0x1p53 else { return number.description }
    let units = Int(scaled), whole = units / Int(scale), part = String(units % Int(scale))
    let sign = number < 0 && units > 0 ? "-" : ""
    guard decimals > 0 else { return sign + String(whole) }
    return sign + "\(whole)." + String(repeating: "0", count: decimals - part.count) + part
}

/// The number that `fixed` shows, for JSON.
func rounded(_ number: Double?, _ decimals: Int) -> Double? { Double(fixed(number, decimals)) }

/// Decimals of the tables for people and of the files for programs.
enum Decimals {
    static let shown = 3
    static let stored = 6
}
