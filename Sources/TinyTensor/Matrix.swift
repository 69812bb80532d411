// Numbers and who computes them: matrices, packed weights, random streams, the worker team.
//
// This target does not know: models, layers, files, text. It is the only one that imports the C kernels.

/// Owned memory for floats, aligned to a cache line.
///
/// `@unchecked Sendable`: the memory is plain floats with a fixed address; whoever writes keeps others from touching the
/// same elements meanwhile, which the worker team does by handing out disjoint chunks.
package final class FloatBuffer: @unchecked Sendable {
    package let base: UnsafeMutablePointer<Float>
    package let count: Int

    /// Zeros.
    package convenience init(count: Int) {
        self.init(unsetCount: count)
        base.update(repeating: 0, count: max(count, 1))
    }

    /// Numbers that are written before they are read. In debug builds they are not numbers until then.
    package init(unsetCount count: Int) {
        self.count = count
        let raw = allocateNumbers(byteCount: max(count, 1) * 4)
        base = raw.bindMemory(to: Float.self, capacity: max(count, 1))
        #if DEBUG
            base.update(repeating: .nan, count: max(count, 1))
        #endif
    }

    deinit { base.deallocate() }
}

/// Some rows and columns of a matrix in memory, as kernels take them.
///
/// Unchecked: it does not keep the memory alive. Make views of a `Matrix` that a `let` in scope or a property holds, never of
/// a temporary or an element of a local array.
package struct MatrixView {
    package let base: UnsafeMutablePointer<Float>
    package let rows: Int
    package let columns: Int
    /// Floats from one row to the next.
    package let stride: Int

    package init(_ base: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int? = nil) {
        self.base = base
        self.rows = rows
        self.columns = columns
        self.stride = stride ?? columns
    }

    /// First element of a row.
    package func row(_ index: Int) -> UnsafeMutablePointer<Float> { base + index * stride }

    /// Some of the rows.
    package func rows(_ range: Range<Int>) -> MatrixView {
        MatrixView(row(range.lowerBound), rows: range.count, columns: columns, stride: stride)
    }

    /// Some rows of some columns.
    package func block(_ rows: Range<Int>, _ columns: Range<Int>) -> MatrixView {
        self.rows(rows).columns(from: columns.lowerBound, count: columns.count)
    }

    /// Some of the columns.
    package func columns(_ range: Range<Int>) -> MatrixView { columns(from: range.lowerBound, count: range.count) }

    /// `count` of the columns.
    package func columns(from first: Int, count: Int) -> MatrixView {
        MatrixView(base + first, rows: rows, columns: count, stride: stride)
    }
}

/// A row-major matrix of floats, owned by one task at a time. Copies share memory.
package struct Matrix: Sendable {
    package let rows: Int
    package let columns: Int
    package let buffer: FloatBuffer

    /// Zeros.
    package init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        buffer = FloatBuffer(count: rows * columns)
    }

    /// Numbers that are written before they are read: a large matrix of zeros takes as long as a sum over it.
    package init(unsetRows rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        buffer = FloatBuffer(unsetCount: rows * columns)
    }

    /// The numbers of `values`, row by row.
    package init(rows: Int, columns: Int, values: [Float]) {
        precondition(values.count == rows * columns, "Matrix: \(values.count) values for [\(rows), \(columns)]")
        self.init(unsetRows: rows, columns: columns)
        values.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { buffer.base.update(from: start, count: values.count) }
        }
    }

    /// First element of all.
    package var base: UnsafeMutablePointer<Float> { buffer.base }

    /// First element of a row.
    package func row(_ index: Int) -> UnsafeMutablePointer<Float> { buffer.base + index * columns }

    /// All of it.
    package var view: MatrixView { MatrixView(base, rows: rows, columns: columns) }

    package var count: Int { rows * columns }

    /// All elements, row by row.
    package var values: [Float] { Array(UnsafeBufferPointer(start: base, count: count)) }

    package func fill(_ value: Float) { base.update(repeating: value, count: count) }
}
