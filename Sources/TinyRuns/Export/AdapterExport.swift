import Foundation
public import TinyAdapter
import TinyCheckpoint
public import TinyFoundation
internal import TinyModel

/// Layouts of other tools that an adapter can be written in.
public enum ExportLayout: String, CaseIterable, Sendable {
    /// PEFT's TinyLoRA, with frozen factors and projections in the file.
    case peftTinyLoRA = "peft-tinylora"
    /// PEFT's LoRA, which transformers, vLLM and others load.
    case peftLoRA = "peft-lora"
    /// llama.cpp's LoRA, a GGUF file.
    case ggufLoRA = "gguf-lora"
    /// mlx-lm's LoRA.
    case mlx
    /// A model directory of its own, with the change added to the weights.
    case merged
}

/// What an export wrote.
public struct ExportResult: Sendable, Encodable {
    /// The layout.
    public let layout: String
    /// The directory, or the file of a `gguf-lora`.
    public let output: String
    /// Rank of the written change; `nil` for a merged model.
    public var rank: Int?
    /// What a reader should know, as sentences.
    public var notes: [String] = []
    /// Of a merged model: how the weights changed.
    public var merge: MergeSummary?

    private enum CodingKeys: String, CodingKey {
        case layout = "format"
        case output, rank, notes, merge
    }
}

extension AdaptableModel {
    /// Writes an adapter of this model in another tool's layout.
    ///
    /// ```swift
    /// let model = try UnloadedModel(directory: "Qwen2.5-0.5B")
    /// try model.export(model.adapter(at: "adapter.safetensors"), as: .peftLoRA, to: "peft", threads: 2)
    /// ```
    ///
    /// - Parameters:
    ///   - adapter: For this model.
    ///   - layout: Of the files.
    ///   - output: A directory, which is made where it is missing, or the file of a `gguf-lora`. Files that an export wrote
    ///     are replaced; those of another model never are.
    ///   - rank: Of a LoRA, filled with zeros; that of the adapter unless given.
    ///   - type: Of a LoRA's numbers.
    ///   - threads: Matrices factorised at once.
    ///   - cache: Where frozen factors are kept.
    ///   - progress: Called after each factorised matrix with the number done and the number of all, and with 0 before the
    ///     first.
    /// - Throws: `AdapterError` for another model's adapter, ``RunError`` with code `unusableModel` for a layout that cannot
    ///   hold the adapter, `alreadyExists` for a place that has another model,
    ///   `CheckpointError` or `FileError` when something cannot be written.
    public func export(
        _ adapter: AdapterFile, as layout: ExportLayout, to output: String, rank: Int? = nil,
        type: ElementType = .float32, threads: Int, cache: FactorCache? = .standard(),
        progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
    ) throws -> ExportResult {
        try adapter.requireBaseModel(asBaseModel)
        let destination = ExportDestination(path: output)
        try destination.requireNoModel(besides: checkpoint.directory, for: layout)
        let method = try method(adapter.design, initialSeed: 0, threads: threads, cache: cache, progress: progress)
        guard case .change(let change) = method.effect(of: adapter.values) else {
            throw RunError(
                .unusableModel, "an adapter of all weights is no low-rank change",
                hint: "the run that trained it has the model in its directory")
        }
        let base = modelReference(at: checkpoint.directory), layers = checkpoint.configuration.layerCount
        var result = ExportResult(layout: layout.rawValue, output: output, rank: rank ?? change.factors.rank)
        func write(_ exported: ExportedAdapter) throws {
            try exported.write(to: output)
            result.notes = exported.notes
        }
        switch layout {
        case .peftTinyLoRA:
            guard let method = method as? TinyLoRAMethod ?? (method as? StoredTinyLoRAMethod)?.method else {
                throw RunError(
                    .unusableModel, "an adapter of \(adapter.design.method) is no TinyLoRA",
                    hint: "--to peft-lora holds every low-rank adapter")
            }
            try write(PEFTTinyLoRA.adapter(of: method, values: adapter.values, baseModel: base, layers: layers))
        case .peftLoRA: try write(PEFTLoRA.adapter(of: change, baseModel: base, layers: layers, rank: rank, type: type))
        case .mlx:
            try write(MLXLoRA.adapter(of: change, layers: layers, type: type))
        case .ggufLoRA:
            try GGUFLoRA.write(change, of: checkpoint.configuration, baseModel: name, type: type, to: output)
        case .merged:
            result.rank = nil
            result.merge = try destination.replaceMerged(self) { try merge(change, into: output) }
            // Its directory is one like any other, for which another style is the usual one.
            if isAbacus { result.notes = ["a merged Abacus is asked with --prompt-style abacus"] }
        }
        return result
    }
}
