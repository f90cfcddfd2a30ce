/// Elementary functions by additions, multiplications and divisions in double, rounded once: the same bits on every
/// machine, which libm does not promise. Each is within one unit in the last place of a `Float`.
enum Elementary {
    /// eˣ: 2ⁿ · eʳ with |r| ≤ ln 2 / 2, eʳ by its Taylor polynomial of degree 13.
    @inline(__always)
    static func exp(_ x: Double) -> Double {
        guard x > -745 else { return x.isNaN ? x : 0 }
        guard x < 709 else { return .infinity }
        let n = (x * 1.4426950408889634).rounded()
        // ln 2 in two parts, so that n · ln 2 loses nothing.
        let r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10
        var sum = 1.0
        for k in stride(from: 13.0, through: 1, by: -1) { sum = 1 + r / k * sum }
        // In two factors: 2ⁿ alone may leave the range where the product does not.
        let half = Int(n) / 2
        return sum * power2(half) * power2(Int(n) - half)
    }

    @inline(__always)
    private static func power2(_ n: Int) -> Double { Double(bitPattern: UInt64(1023 + n) << 52) }

    @inline(__always)
    static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

    @inline(__always)
    static func tanh(_ x: Double) -> Double {
        let size = abs(x)
        // Near 0 the difference below cancels: the odd series' first terms are exact there to a Float.
        if size < 0.02 { return x - x * x * x / 3 + 2 * x * x * x * x * x / 15 }
        let value = size > 20 ? 1 : 1 - 2 / (exp(2 * size) + 1)
        return x < 0 ? -value : value
    }

    /// ln x: x = 2ⁿ · m with m in [√½, √2), ln m = 2 artanh((m − 1)/(m + 1)) by its series.
    static func log(_ x: Double) -> Double {
        guard x > 0 else { return x == 0 ? -.infinity : .nan }
        guard x < .infinity else { return x }
        var exponent = Double(x.exponent), m = x.significand
        if m > 1.4142135623730951 { (m, exponent) = (m / 2, exponent + 1) }
        let z = (m - 1) / (m + 1)
        var sum = 0.0
        for k in stride(from: 25.0, through: 1, by: -2) { sum = sum * z * z + 1 / k }
        return exponent * 0.6931471805599453 + 2 * z * sum
    }

    /// The error function by Cody's rational approximations (Math. Comp. 23, 1969).
    static func erf(_ x: Double) -> Double {
        let y = abs(x)
        if y <= 0.46875 {
            let s = y * y
            let top =
                (((0.185777706184603153 * s + 3.16112374387056560) * s + 113.864154151050156) * s + 377.485237685302021)
                * s
                + 3209.37758913846947
            let bottom =
                (((s + 23.6012909523441209) * s + 244.024637934444173) * s + 1282.61652607737228) * s
                + 2844.23683343917062
            return x * top / bottom
        }
        if y > 4 { return x.isNaN ? x : x < 0 ? -1 : 1 }  // erfc(4) is less than half a unit of 1
        let c = [
            2.15311535474403846e-8, 0.564188496988670089, 8.88314979438837594, 66.1191906371416295, 298.635138197400131,
            881.952221241769090, 1712.04761263407058, 2051.07837782607147, 1230.33935479799725,
        ]
        let d = [
            1.0, 15.7449261107098347, 117.693950891312499, 537.181101862009858, 1621.38957456669019,
            3290.79923573345963,
            4362.61909014324716, 3439.36767414372164, 1230.33935480374942,
        ]
        let top = c.reduce(0.0) { $0 * y + $1 }, bottom = d.reduce(0.0) { $0 * y + $1 }
        let value = 1 - exp(-y * y) * top / bottom
        return x < 0 ? -value : value
    }
}
