import TinyFoundation

/// Where a checkpoint's tensor is: the file and its place in it.
struct StoredTensor {
    let file: MappedFile
    let record: TensorRecord
    /// The order of its rows; `nil` where they are in order.
    var interleaving: HeadInterleaving?

    /// - Throws: `unsupportedType` for a type that is not read.
    func tensor() throws(CheckpointError) -> CheckpointTensor {
        guard let format = record.format else {
            throw CheckpointError(
                .unsupportedType,
                "\(record.name) is stored as \(record.typeName) in \(file.path), expected F32, BF16 or F16")
        }
        return CheckpointTensor(
            file: file, format: format, shape: record.shape, range: record.range, interleaving: interleaving)
    }
}

/// Tensors by the names that they have in a checkpoint of text alone.
///
/// The text part of a model that also reads images has its parameters under one more name. A tensor keeps its name where the
/// shorter one is taken.
func withShortNames(_ tensors: [String: StoredTensor]) -> [String: StoredTensor] {
    var stored: [String: StoredTensor] = [:]
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
        let short = shortName(name), isFree = tensors[short] == nil && stored[short] == nil
        stored[isFree ? short : name] = tensor
    }
    return stored
}

private func shortName(_ name: String) -> String {
    for (long, short) in [
        ("model.language_model.", "model."), ("language_model.model.", "model."),
        ("language_model.lm_head.", "lm_head."),
    ] where name.hasPrefix(long) {
        return short + name.dropFirst(long.count)
    }
    return name
}
