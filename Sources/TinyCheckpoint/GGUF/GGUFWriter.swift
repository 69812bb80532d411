import Foundation
import TinyFoundation

/// Writes GGUF files of version 3.
///
/// Source: the format's description in ggml's `docs/gguf.md`.
package enum GGUFWriter {
    /// A value of a key.
    package enum Value {
        case text(String)
        case float(Float)
    }

    /// Where tensors begin, and the default of readers.
    private static let alignment = 32

    /// Writes a file that holds these keys and tensors, in their order; the same arguments give the same bytes.
    ///
    /// The file appears under its name only when it is complete and on the disk.
    ///
    /// - Throws: `invalidTensors` for a repeated name, `shapeMismatch` when data do not fill a shape, `unwritable` when the
    ///   system refuses; nothing is left behind.
    package static func write(
        _ tensors: [TensorToWrite], metadata: [(key: String, value: Value)], to path: String
    ) throws(CheckpointError) {
        try tensors.check(path: path)
        var head = Data("GGUF".utf8)
        head.append(number: UInt32(3))
        head.append(number: UInt64(tensors.count))
        head.append(number: UInt64(metadata.count))
        for (key, value) in metadata {
            head.append(text: key)
            switch value {
            case .text(let text):
                head.append(number: GGUFType.text.rawValue)
                head.append(text: text)
            case .float(let number):
                head.append(number: GGUFType.float32.rawValue)
                head.append(number: number.bitPattern)
            }
        }
        var offset = 0
        for tensor in tensors {
            head.append(text: tensor.name)
            head.append(number: UInt32(tensor.shape.count))
            for length in tensor.shape.reversed() { head.append(number: UInt64(length)) }
            head.append(number: tensor.type.ggmlNumber)
            head.append(number: UInt64(offset))
            offset += padded(tensor.byteCount)
        }
        head.append(Data(count: padded(head.count) - head.count))
        try withCheckpointErrors { () throws(FileError) in
            try AtomicFile.write(to: path) { (file) throws(FileError) in
                try head.withBytes { (bytes) throws(FileError) in try file.append(bytes) }
                for tensor in tensors {
                    try tensor.append(to: file)
                    let padding = Data(count: padded(tensor.byteCount) - tensor.byteCount)
                    try padding.withBytes { (bytes) throws(FileError) in try file.append(bytes) }
                }
            }
        }
    }

    private static func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
}

extension Data {
    fileprivate mutating func append(number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(text: String) {
        append(number: UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }
}

extension ElementType {
    /// ggml's number of the type. Source: `enum ggml_type` in ggml's `ggml.h`.
    fileprivate var ggmlNumber: UInt32 {
        switch self {
        case .float32: 0
        case .float16: 1
        case .bfloat16: 30
        }
    }
}
