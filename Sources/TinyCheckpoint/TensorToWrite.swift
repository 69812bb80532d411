public import Foundation
public import TinyFoundation

/// A tensor on its way into a file.
public struct TensorToWrite: Sendable {
    enum Content: Sendable {
        case floats([Float])
        case bytes(Data)
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

    /// Bytes that the content takes in the file.
    var byteCount: Int {
        switch content {
        case .floats(let floats): floats.count * type.byteCount
        case .bytes(let bytes): bytes.count
        }
    }

    /// Appends the content, rounded piece by piece.
    func append(to file: borrowing FileOutput) throws(FileError) {
        switch content {
        case .bytes(let data):
            try data.withBytes { (bytes) throws(FileError) in try file.append(bytes) }
        case .floats(let floats):
            let pieceSize = 1 << 18  // a megabyte of floats: large writes, and no second copy of a large tensor
            for start in stride(from: 0, to: floats.count, by: pieceSize) {
                let piece = floats[start..<min(start + pieceSize, floats.count)]
                try narrowed(piece, to: type).withBytes { (bytes) throws(FileError) in
                    try file.append(bytes)
                }
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
            let expected = TinyCheckpoint.byteCount(shape: tensor.shape, elementSize: tensor.type.byteCount)
            guard let expected, expected == tensor.byteCount else {
                throw CheckpointError(
                    .shapeMismatch,
                    "cannot write \(path): \(tensor.name) is \(tensor.type.safetensorsName) \(tensor.shape), "
                        + "which \(tensor.byteCount) bytes do not fill")
            }
        }
    }
}
