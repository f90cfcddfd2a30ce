import Glibc

/// Student's t distribution with a whole number of degrees of freedom.
public enum StudentsT {
    /// What |t| stays under with a chance of `confidence`: for 0.95 the 97.5 % quantile.
    /// - Parameter degrees: at least 1.
    public static func bound(confidence: Double, degrees: Int) -> Double {
        var low = 0.0, high = Double.pi / 2
        // Halved until no number lies between.
        while case let angle = (low + high) / 2, low < angle, angle < high {
            if share(within: angle, degrees: degrees) < confidence { low = angle } else { high = angle }
        }
        return Double(degrees).squareRoot() * tan(high)
    }

    /// P(|t| < √degrees · tan(angle)); Abramowitz & Stegun 26.7.3 and 26.7.4.
    private static func share(within angle: Double, degrees: Int) -> Double {
        let square = cos(angle) * cos(angle), isOdd = degrees % 2 == 1
        var term = isOdd ? cos(angle) : 1, sum = degrees > 1 ? term : 0
        for power in stride(from: isOdd ? 3 : 2, to: degrees, by: 2) {
            term *= square * Double(power - 1) / Double(power)
            sum += term
        }
        return isOdd ? 2 / Double.pi * (angle + sin(angle) * sum) : sin(angle) * sum
    }
}
