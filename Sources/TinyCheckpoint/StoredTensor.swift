/// A file and a tensor's name in it.
struct StoredTensor {
    let file: SafetensorsFile
    let name: String
}

/// Tensors by the names that they have in a checkpoint of text alone.
///
/// The text part of a model that also reads images has its parameters under one more name. A tensor keeps its name where the
/// shorter one is taken.
func storedTensors(in files: [String: SafetensorsFile]) -> [String: StoredTensor] {
    var stored: [String: StoredTensor] = [:]
    for (name, file) in files.sorted(by: { $0.key < $1.key }) {
        let short = shortName(name), isFree = files[short] == nil && stored[short] == nil
        stored[isFree ? short : name] = StoredTensor(file: file, name: name)
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
