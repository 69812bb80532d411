public import Foundation
public import TinyFoundation

/// A tensor on its way into a file.
public struct TensorToWrite: Sendable {
    enum Content: Sendable {
        case floats([Float])
        case bytes(Data)
        case stored(CheckpointTensor)
        case made(@Sendable () -> [Float])
    }

    /// The tensor's name.
    public let name: String
    /// How its elements will be stored.
    public let type: ElementType
    /// Lengths of the axes, slowest first; empty for a single number.
    public let shape: [Int]
    let content: Content

    /// A tensor whose numbers are rounded to `type` (to nearest, ties to even) while they are written.
    public init(name: String, shape: [Int], floats: [Float], type: ElementType = .float32) {
        self.name = name
        self.type = type
        self.shape = shape
        content = .floats(floats)
    }

    /// A tensor whose elements are already stored as `type`, little-endian.
    public init(name: String, shape: [Int], bytes: Data, type: ElementType) {
        self.name = name
        self.type = type
        self.shape = shape
        content = .bytes(bytes)
    }

    /// A tensor of a checkpoint, read only when it is written: its bytes where they are stored as `type`, else its numbers,
    /// rounded to `type`.
    public init(name: String, copying tensor: CheckpointTensor, type: ElementType) {
        self.name = name
        self.type = type
        shape = tensor.shape
        content = .stored(tensor)
    }

    /// A tensor whose numbers are made only when it is written, and are not kept: a file of such tensors takes the memory of
    /// its largest one.
    ///
    /// - Parameter floats: Called each time the tensor is written, after the tensors before it are in the file; returns as many
    ///   numbers as the shape has.
    public init(
        name: String, shape: [Int], type: ElementType = .float32, makingFloats floats: @escaping @Sendable () -> [Float]
    ) {
        self.name = name
        self.type = type
        self.shape = shape
        content = .made(floats)
    }

    /// Bytes that the content takes in the file.
    var byteCount: Int {
        switch content {
        case .floats(let floats): floats.count * type.byteCount
        case .bytes(let bytes): bytes.count
        case .stored(let tensor): tensor.count * type.byteCount
        case .made: expectedByteCount ?? 0
        }
    }

    /// Bytes that the shape takes; `nil` for an impossible shape.
    fileprivate var expectedByteCount: Int? {
        TinyCheckpoint.byteCount(shape: shape, elementSize: type.byteCount)
    }

    /// Appends the content, rounded piece by piece.
    func append(to file: borrowing FileOutput) throws(FileError) {
        switch content {
        case .bytes(let data):
            try data.withBytes { (bytes) throws(FileError) in try file.append(bytes) }
        case .stored(let tensor) where tensor.type == type:
            try tensor.withBytes { (bytes) throws(FileError) in try file.append(bytes) }
        case .stored(let tensor): try append(tensor.floats(), to: file)
        case .floats(let floats): try append(floats, to: file)
        case .made(let make):
            let floats = make()
            precondition(
                floats.count * type.byteCount == byteCount, "\(name) is \(shape), \(floats.count) numbers were made")
            try append(floats, to: file)
        }
    }

    private func append(_ floats: [Float], to file: borrowing FileOutput) throws(FileError) {
        let pieceSize = 1 << 18  // a megabyte of floats: large writes, and no second copy of a large tensor
        for start in stride(from: 0, to: floats.count, by: pieceSize) {
            let piece = floats[start..<min(start + pieceSize, floats.count)]
            try narrowed(piece, to: type).withBytes { (bytes) throws(FileError) in
                try file.append(bytes)
            }
        }
    }
}

extension [TensorToWrite] {
    /// Checks names and shapes before anything is written.
    ///
    /// - Throws: `invalidTensors` for a repeated or reserved name, `shapeMismatch` when data do not fill a shape.
    func check(path: String, reserved: String? = nil) throws(CheckpointError) {
        var names = Set([reserved].compactMap { $0 })
        for tensor in self {
            guard names.insert(tensor.name).inserted else {
                throw CheckpointError(
                    .invalidTensors, "cannot write \(path): the name \(tensor.name) is given twice or reserved")
            }
            guard tensor.expectedByteCount == tensor.byteCount else {
                throw CheckpointError(
                    .shapeMismatch,
                    "cannot write \(path): \(tensor.name) is \(tensor.type.safetensorsName) \(tensor.shape), "
                        + "which \(tensor.byteCount) bytes do not fill")
            }
        }
    }
}
