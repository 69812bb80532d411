import Foundation
public import TinyCheckpoint
import TinyModel
public import TinyFoundation

extension AdapterFile {
    private static let format = "tinylora-adapter", formatVersion = "1"

    /// Writes a safetensors file; the same adapter gives the same bytes. The old file stays until the new one is complete.
    ///
    /// - Throws: ``AdapterError`` with code `inputOutput`, naming the file and the system's reason.
    public func write(to path: String) throws(AdapterError) {
        do {
            try SafetensorsWriter.write(tensors + design.frozenTensors, metadata: metadata(), to: path)
        } catch let error as CheckpointError {
            throw AdapterError(.inputOutput, error)
        } catch {
            throw AdapterError(.inputOutput, "cannot write \(path): \(error)", underlying: error)
        }
    }

    /// The numbers under the names and shapes of the design, not copied before they are written.
    public var tensors: [TensorToWrite] {
        var start = 0
        return design.tensors.map { tensor in
            defer { start += tensor.count }
            let range = start..<start + tensor.count
            return TensorToWrite(name: tensor.name, shape: tensor.shape, type: elementType) { [values] in
                Array(values[range])
            }
        }
    }

    /// Everything but the numbers.
    private func metadata() throws -> [String: String] {
        var notes = try design.notes.merging(design.schemes) { first, _ in first }
        notes[AdapterNotes.format] = Self.format
        notes[AdapterNotes.formatVersion] = Self.formatVersion
        notes[AdapterNotes.method] = design.method
        notes[AdapterNotes.parameters] = "\(design.parameterCount)"
        notes[AdapterNotes.baseModelName] = baseModel.name
        notes[AdapterNotes.baseModelFingerprint] = baseModel.fingerprint
        notes[AdapterNotes.elementType] = elementType.safetensorsName
        notes[AdapterNotes.arithmetic] = notedArithmetic?.rawValue
        notes[AdapterNotes.toolVersion] = toolVersion
        for (key, value) in details { notes[AdapterNotes.detail + key] = value }
        return notes
    }

    /// The file that a path stands for: itself, or `adapter.safetensors` in a directory such as a run's.
    ///
    /// - Throws: ``AdapterError`` with code `inputOutput` when a directory has no such file, saying what it seems to be.
    public static func file(at path: String) throws(AdapterError) -> String {
        guard isDirectory(path) else { return path }
        let folder = path.hasSuffix("/") ? String(path.dropLast()) : path
        func has(_ name: String) -> Bool { access("\(folder)/\(name)", F_OK) == 0 }
        if has(Self.name) { return "\(folder)/\(Self.name)" }
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter {
            $0.hasSuffix(".safetensors") && (try? load(path: "\(folder)/\($0)")) != nil
        }
        if names.count == 1 { return "\(folder)/\(names[0])" }
        if names.count > 1 {
            throw AdapterError(
                .inputOutput, "\(path) is a directory with \(names.count) adapters",
                hint: "name one of them: \(names.sorted().prefix(5).joined(separator: ", "))")
        }
        throw AdapterError(
            .inputOutput, "\(path) is a directory without \(Self.name), expected an adapter file",
            hint: has("config.json")
                ? "it seems to be a model" : has("steps.jsonl") ? "its run has not finished" : nil)
    }

    /// What a run calls its adapter.
    public static let name = "adapter.safetensors"

