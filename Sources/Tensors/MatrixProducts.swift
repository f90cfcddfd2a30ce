import CKernels
import Synchronization

/// A matrix of numbers somewhere: (i, j) is at `address[i · row + j · column]`. A view: whoever owns the memory keeps it alive.
public struct MatrixView {
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

    public var transposed: MatrixView { MatrixView(address: address, row: column, column: row) }

    /// The matrix from that column on.
    func from(column first: Int) -> MatrixView { MatrixView(address: address + first * column, row: row, column: column) }

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
/// Every number of a product is one chain of fused multiply-adds over the terms in their order: its bits depend neither on the
/// instruction set nor on how many rows and columns are asked for at once. Memory is kept from one product to the next.
public final class MatrixProducts: Sendable {
    /// Columns that are packed at a time.
    private static let columnsAtOnce = 512

    private let instructions: InstructionSet
    private let free = Mutex<[Memory]>([])

    public init(instructions: InstructionSet = .best) { self.instructions = instructions }

    /// `result ← a · b`.
    /// - Parameters:
    ///   - a: `[rows, terms]`.
    ///   - b: `[terms, columns]`.
    ///   - result: `[rows, columns]`, rows `rowStride` numbers apart.
    public func multiply(
        _ a: MatrixView, _ b: MatrixView, rows: Int, columns: Int, terms: Int, into result: UnsafeMutablePointer<Float>, rowStride: Int
    ) {
        withMemory { memory in
            for first in stride(from: 0, to: columns, by: Self.columnsAtOnce) {
                let count = min(Self.columnsAtOnce, columns - first)
                let packed = memory.packed.reserve(ck_right_count(terms, count))
                ck_pack_right(instructions.kernels, terms, count, b.from(column: first).kernels, packed)
                run(a, packed, rows: rows, columns: count, terms: terms, into: result + first, rowStride, instructions, memory)
            }
        }
    }

    /// `result ← a · b`, columns `columns` of it, which begin at a multiple of 32.
    /// - Parameters:
    ///   - a: `[rows, b.terms]`.
    ///   - result: `[rows, columns.count]`, rows `rowStride` numbers apart.
    public func multiply(
        _ a: MatrixView, by b: PackedMatrix, columns: Range<Int>? = nil, rows: Int, into result: UnsafeMutablePointer<Float>, rowStride: Int
    ) {
        let columns = columns ?? 0..<b.columns
        precondition(columns.lowerBound % 32 == 0 && columns.upperBound <= b.columns, "columns \(columns) of \(b.columns)")
        withMemory { memory in
            run(
                a, b.address + columns.lowerBound * b.terms, rows: rows, columns: columns.count, terms: b.terms, into: result, rowStride,
                b.instructions, memory)
        }
    }

    private func run(
        _ a: MatrixView, _ packed: UnsafePointer<Float>, rows: Int, columns: Int, terms: Int, into result: UnsafeMutablePointer<Float>,
        _ rowStride: Int, _ instructions: InstructionSet, _ memory: Memory
    ) {
        var product = ck_product(
            rows: rows, columns: columns, terms: terms, a: a.kernels, packed: packed, c: result, c_row: rowStride,
            scratch: memory.scratch.reserve(ck_product_scratch(rows, terms)))
        ck_multiply(instructions.kernels, &product)
    }

    /// What one product at a time works in.
    private struct Memory: @unchecked Sendable {  // out of the list while it is used
        let packed = Room(), scratch = Room()
    }

    private final class Room {
        private var storage = FloatStorage(count: 0)

        func reserve(_ count: Int) -> UnsafeMutablePointer<Float> {
            if storage.count < count { storage = FloatStorage(count: count) }
            return storage.address
        }
    }

    private func withMemory(_ body: (Memory) -> Void) {
        let memory = free.withLock { $0.popLast() } ?? Memory()
        body(memory)
        free.withLock { $0.append(memory) }
    }
}
