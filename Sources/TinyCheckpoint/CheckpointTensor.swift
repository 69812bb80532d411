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

    /// The bf16 patterns of the elements, rounded to the nearest (ties to even) where they are not stored so.
    package func bfloat16() -> [UInt16] {
        if interleaving != nil { return floats().map { BFloat16($0).bits } }
        return [UInt16](unsafeUninitializedCapacity: count) { target, initialized in
            initialized = count
            withBytes { bytes in
                if type == .bfloat16 { return UnsafeMutableRawBufferPointer(target).copyMemory(from: bytes) }
                round(into: target)
            }
        }
    }

    /// Decodes and rounds piece by piece, so that no second copy of a large matrix is in memory.
    private func round(into target: UnsafeMutableBufferPointer<UInt16>) {
        forEachPiece { first, floats in
            for (index, value) in floats.enumerated() { target[first + index] = BFloat16(value).bits }
        }
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
        withBytes { bytes in
            guard let interleaving else { return format.decode(bytes, into: destination) }
            let stored = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
                if let start = buffer.baseAddress { format.decode(bytes, into: start) }
                initialized = count
            }
            let rows = shape.first ?? 1, length = count / rows
            for row in 0..<rows {
                let place = interleaving.place(of: row, among: rows)
                for column in 0..<length { destination[row * length + column] = stored[place * length + column] }
            }
        }
    }
}
