import Networks
import Tensors

/// The parameters of `Fixtures/make_backbones.py`: numbers computed from the tensor's name.
struct HashedParameters: ParameterSource {
    func tensor(_ name: String, shape: [Int]) -> Tensor {
        let count = shape.reduce(1, *)
        let values: [Float]
        if shape.count == 4 {
            let bound = Float((6 / Double(count / shape[0])).squareRoot())
            values = hashed(name, count).map { $0 * bound }
        } else if name.hasSuffix("running_var") || name.hasSuffix("weight") {
            values = hashed(name, count).map { 1 + $0 * 0.5 }
        } else {
            values = hashed(name, count).map { $0 * 0.25 }
        }
        return Tensor(shape: shape, data: values)
    }
}

/// SplitMix64 of (FNV-1a of the name + index), the top 24 bits, as numbers in [-1, 1).
func hashed(_ name: String, _ count: Int) -> [Float] {
    let start = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    return (1...UInt64(count)).map { index in
        var z = start &+ index &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        return Float(z >> 40) / 0x1p23 - 1
    }
}

/// The crop of `make_backbones.py`: `[224, 224, 3]`, a gradient with noise.
func hashedCrop(_ index: Int) -> [UInt8] {
    let noise = hashed("image \(index)", 224 * 224 * 3)
    return (0..<224 * 224 * 3).map { place in
        let (y, x, c) = (place / 672, place / 3 % 224, place % 3)
        return UInt8((x * (c + 1) + y * (3 - c) + Int((noise[place] + 1) * 48)) % 256)
    }
}
