/// Σ aᵢ · bᵢ over the common indices, in a fixed order: eight lanes, then the rest.
func dot(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Float {
    a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
            let count = min(a.count, b.count)
            let left = UnsafeRawBufferPointer(a), right = UnsafeRawBufferPointer(b)
            var lanes = SIMD8<Float>(), i = 0
            while i + 8 <= count {
                let at = i * MemoryLayout<Float>.stride
                lanes +=
                    left.loadUnaligned(fromByteOffset: at, as: SIMD8<Float>.self)
                    * right.loadUnaligned(fromByteOffset: at, as: SIMD8<Float>.self)
                i += 8
            }
            var total = lanes.sum()
            while i < count {
                total += a[i] * b[i]
                i += 1
            }
            return total
        }
    }
}
