import TinyFoundation

/// A memory-mapped GGUF file whose head and tensor table have been checked from end to end.
final class GGUFFile: Sendable {
    /// Where the file was found, as given.
    let path: String
    /// The keys and values at its head.
    let metadata: GGUFMetadata
    /// Every tensor under its name in the file, in the order of the table.
    let tensors: [TensorRecord]
    let mapped: MappedFile

    /// Maps the file and checks its head: sizes, types, offsets, overlaps, repeated names.
    ///
    /// - Throws: `unreadable`, `truncatedFile`, `malformedHeader`, or `unsupportedType` for a tensor of a type that is not
    ///   read.
    init(path: String) throws(CheckpointError) {
        let (mapped, metadata) = try withGGUFErrors { () throws(FileError) in
            let mapped = try MappedFile(path: path)
            return (mapped, try GGUFMetadata(mapped))
        }
        tensors = try mapped.withBytes { (bytes) throws(CheckpointError) in
            try TensorTable(metadata).records(bytes)
        }
        self.path = path
        self.mapped = mapped
        self.metadata = metadata
    }
}

/// Reports an error of reading a GGUF file as a ``CheckpointError``.
func withGGUFErrors<Result>(_ body: () throws(FileError) -> Result) throws(CheckpointError) -> Result {
    do throws(FileError) {
        return try body()
    } catch {
        throw CheckpointError(
            error.code == .malformedFile
                ? .malformedHeader : error.code == .truncatedFile ? .truncatedFile : .unreadable,
            error)
    }
}

/// What follows the last key: name, axes, type and offset of each tensor; then, at a multiple of the alignment, their bytes.
private struct TensorTable {
    private let metadata: GGUFMetadata
    private var name: String { metadata.name }

    init(_ metadata: GGUFMetadata) { self.metadata = metadata }

    func records(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) -> [TensorRecord] {
        let alignment = try withGGUFErrors { () throws(FileError) in try metadata.integer("general.alignment") } ?? 32
        guard alignment > 0, alignment <= 1 << 20, alignment.nonzeroBitCount == 1 else {
            throw malformed("general.alignment is \(alignment) in \(name), expected a power of two")
        }
        var reader = GGUFReader(bytes, name: name, position: metadata.end)
        var entries: [Entry] = []
        for _ in 0..<metadata.tensorCount {
            entries.append(try withGGUFErrors { () throws(FileError) in try Entry(&reader) })
        }
        let start = (reader.position + alignment - 1) / alignment * alignment
        var records: [TensorRecord] = [], names: Set<String> = []
        for entry in entries {
            guard names.insert(entry.name).inserted else {
                throw malformed("\(name) has the tensor \(entry.name) twice")
            }
            records.append(try record(entry, start: start, alignment: alignment, fileSize: bytes.count))
        }
        let ordered = records.sorted { ($0.range.lowerBound, $0.name) < ($1.range.lowerBound, $1.name) }
        for (first, second) in zip(ordered, ordered.dropFirst()) where second.range.lowerBound < first.range.upperBound
        {
            throw malformed(
                "\(second.name) in \(name) overlaps \(first.name): it begins at byte \(second.range.lowerBound), expected "
                    + "\(first.range.upperBound) or later")
        }
        return records
    }

    private func record(
        _ entry: Entry, start: Int, alignment: Int, fileSize: Int
    ) throws(CheckpointError) -> TensorRecord {
        guard let typeName = typeNames[entry.type] else {
            throw CheckpointError(.unsupportedType, "\(entry.name) in \(name) has the unknown type \(entry.type)")
        }
        guard let format = StoredFormat(ggmlName: typeName) else {
            let known = ElementType.allCases.map(\.safetensorsName) + QuantisedType.allCases.map(\.rawValue)
            throw CheckpointError(
                .unsupportedType, "\(entry.name) is stored as \(typeName) in \(name), which is not read",
                hint: "types that are read: \(known.joined(separator: ", "))")
        }
        guard let last = entry.shape.last, entry.shape.allSatisfy({ $0 > 0 }),
            last.isMultiple(of: format.blockLength),
            let count = byteCount(
                shape: entry.shape.dropLast() + [last / format.blockLength], elementSize: format.blockByteCount),
            // The number of elements has to fit, too.
            byteCount(shape: entry.shape, elementSize: MemoryLayout<Float>.size) != nil
        else {
            throw malformed("\(entry.name) in \(name) has the impossible shape \(entry.shape) for \(typeName)")
        }
        guard entry.offset.isMultiple(of: alignment) else {
            throw malformed(
                "\(entry.name) in \(name) begins at byte \(entry.offset) of the data, expected a multiple of \(alignment)"
            )
        }
        // Comparing differences: sums could be too large.
        guard start <= fileSize, entry.offset <= fileSize - start, count <= fileSize - start - entry.offset else {
            throw CheckpointError(
                .truncatedFile,
                "\(name) is truncated or its table is wrong: it has \(max(0, fileSize - start)) bytes of data, "
                    + "\(entry.name) takes \(count) from byte \(entry.offset) on")
        }
        let first = start + entry.offset
        return TensorRecord(
            name: entry.name, typeName: typeName, shape: entry.shape, range: first..<first + count, format: format)
    }

    private func malformed(_ message: String) -> CheckpointError { CheckpointError(.malformedHeader, message) }

    /// One line of the table, not yet checked.
    private struct Entry {
        let name: String
        /// Slowest axis first; the file has the fastest first.
        let shape: [Int]
        let type: UInt32
        let offset: Int

        init(_ reader: inout GGUFReader) throws(FileError) {
            name = try reader.name("tensor name")
            let axes = try reader.number(UInt32.self)
            guard (1...4).contains(axes) else {
                throw reader.malformed("has \(name) with \(axes) axes, expected 1 to 4")
            }
            var shape: [Int] = []
            for _ in 0..<axes { shape.append(try reader.count("as a length of \(name)")) }
            self.shape = shape.reversed()
            type = try reader.number(UInt32.self)
            offset = try reader.count("as the offset of \(name)")
        }
    }
}

/// Names of ggml's types by their numbers in a file. Source: `enum ggml_type` in ggml's `ggml.h`.
private let typeNames: [UInt32: String] = [
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K",
    12: "Q4_K",
    13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL",
    21: "IQ3_S",
    22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", 30: "BF16",
    34: "TQ1_0",
    35: "TQ2_0", 39: "MXFP4", 40: "NVFP4", 41: "Q1_0",
]
