import Foundation
public import TinyFoundation

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
        try tensors.check(path: path, reserved: SafetensorsHeader.metadataKey)
        let aligned = tensors.filter { $0.type == .float32 } + tensors.filter { $0.type != .float32 }
        let header = header(aligned, metadata: metadata)
        try withCheckpointErrors { () throws(FileError) in
            try AtomicFile.write(to: path) { (file) throws(FileError) in
                try header.withBytes { (bytes) throws(FileError) in try file.append(bytes) }
                for tensor in aligned { try tensor.append(to: file) }
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
