extension StoredTensor {
    /// Numbers from the first to the last one of the tensor; nil where that is not inside the storage, or makes no
    /// sense.
    var span: Int? {
        guard offset >= 0, shape.count == strides.count, shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 })
        else { return nil }
        if shape.contains(0) { return 0 }
        guard offset < storage.count else { return nil }
        var last = offset
        for (extent, stride) in zip(shape, strides) {
            let (step, overflow) = (extent - 1).multipliedReportingOverflow(by: stride)
            guard !overflow, step < storage.count - last else { return nil }
            last += step
        }
        return last - offset + 1
    }

    /// Whether the numbers lie one behind the other.
    var isContiguous: Bool {
        var expected = 1
        for (extent, stride) in zip(shape, strides).reversed() where extent != 1 {
            guard stride == expected else { return false }
            expected *= extent
        }
        return true
    }

    /// Calls `body` for every number in row-major order with its place behind the first one, and its index.
    func forEachPlace(_ body: (_ place: Int, _ index: Int) -> Void) {
        var counter = [Int](repeating: 0, count: shape.count), place = 0
        for index in 0..<shape.reduce(1, *) {
            body(place, index)
            for axis in shape.indices.reversed() {
                counter[axis] += 1
                place += strides[axis]
                if counter[axis] < shape[axis] { break }
                place -= counter[axis] * strides[axis]
                counter[axis] = 0
            }
        }
    }
}
