import CHDF5

extension HDF5File {
    /// Sets an attribute of `/`, a group or a dataset, in place of an old one.
    /// - Throws: `HDF5Error` where there is no such object, for a text that ends in a zero or has 60,000 bytes or more
    ///   of UTF-8, and for a disk that fails.
    public func setAttribute(_ name: String, on object: String, _ value: String) throws {
        let bytes = Array(value.utf8)
        try place.at(object).require(
            bytes.count < 60_000, "the attribute '\(name)' is longer than HDF5 allows: \(bytes.count) bytes")
        try place.at(object).require(bytes.last != 0, "the attribute '\(name)' ends in a zero, which cannot be kept")
        try setAttribute(name, on: object, bytes.isEmpty ? [0] : bytes) { lavise_h5_text(max(1, bytes.count)) }
    }

    /// Sets an attribute to a whole number (64 bits, little endian), in place of an old one.
    /// - Throws: `HDF5Error` where there is no such object, and for a disk that fails.
    public func setAttribute(_ name: String, on object: String, _ value: Int) throws {
        try setAttribute(name, on: object, bytes(of: Int64(value).littleEndian)) {
            lavise_h5_file_type(LAVISE_H5_INT64)
        }
    }

    /// Sets an attribute to a number (64 bits, little endian), in place of an old one.
    /// - Throws: `HDF5Error` where there is no such object, and for a disk that fails.
    public func setAttribute(_ name: String, on object: String, _ value: Double) throws {
        try setAttribute(name, on: object, bytes(of: value.bitPattern.littleEndian)) {
            lavise_h5_file_type(LAVISE_H5_FLOAT64)
        }
    }

    /// An attribute that is one text.
    /// - Throws: `HDF5Error` where there is no such object or attribute, or it is no single text.
    public func stringAttribute(_ name: String, on object: String) throws -> String {
        try withAttribute(name, on: object) { attribute, type, place in
            let texts = try self.texts(type, count: 1, limit: 1 << 20, place) { H5Aread(attribute, $0, $1) }
            return texts[0]
        }
    }

    /// - Throws: also for a number that is not whole.
    public func intAttribute(_ name: String, on object: String) throws -> Int {
        try withAttribute(name, on: object) { attribute, type, place in
            try place.require(
                HDF5ScalarType(fileType: type).map { ![.float16, .float32, .float64].contains($0) } ?? false,
                "the attribute '\(name)' is not a whole number")
            return Int(try self.value(of: attribute, LAVISE_H5_INT64, Int64(0), place))
        }
    }

    /// An attribute that is one number, whole or not.
    /// - Throws: `HDF5Error` where there is no such object or attribute, or it is no single number.
    public func doubleAttribute(_ name: String, on object: String) throws -> Double {
        try withAttribute(name, on: object) { attribute, type, place in
            try place.require(HDF5ScalarType(fileType: type) != nil, "the attribute '\(name)' is not a number")
            return try self.value(of: attribute, LAVISE_H5_FLOAT64, 0.0, place)
        }
    }

    /// Whether an object has such an attribute, of whatever type.
    /// - Throws: `HDF5Error` where there is no such object.
    public func hasAttribute(_ name: String, on object: String) throws -> Bool {
        try withObject(object) {
            try place.at(object).check(H5Aexists($0, name), "look up the attribute '\(name)'") > 0
        }
    }

    private func bytes<Number: BitwiseCopyable>(of number: Number) -> [UInt8] {
        withUnsafeBytes(of: number) { Array($0) }
    }

    private func value<Number: BitwiseCopyable>(
        of attribute: hid_t, _ scalar: lavise_h5_scalar, _ zero: Number, _ place: Place
    ) throws -> Number {
        try place.using(lavise_h5_memory_type(scalar), H5Tclose, "read the attribute") { type in
            var number = zero
            try place.check(H5Aread(attribute, type, &number), "read the attribute")
            return number
        }
    }

    /// `bytes` are in the file's own byte order.
    private func setAttribute(_ name: String, on object: String, _ bytes: [UInt8], type: () -> hid_t) throws {
        let place = place.at(object)
        let doing = "write the attribute '\(name)'"
        try withObject(object) { target in
            if try place.check(H5Aexists(target, name), doing) > 0 { try place.check(H5Adelete(target, name), doing) }
            try place.using(type(), H5Tclose, doing) { type in
                try place.using(H5Screate(H5S_SCALAR), H5Sclose, doing) { space in
                    try place.using(H5Acreate2(target, name, type, space, 0, 0), H5Aclose, doing) { attribute in
                        _ = try place.check(H5Awrite(attribute, type, bytes), doing)
                    }
                }
            }
        }
    }

    private func withAttribute<Result>(
        _ name: String, on object: String, _ body: (hid_t, hid_t, Place) throws -> Result
    ) throws -> Result {
        let place = place.at(object)
        return try withObject(object) { target in
            try place.require(
                place.check(H5Aexists(target, name), "look up the attribute '\(name)'") > 0,
                "has no attribute '\(name)'")
            return try place.using(H5Aopen(target, name, 0), H5Aclose, "open the attribute '\(name)'") { attribute in
                try place.using(H5Aget_space(attribute), H5Sclose, "read the attribute '\(name)'") { space in
                    try place.require(
                        try place.count(extents(ofSpace: space, place)) == 1,
                        "the attribute '\(name)' is not a single value")
                }
                return try place.using(H5Aget_type(attribute), H5Tclose, "read the attribute '\(name)'") {
                    try body(attribute, $0, place)
                }
            }
        }
    }
}
