import Foundation
import TinyCheckpoint
import TinyFoundation
import TinyHub

/// Where an export writes. A merged model has the file names of any model, so its directory must not be that of another one.
struct ExportDestination {
    /// The directory, or the file of a `gguf-lora`.
    let path: String

    /// The file that says that a directory holds a merged model, which the next export replaces.
    static let markName = "tinylora_merged.json"

    /// Refuses a place where the export would replace a file of a model.
    ///
    /// - Parameter model: The directory or GGUF file of the exported adapter's model.
    /// - Throws: ``RunError`` with code `alreadyExists`.
    func requireNoModel(besides model: String, for layout: ExportLayout) throws(RunError) {
        switch layout {
        case .merged: try requireNoModelDirectory(model)
        case .ggufLoRA:
            if isSamePlace(path, model) {
                throw refusal("\(path) is the file of the model that the adapter belongs to", "file")
            }
            // The file of an adapter says that it is one.
            if let old = try? GGUFMetadata(MappedFile(path: path)), (try? old.text("general.type")) != "adapter" {
                throw refusal("\(path) is the file of a model", "file")
            }
        case .peftTinyLoRA, .peftLoRA, .mlx: return
        }
    }

    /// Replaces what the directory has of an earlier merged model by another one.
    ///
    /// The directory says before any other file is there that it holds a merged model, and in which files. Those of the earlier
    /// one that this one does not have are removed at the end, so that until then every file is as it was or as it is to be.
    ///
    /// - Parameter write: Writes the files of the merged model.
    func replaceMerged<Result>(_ model: some AdaptableModel, _ write: () throws -> Result) throws -> Result {
        let names = CheckpointWriter.fileNames(of: model.checkpoint) + model.textFiles
        let rest = markedFiles.filter { !names.contains($0) }
        try AtomicFile.makeDirectory(path)
        try mark(model, names + rest)
        let result = try write()
        guard !rest.isEmpty else { return result }
        for name in rest {
            try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
        try mark(model, names)
        return result
    }

    private var markPath: String { "\(path)/\(Self.markName)" }

    /// The files that the mark in the directory names.
    private var markedFiles: [String] {
        guard let text = FileManager.default.contents(atPath: markPath), let mark = try? JSONValue(json: text),
            case .array(let names)? = mark["files"]
        else { return [] }
        return names.compactMap { name in
            guard case .string(let name) = name else { return nil }
            let parts = name.split(separator: "/", omittingEmptySubsequences: false)
            return parts.contains { ["", ".", ".."].contains($0) } ? nil : name
        }
    }

    private func mark(_ model: some AdaptableModel, _ names: [String]) throws {
        let members: [JSONValue.Member] = [
            .init("base_model_name", .string(model.name)),
            .init("base_model_fingerprint", .string(try model.fingerprint)),
            .init("files", .array(names.map { .string($0) })),
        ]
        try AtomicFile.write(JSONValue.object(members).document, to: markPath)
    }

    private func requireNoModelDirectory(_ model: String) throws(RunError) {
        let folder = isGGUF(model) ? URL(fileURLWithPath: model).deletingLastPathComponent().path : model
        if isSamePlace(path, folder) {
            throw refusal("\(path) is the directory of the model that the adapter belongs to", "directory")
        }
        if HubCache.isInSnapshots(path) {
            throw refusal("\(path) is in the cache of downloaded models", "directory")
        }
        guard !FileManager.default.fileExists(atPath: markPath) else { return }
        if let name = modelFile(in: path) {
            throw refusal("\(path) already has files of a model or an adapter (\(name))", "directory")
        }
    }

    private func refusal(_ what: String, _ kind: String) -> RunError {
        RunError(
            .alreadyExists, what + ", which an export does not replace", hint: "choose another \(kind) with --output")
    }
}
