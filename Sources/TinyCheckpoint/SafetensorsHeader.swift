public import TinyFoundation

/// Where a tensor is in a file and how it is stored.
public struct TensorRecord: Sendable, Hashable {
    /// The tensor's name.
    public let name: String
    /// The element type's name as the file gives it, such as `BF16` or `I64`.
    public let typeName: String
    /// Lengths of the axes, slowest first; empty for a single number.
    public let shape: [Int]
    /// The bytes in the file.
    public let range: Range<Int>

    /// What the name means in a file of this format; `nil` for a type that is not read.
    let format: StoredFormat?

    /// The element type, or `nil` for one that is not read.
    public var type: ElementType? {
        if case .elements(let type)? = format { type } else { nil }
    }
}

/// The parsed and checked front of a safetensors file.
///
/// Layout: 8 bytes with the length of the header, little-endian; the header, a JSON object of tensors with types, shapes
/// and byte ranges counted from its end; the tensors. Source: the format section of the safetensors project's README.
struct SafetensorsHeader {
    /// The name under which a header keeps its metadata.
    static let metadataKey = "__metadata__"
    /// Headers above this size are refused, as in the format's reference implementation.
    private static let largestHeader = 100_000_000

    let tensors: [String: TensorRecord]
    let metadata: [String: String]

    /// Parses the front of a whole file; `path` is for errors.
    init(of bytes: UnsafeRawBufferPointer, path: String) throws(CheckpointError) {
        guard bytes.count >= 8 else {
            throw CheckpointError(
                .truncatedFile,
                "\(path) is truncated: it has \(bytes.count) bytes, and the length of its header alone takes 8")
        }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= Self.largestHeader else {
            throw CheckpointError(
                .malformedHeader,
                "\(path) is not a safetensors file: its first 8 bytes give a header of \(length) bytes")
        }
        let dataStart = 8 + Int(length)
        guard dataStart <= bytes.count else {
            throw CheckpointError(
                .truncatedFile,
                "\(path) is truncated: it has \(bytes.count) bytes, and its header alone ends at \(dataStart)")
        }
        let text = UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart])
        let entries: HeaderEntries
        do throws(FileError) {
            entries = try HeaderEntries(parsing: text, path: path)
        } catch {
            throw CheckpointError(.malformedHeader, error)
        }
        metadata = entries.metadata
        tensors = try checked(entries.tensors, path: path, dataStart: dataStart, fileSize: bytes.count)
    }
}

/// Turns entries into records, refusing ranges that disagree with shapes, with each other or with the file.
private func checked(
    _ entries: [String: TensorEntry], path: String, dataStart: Int, fileSize: Int
) throws(CheckpointError) -> [String: TensorRecord] {
    let ends = entries.map { (name: $0.key, end: $0.value.offsets.last ?? 0) }
    if let last = ends.max(by: { ($0.end, $0.name) < ($1.end, $1.name) }), last.end > fileSize - dataStart {
        throw CheckpointError(
            .truncatedFile,
            "\(path) is truncated or its header is wrong: it has \(fileSize - dataStart) bytes after its header, "
                + "expected \(last.end), the end of \(last.name)")
    }
    var records: [TensorRecord] = []
    records.reserveCapacity(entries.count)
    for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {  // in name order, so that errors repeat exactly
        let offsets = entry.offsets
        guard offsets.count == 2, 0 <= offsets[0], offsets[0] <= offsets[1] else {
            throw CheckpointError(.malformedHeader, "\(name) in \(path) has the impossible byte range \(offsets)")
        }
        if let expected = try byteCount(of: entry, name: name, path: path), expected != offsets[1] - offsets[0] {
            throw CheckpointError(
                .malformedHeader,
                "\(name) in \(path) is \(entry.dtype) \(entry.shape), which takes \(expected) bytes, "
                    + "but its byte range holds \(offsets[1] - offsets[0])")
        }
        records.append(
            TensorRecord(
                name: name, typeName: entry.dtype, shape: entry.shape,
                range: dataStart + offsets[0]..<dataStart + offsets[1],
                format: ElementType(safetensorsName: entry.dtype).map(StoredFormat.elements)))
    }
    try checkCoverage(records, path: path, dataStart: dataStart, fileSize: fileSize)
    return Dictionary(uniqueKeysWithValues: records.map { ($0.name, $0) })
}

