public import TinyFoundation

/// A tensor in a mapped file; holding it keeps the file mapped.
public struct CheckpointTensor: Sendable {
    private let file: MappedFile
    private let range: Range<Int>
    let format: StoredFormat
    private let interleaving: HeadInterleaving?
    /// Lengths of the axes, slowest first; empty for a single number.
    public let shape: [Int]

    /// - Parameters:
    ///   - range: As many bytes as the shape takes.
    ///   - interleaving: The order of the rows; `nil` where they are in order.
    init(file: MappedFile, format: StoredFormat, shape: [Int], range: Range<Int>, interleaving: HeadInterleaving? = nil)
    {
        self.file = file
        self.format = format
        self.shape = shape
        self.range = range
        self.interleaving = interleaving.flatMap { $0.divides(shape.first ?? 1) ? $0 : nil }
    }

    /// How its elements are stored; `nil` where they are not one after another, but in blocks that share scales or with rows
    /// in another order.
    public var type: ElementType? {
        if case .elements(let type) = format, interleaving == nil { type } else { nil }
    }

    /// Number of elements.
    public var count: Int { range.count / format.blockByteCount * format.blockLength }

    /// Lends the stored bytes, little-endian and not necessarily aligned.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try file.withBytes { (bytes) throws(Failure) in
            try body(UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
    }

    /// The elements, widened exactly or decoded. Allocates `count` numbers.
    public func floats() -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let start = buffer.baseAddress { copy(into: start) }
            initialized = count
        }
    }

    /// The stored bytes of a matrix's row, not necessarily aligned; valid as long as the tensor is.
    package func bytes(ofRow index: Int) -> UnsafeRawBufferPointer {
        let rows = max(1, shape.first ?? 1), length = range.count / rows
        let place = interleaving?.place(of: index, among: rows) ?? index
        return UnsafeRawBufferPointer(
            rebasing: file.bytes[range].dropFirst(place * length).prefix(length))
    }

    /// Writes a matrix's row, widened exactly or decoded, to `destination`.
    package func copyRow(_ index: Int, into destination: UnsafeMutablePointer<Float>) {
        format.decode(bytes(ofRow: index), into: destination)
    }

    /// Lends the elements piece by piece, widened exactly or decoded, in the order in which they are stored.
    ///
    /// - Parameter body: Is given the index of the first element of a piece, and the piece: 16,384 elements but for the last.
    package func forEachPiece(_ body: (_ first: Int, _ piece: UnsafeBufferPointer<Float>) -> Void) {
        let length = 1 << 14, size = length / format.blockLength * format.blockByteCount
        var floats = [Float](repeating: 0, count: min(length, count))
        withBytes { bytes in
            floats.withUnsafeMutableBufferPointer { floats in
                guard let start = floats.baseAddress else { return }
                for first in stride(from: 0, to: count, by: length) {
                    let offset = first / length * size
                    format.decode(
                        UnsafeRawBufferPointer(rebasing: bytes[offset..<min(offset + size, bytes.count)]), into: start)
                    body(first, UnsafeBufferPointer(start: start, count: min(length, count - first)))
                }
            }
        }
    }

    /// Writes the elements, widened exactly or decoded, to `destination`, which must have room for `count` numbers.
    public func copy(into destination: UnsafeMutablePointer<Float>) {
        guard interleaving != nil else { return withBytes { format.decode($0, into: destination) } }
        let rows = shape.first ?? 1
        for row in 0..<rows { copyRow(row, into: destination + row * (count / rows)) }
    }
}