    private static func isDirectory(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    /// Reads and checks an adapter file. Whether it fits a model is another question: ``requireBaseModel(_:)``.
    ///
    /// - Throws: ``AdapterError`` with code `inputOutput`, `malformedFile` or `unsupportedVersion`, naming the file.
    public static func load(path: String) throws(AdapterError) -> AdapterFile {
        let file: SafetensorsFile
        do throws(CheckpointError) {
            file = try SafetensorsFile(path: path)
        } catch {
            throw AdapterError(error.code == .unreadable ? .inputOutput : .malformedFile, error)
        }
        let notes = AdapterNotes(file)
        let design = try design(notes)
        let (values, type) = try numbers(of: design, notes)
        try notes.requireAgreement([
            AdapterNotes.parameters: "\(design.parameterCount)", AdapterNotes.elementType: type.safetensorsName,
        ])
        let details = notes.values.filter { $0.key.hasPrefix(AdapterNotes.detail) }
            .map { (String($0.key.dropFirst(AdapterNotes.detail.count)), $0.value) }
        let baseModel = BaseModel(
            name: try notes.text(AdapterNotes.baseModelName),
            fingerprint: try notes.text(AdapterNotes.baseModelFingerprint))
        let toolVersion = try notes.text(AdapterNotes.toolVersion), arithmetic = try notes.arithmetic()
        return try notes.checked { () throws(AdapterError) in
            try AdapterFile(
                design: design, baseModel: baseModel, values: values, elementType: type, arithmetic: arithmetic,
                toolVersion: toolVersion, details: Dictionary(details) { first, _ in first })
        }
    }

    private static func design(_ notes: AdapterNotes) throws(AdapterError) -> any AdapterDesign {
        guard notes.values[AdapterNotes.format] == format else {
            throw AdapterError(
                .malformedFile,
                "\(notes.path) is not a TinyLoRA adapter: its format is "
                    + (notes.values[AdapterNotes.format] ?? "not given"),
                hint: notes.path.hasSuffix(PEFTAdapter.weightsName)
                    ? "an adapter of PEFT is named by its directory" : nil)
        }
        try notes.require(AdapterNotes.formatVersion, among: [formatVersion])
        try notes.require(AdapterNotes.method, among: designs.map { $0.method })
        let method = try notes.text(AdapterNotes.method)
        for design in designs where design.method == method { return try design.init(notes: notes) }
        throw AdapterError(.unsupportedVersion, "\(notes.path) has no known method")
    }

    /// The numbers, one tensor after the other, all stored in one type.
    private static func numbers(
        of design: any AdapterDesign, _ notes: AdapterNotes
    ) throws(AdapterError) -> ([Float], ElementType) {
        var values: [Float] = []
        var type: ElementType?
        for expected in design.tensors {
            let tensor = try notes.tensor(expected)
            guard tensor.type == type ?? tensor.type else {
                throw AdapterError(
                    .malformedFile,
                    "\(notes.path) contradicts itself: \(expected.name) is \(tensor.type?.safetensorsName ?? ""), others are "
                        + (type?.safetensorsName ?? ""))
            }
            type = tensor.type
            values += tensor.floats()
        }
        return (values, type ?? .float32)
    }

    /// Checks that a model is the one the adapter was trained on.
    ///
    /// - Throws: ``AdapterError`` with code `differentBaseModel`, naming both fingerprints.
    public func requireBaseModel(_ model: BaseModel) throws(AdapterError) {
        guard model.fingerprint == baseModel.fingerprint else { throw baseModel.isNot(model) }
    }

    /// The method the adapter needs, for the model it was trained on.
    ///
    /// - Throws: ``AdapterError`` with code `differentBaseModel`; else as ``AdapterDesign/prepared(_:)``.
    public func method(for preparation: AdapterPreparation) throws -> any AdapterMethod {
        var preparation = preparation
        let found = try preparation.fingerprint ?? preparation.checkpoint.fingerprint()
        preparation.fingerprint = found
        try requireBaseModel(BaseModel(name: preparation.checkpoint.directory, fingerprint: found))
        return try design.prepared(preparation)
    }
}

extension AdapterFile.BaseModel {
    /// Says that an adapter of this model was given another.
    func isNot(_ model: AdapterFile.BaseModel) -> AdapterError {
        AdapterError(
            .differentBaseModel,
            "the adapter was trained on \(name) (\(shortened(fingerprint))), not on \(model.name) "
                + "(\(shortened(model.fingerprint)))",
            hint: Checkpoint.isOfGGUF(fingerprint: model.fingerprint) == Checkpoint.isOfGGUF(fingerprint: fingerprint)
                ? nil
                : "one is a GGUF file, the other a directory; they are different base models, even where one was made "
                    + "from the other")
    }
}

/// The kind of hash and its first digits, enough to tell models apart: `sha256:1f3a5c7e9b2d`.
private func shortened(_ fingerprint: String) -> String {
    guard let colon = fingerprint.firstIndex(of: ":") else { return String(fingerprint.prefix(12)) }
    return String(fingerprint[...colon]) + fingerprint[fingerprint.index(after: colon)...].prefix(12)
}