/// Every byte after the header must belong to exactly one tensor.
private func checkCoverage(
    _ records: [TensorRecord], path: String, dataStart: Int, fileSize: Int
) throws(CheckpointError) {
    var position = dataStart
    // Empty tensors first where several begin at one byte.
    for record in records.sorted(by: { bounds($0) < bounds($1) }) {
        guard record.range.lowerBound == position else {
            let problem = record.range.lowerBound < position ? "overlaps another tensor" : "leaves a gap before it"
            throw CheckpointError(
                .malformedHeader,
                "\(record.name) in \(path) \(problem): "
                    + "it begins at byte \(record.range.lowerBound), expected \(position)")
        }
        position = record.range.upperBound
    }
    guard position == fileSize else {
        throw CheckpointError(
            .malformedHeader, "\(path) has \(fileSize) bytes, but its last tensor ends at \(position)")
    }
}

private func bounds(_ record: TensorRecord) -> (Int, Int) { (record.range.lowerBound, record.range.upperBound) }

/// Bytes that the shape takes, or `nil` when the size of the type is not known.
private func byteCount(of entry: TensorEntry, name: String, path: String) throws(CheckpointError) -> Int? {
    guard let elementSize = elementSizes[entry.dtype] else { return nil }
    guard let count = byteCount(shape: entry.shape, elementSize: elementSize) else {
        throw CheckpointError(.malformedHeader, "\(name) in \(path) has the impossible shape \(entry.shape)")
    }
    return count
}

/// Bytes that a shape takes, or `nil` when an axis is negative or the product too large.
func byteCount(shape: [Int], elementSize: Int) -> Int? {
    guard shape.allSatisfy({ $0 >= 0 }) else { return nil }
    if shape.contains(0) { return 0 }
    var count = elementSize
    for length in shape {
        let (product, overflows) = count.multipliedReportingOverflow(by: length)
        if overflows { return nil }
        count = product
    }
    return count
}

/// Bytes of one element of each type whose elements fill whole bytes.
private let elementSizes: [String: Int] = [
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "F8_E4M3FNUZ": 1, "F8_E5M2FNUZ": 1,
    "U16": 2, "I16": 2, "F16": 2, "BF16": 2, "U32": 4, "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8, "C64": 8,
]

/// One tensor's entry in the header.
private struct TensorEntry {
    let dtype: String
    let shape: [Int]
    let offsets: [Int]

    init(_ node: JSONNode) throws(FileError) {
        dtype = try node.member("dtype").string()
        shape = try Self.integers(node.member("shape"))
        offsets = try Self.integers(node.member("data_offsets"))
    }

    private static func integers(_ node: JSONNode) throws(FileError) -> [Int] {
        try node.elements().map { (element) throws(FileError) in try element.integer() }
    }
}

/// The header's object: tensors under their names and metadata under one reserved name.
private struct HeaderEntries {
    var tensors: [String: TensorEntry] = [:]
    var metadata: [String: String] = [:]

    init(parsing text: UnsafeRawBufferPointer, path: String) throws(FileError) {
        let document = try JSONDocument(Array(text), name: "the header of \(path)")
        for (name, value) in try document.root.members() {
            let name = try name.string()
            let value = value.named(name)
            if name != SafetensorsHeader.metadataKey {
                tensors[name] = try TensorEntry(value)
            } else if !value.isNull {
                for (key, note) in try value.members() { metadata[try key.string()] = try note.string() }
            }
        }
    }
}
