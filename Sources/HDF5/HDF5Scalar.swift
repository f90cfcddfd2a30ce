import CHDF5

/// The number types a dataset may have. In the file they are little endian; `float16` is the IEEE half.
public enum HDF5ScalarType: String, Sendable, CaseIterable, Codable {
    case uint8, uint16, int32, int64, float16, float32, float64

    /// Bytes of one number.
    public var size: Int {
        switch self {
        case .uint8: 1
        case .uint16, .float16: 2
        case .int32, .float32: 4
        case .int64, .float64: 8
        }
    }

    var native: lavise_h5_scalar {
        switch self {
        case .uint8: LAVISE_H5_UINT8
        case .uint16: LAVISE_H5_UINT16
        case .int32: LAVISE_H5_INT32
        case .int64: LAVISE_H5_INT64
        case .float16: LAVISE_H5_FLOAT16
        case .float32: LAVISE_H5_FLOAT32
        case .float64: LAVISE_H5_FLOAT64
        }
    }

    /// The type of a dataset or attribute in a file, whatever its byte order; nil for anything but these numbers.
    init?(fileType: hid_t) {
        let signed = H5Tget_sign(fileType)
        switch (H5Tget_class(fileType), H5Tget_size(fileType)) {
        case (H5T_INTEGER, 1) where signed == H5T_SGN_NONE: self = .uint8
        case (H5T_INTEGER, 2) where signed == H5T_SGN_NONE: self = .uint16
        case (H5T_INTEGER, 4) where signed == H5T_SGN_2: self = .int32
        case (H5T_INTEGER, 8) where signed == H5T_SGN_2: self = .int64
        case (H5T_FLOAT, 2): self = .float16
        case (H5T_FLOAT, 4): self = .float32
        case (H5T_FLOAT, 8): self = .float64
        default: return nil
        }
    }
}

/// A number that can be kept in a dataset.
public protocol HDF5Scalar: BitwiseCopyable, Sendable {
    /// The type that it has in a file.
    static var hdf5Type: HDF5ScalarType { get }
}

extension UInt8: HDF5Scalar {
    /// `uint8`: 8 bits without a sign.
    public static var hdf5Type: HDF5ScalarType { .uint8 }
}

extension UInt16: HDF5Scalar {
    /// `uint16`: 16 bits without a sign.
    public static var hdf5Type: HDF5ScalarType { .uint16 }
}

extension Int32: HDF5Scalar {
    /// `int32`: 32 bits with a sign.
    public static var hdf5Type: HDF5ScalarType { .int32 }
}

extension Int64: HDF5Scalar {
    /// `int64`: 64 bits with a sign.
    public static var hdf5Type: HDF5ScalarType { .int64 }
}

extension Float16: HDF5Scalar {
    /// `float16`: IEEE half precision.
    public static var hdf5Type: HDF5ScalarType { .float16 }
}

extension Float: HDF5Scalar {
    /// `float32`: IEEE single precision.
    public static var hdf5Type: HDF5ScalarType { .float32 }
}

extension Double: HDF5Scalar {
    /// `float64`: IEEE double precision.
    public static var hdf5Type: HDF5ScalarType { .float64 }
}
