import TinyFoundation

/// The one or several GGUF files of a model.
struct GGUFModel {
    /// In their order; the first has the metadata.
    let files: [GGUFFile]

    /// Opens the file and, where it is the first part of a model, the others beside it.
    ///
    /// - Throws: Any reading code of ``CheckpointError``.
    init(path: String) throws(CheckpointError) {
        let first = try GGUFFile(path: path)
        let count = try first.integer("split.count") ?? 1
        guard count > 1 else {
            files = [first]
            return
        }
        guard let name = PartName(path), name.count == count else {
            throw CheckpointError(
                .malformedHeader,
                "\(path) is one of \(count) parts (split.count), and its name does not end in -00001-of-"
                    + "\(PartName.digits(count)).gguf")
        }
        guard name.number == 1 else {
            throw CheckpointError(
                .malformedHeader, "\(path) is part \(name.number) of \(count)", hint: "open \(name.path(ofPart: 1))")
        }
        var files: [GGUFFile] = [first]
        for number in 2...count { files.append(try GGUFFile(path: name.path(ofPart: number))) }
        for (index, file) in files.enumerated() {
            let (number, parts) = (try file.integer("split.no"), try file.integer("split.count"))
            guard number == index, parts == count else {
                throw CheckpointError(
                    .malformedHeader,
                    "\(file.path) says it is part \(number.map { "\($0 &+ 1)" } ?? "?") of "
                        + "\(parts.map { "\($0)" } ?? "?") (split.no, split.count), expected \(index + 1) of \(count)")
            }
        }
        let found = files.reduce(0) { $0 + $1.tensors.count }
        if let expected = try first.integer("split.tensors.count"), expected != found {
            throw CheckpointError(
                .malformedHeader,
                "the parts of \(path) have \(found) tensors, expected \(expected) (split.tensors.count)")
        }
        self.files = files
    }

    /// Every tensor under its name in Hugging Face's files.
    func storedTensors(of configuration: ModelConfiguration) throws(CheckpointError) -> [String: StoredTensor] {
        var stored: [String: StoredTensor] = [:]
        for file in files {
            for record in file.tensors where record.name != frequencyFactorsName {
                let name = huggingFaceName(ofGGUF: record.name)
                if let other = stored[name] {
                    throw CheckpointError(
                        .malformedHeader,
                        other.record.name == record.name
                            ? "\(other.file.path) and \(file.path) both have the tensor \(record.name)"
                            : "\(file.path) has \(other.record.name) and \(record.name), which name the same weight")
                }
                stored[name] = StoredTensor(
                    file: file.mapped, record: record, interleaving: HeadInterleaving(of: name, in: configuration))
            }
        }
        return stored
    }
}

extension GGUFFile {
    fileprivate func integer(_ key: String) throws(CheckpointError) -> Int? {
        try withGGUFErrors { () throws(FileError) in try metadata.integer(key) }
    }
}

/// The end of the name of one of several parts: `-00001-of-00003.gguf`.
private struct PartName {
    let number: Int
    let count: Int
    private let beginning: Substring

    init?(_ path: String) {
        guard let match = path.wholeMatch(of: /(.*)-(\d{5})-of-(\d{5})\.gguf/.dotMatchesNewlines()),
            let number = Int(match.2), let count = Int(match.3)
        else { return nil }
        beginning = match.1
        self.number = number
        self.count = count
    }

    func path(ofPart number: Int) -> String {
        "\(beginning)-\(Self.digits(number))-of-\(Self.digits(count)).gguf"
    }

    static func digits(_ number: Int) -> String {
        let text = "\(number)"
        return String(repeating: "0", count: max(0, 5 - text.count)) + text
    }
}
