import CKernels

/// `result ← fma(low, lowWeight, high · highWeight)`, `count` numbers each: a step of linear interpolation.
public func mix(
    _ low: UnsafePointer<Float>, _ lowWeight: Float, _ high: UnsafePointer<Float>, _ highWeight: Float, count: Int,
    into result: UnsafeMutablePointer<Float>
) {
    ck_mix(count, low, lowWeight, high, highWeight, result)
}
