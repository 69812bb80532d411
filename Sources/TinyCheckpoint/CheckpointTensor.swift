public import TinyFoundation

/// A tensor in a mapped file; holding it keeps the file mapped.
public struct CheckpointTensor: Sendable {
    private let file: SafetensorsFile
    private let range: Range<Int>
    /// How its elements are stored.
    public let type: ElementType
    /// Lengths of the axes, slowest first; empty for a single number.
    public let shape: [Int]

    init(file: SafetensorsFile, type: ElementType, shape: [Int], range: Range<Int>) {
        self.file = file
        self.type = type
        self.shape = shape
        self.range = range
    }

    /// Number of elements.
    public var count: Int { range.count / type.byteCount }

    /// Lends the stored bytes, little-endian and not necessarily aligned.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try file.mapped.withBytes { (bytes) throws(Failure) in
            try body(UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
    }

    /// The elements, widened exactly. Allocates `count` numbers.
    public func floats() -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let start = buffer.baseAddress { copy(into: start) }
            initialized = count
        }
    }

    /// Writes the elements, widened exactly, to `destination`, which must have room for `count` numbers.
    public func copy(into destination: UnsafeMutablePointer<Float>) {
        withBytes { widen($0, stored: type, into: destination) }
    }
}
