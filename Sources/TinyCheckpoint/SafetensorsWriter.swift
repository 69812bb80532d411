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
}

/// Writes safetensors files.
public enum SafetensorsWriter {
    /// Writes a file that holds these tensors; the same arguments give the same bytes.
    ///
    /// The file appears under its name only when it is complete and on the disk. Tensors and the header's entries keep
    /// the given order, except that 32-bit tensors come before 16-bit ones, so that every tensor is aligned.
    ///
    /// - Throws: `invalidTensors` for a repeated or reserved name, `shapeMismatch` when data do not fill a shape,
    ///   `unwritable` when the system refuses; nothing is left behind.
    public static func write(
        _ tensors: [TensorToWrite], metadata: [String: String], to path: String
    ) throws(CheckpointError) {
        try check(tensors, path: path)
        let aligned = tensors.filter { $0.type == .float32 } + tensors.filter { $0.type != .float32 }
        let header = header(aligned, metadata: metadata)
        try withCheckpointErrors { () throws(FileError) in
            try AtomicFile.write(to: path) { (file) throws(FileError) in
                try header.withBytes { (bytes) throws(FileError) in try file.append(bytes) }
                for tensor in aligned { try append(tensor, to: file) }
            }
        }
    }

    private static func check(_ tensors: [TensorToWrite], path: String) throws(CheckpointError) {
        var names: Set<String> = [SafetensorsHeader.metadataKey]
        for tensor in tensors {
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

    /// The header with its length in front, padded with spaces to a multiple of 8 bytes.
    private static func header(_ tensors: [TensorToWrite], metadata: [String: String]) -> Data {
        var entries: [String] = []
        if !metadata.isEmpty {
            let notes = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
            entries.append("\(quoted(SafetensorsHeader.metadataKey)):{\(notes.joined(separator: ","))}")
        }
        var offset = 0
        for tensor in tensors {
            let end = offset + tensor.byteCount
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            entries.append(
                "\(quoted(tensor.name)):{\"dtype\":\"\(tensor.type.safetensorsName)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        var text = Data("{\(entries.joined(separator: ","))}".utf8)
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8))
        let length = UInt64(text.count)
        return Data((0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }) + text
    }

    private static func append(_ tensor: TensorToWrite, to file: borrowing FileOutput) throws(FileError) {
        switch tensor.content {
        case .bytes(let data):
            try data.withBytes { (bytes) throws(FileError) in try file.append(bytes) }
        case .floats(let floats):
            let pieceSize = 1 << 18  // a megabyte of floats: large writes, and no second copy of a large tensor
            for start in stride(from: 0, to: floats.count, by: pieceSize) {
                let piece = floats[start..<min(start + pieceSize, floats.count)]
                try narrowed(piece, to: tensor.type).withBytes { (bytes) throws(FileError) in
                    try file.append(bytes)
                }
            }
        }
    }
}

/// A JSON string. Only what JSON demands is escaped.
private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case _ where scalar.value < 0x20:
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
