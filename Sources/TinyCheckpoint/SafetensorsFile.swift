public import TinyFoundation

/// A memory-mapped safetensors file whose header has been checked from end to end.
///
/// ```swift
/// let file = try SafetensorsFile(path: "model.safetensors")
/// file.tensors["model.norm.weight"]?.shape        // [896]
/// ```
public final class SafetensorsFile: Sendable {
    /// Where the file was found, as given.
    public let path: String
    /// Every tensor by name.
    public let tensors: [String: TensorRecord]
    /// The file's free-form notes.
    public let metadata: [String: String]

    let mapped: MappedFile

    /// Maps the file and checks its header: sizes, ranges, gaps, overlaps, repeated names.
    ///
    /// - Throws: `unreadable`, `truncatedFile` or `malformedHeader`. Tensors of types that are not read are no error
    ///   here; they are when asked for.
    public init(path: String) throws(CheckpointError) {
        mapped = try withCheckpointErrors { () throws(FileError) in try MappedFile(path: path) }
        let header = try mapped.withBytes { (bytes) throws(CheckpointError) in
            try SafetensorsHeader(of: bytes, path: path)
        }
        self.path = path
        tensors = header.tensors
        metadata = header.metadata
    }

    /// Lends the stored bytes of a tensor, little-endian and not necessarily aligned.
    ///
    /// - Throws: `missingTensor` for a name the file lacks; whatever `body` throws.
    public func withBytes<Result>(of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        try tensor(name).withBytes(body)
    }

    /// The tensor of a name.
    ///
    /// - Throws: `missingTensor` for a name the file lacks, `unsupportedType` for a type that is not read.
    public func tensor(_ name: String) throws(CheckpointError) -> CheckpointTensor {
        guard let record = tensors[name] else {
            throw CheckpointError(
                .missingTensor, "\(path) has no tensor \(name)", hint: tensorHint(for: name, among: tensors.keys))
        }
        return try StoredTensor(file: mapped, record: record).tensor()
    }
}

/// A hint when the same tensor seems to be there under a longer or a shorter name.
func tensorHint(for name: String, among names: some Sequence<String>) -> String? {
    names.filter { $0.hasSuffix(".\(name)") || name.hasSuffix(".\($0)") }.min().map { "there is a tensor \($0)" }
}
