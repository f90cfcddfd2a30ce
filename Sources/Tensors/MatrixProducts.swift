import CKernels
import Synchronization

/// A matrix of numbers somewhere: (i, j) is at `address[i · row + j · column]`. A view: whoever owns the memory keeps
/// it alive.
public struct MatrixView {
    /// Element (0, 0).
    public let address: UnsafePointer<Float>
    let row: Int, column: Int

    /// Rows `stride` numbers apart, each contiguous.
    public init(_ address: UnsafePointer<Float>, rowStride stride: Int) {
        self.init(address: address, row: stride, column: 1)
    }

    private init(address: UnsafePointer<Float>, row: Int, column: Int) {
        self.address = address
        self.row = row
        self.column = column
    }

    /// The same numbers with rows and columns exchanged; nothing is copied.
    public var transposed: MatrixView { MatrixView(address: address, row: column, column: row) }

    var kernels: ck_matrix { ck_matrix(numbers: address, row: row, column: column) }
}

/// A right factor in the order in which the kernels read it, for products with many left ones.
public struct PackedMatrix: Sendable {
    public let terms: Int, columns: Int
    fileprivate let instructions: InstructionSet
    private let numbers: PackedNumbers

    fileprivate var address: UnsafePointer<Float> { UnsafePointer(numbers.storage.address) }

    /// - Parameter matrix: `[terms, columns]`.
    public init(_ matrix: MatrixView, terms: Int, columns: Int, instructions: InstructionSet = .best) {
        self.terms = terms
        self.columns = columns
        self.instructions = instructions
        numbers = PackedNumbers(FloatStorage(count: ck_right_count(terms, columns)))
        ck_pack_right(instructions.kernels, terms, columns, matrix.kernels, numbers.storage.address)
    }

    private final class PackedNumbers: @unchecked Sendable {  // written before anyone sees it, read ever after
        let storage: FloatStorage
        init(_ storage: FloatStorage) { self.storage = storage }
    }
}

/// Matrix products, each on the thread that asks for it, and the memory they work in.
///
/// Every number of a product is one chain of fused multiply-adds over the terms in their order: its bits depend neither
/// on the instruction set nor on how many rows and columns are asked for at once. Memory is kept from one product to
/// the next.
public final class MatrixProducts: Sendable {
    private let instructions: InstructionSet
    private let free = Mutex<[Memory]>([])

    /// - Parameter instructions: whose kernels compute; they change the speed and no bit.
    public init(instructions: InstructionSet = .best) { self.instructions = instructions }

    /// `result ← a · b`.
    /// - Parameters:
    ///   - a: `[rows, terms]`.
    ///   - b: `[terms, columns]`.
    ///   - result: `[rows, columns]`, rows `rowStride` numbers apart.
    public func multiply(
        _ a: MatrixView, _ b: MatrixView, rows: Int, columns: Int, terms: Int, into result: UnsafeMutablePointer<Float>,
        rowStride: Int
    ) {
        run(
            ck_product(
                rows: rows, columns: columns, terms: terms, a: a.kernels, b: b.kernels, packed: nil, c: result,
                c_row: rowStride, scratch: nil),
            scratch: ck_product_scratch
        ) { ck_multiply(instructions.kernels, $0) }
    }

    /// `result ← a · b` for an `a` with many zeros, whose terms are left out; the bits are `multiply`'s where `b` is
    /// finite.
    /// - Parameters: as of `multiply`.
    public func multiplySparse(
        _ a: MatrixView, _ b: MatrixView, rows: Int, columns: Int, terms: Int, into result: UnsafeMutablePointer<Float>,
        rowStride: Int
    ) {
        run(
            ck_product(
                rows: rows, columns: columns, terms: terms, a: a.kernels, b: b.kernels, packed: nil, c: result,
                c_row: rowStride, scratch: nil),
            scratch: ck_sparse_scratch
        ) { ck_multiply_sparse(instructions.kernels, $0) }
    }

    /// `result ← a · b`, columns `columns` of it, which begin at a multiple of 32.
    /// - Parameters:
    ///   - a: `[rows, b.terms]`.
    ///   - result: `[rows, columns.count]`, rows `rowStride` numbers apart.
    public func multiply(
        _ a: MatrixView, by b: PackedMatrix, columns: Range<Int>? = nil, rows: Int,
        into result: UnsafeMutablePointer<Float>, rowStride: Int
    ) {
        let columns = columns ?? 0..<b.columns
        precondition(
            columns.lowerBound % 32 == 0 && columns.upperBound <= b.columns, "columns \(columns) of \(b.columns)")
        run(
            ck_product(
                rows: rows, columns: columns.count, terms: b.terms, a: a.kernels, b: ck_matrix(),
                packed: b.address + columns.lowerBound * b.terms, c: result, c_row: rowStride, scratch: nil),
            scratch: ck_product_scratch
        ) { ck_multiply(b.instructions.kernels, $0) }
    }

    private func run(
        _ product: ck_product, scratch: (UnsafePointer<ck_product>) -> Int,
        _ multiply: (UnsafePointer<ck_product>) -> Void
    ) {
        let memory = free.withLock { $0.popLast() } ?? Memory()
        var product = product
        product.scratch = memory.reserve(scratch(&product))
        multiply(&product)
        free.withLock { $0.append(memory) }
    }

    /// What one product at a time works in.
    private final class Memory: @unchecked Sendable {  // out of the list while it is used
        private var storage = FloatStorage(count: 0)

        func reserve(_ count: Int) -> UnsafeMutablePointer<Float> {
            if storage.count < count { storage = FloatStorage(count: count) }
            return storage.address
        }
    }
}
