import Foundation
public import TinyCheckpoint
public import TinyFoundation
import TinyModel

/// An adapter that PEFT wrote: a directory with `adapter_config.json` and `adapter_model.safetensors`.
///
/// A LoRA becomes a ``LoRADesign``, a TinyLoRA a ``StoredTinyLoRADesign``, which keeps PEFT's factors and projections as they
/// are, so that both compute what PEFT does. The tensors tell which modules are changed and their shapes, so that no model is
/// needed to read a directory:
///
/// ```swift
/// let peft = try PEFTAdapter(directory: "lora")
/// peft.design.description                                  // 169,920 parameters · LoRA · rank 8 · 35 modules
/// let adapter = try peft.adapter(of: checkpoint, baseModel: model, arithmetic: .bfloat16, toolVersion: "0.1.0")
/// ```
public struct PEFTAdapter: Sendable {
    /// PEFT's name of the method: `LORA` or `TINYLORA`.
    public let kind: String
    /// What the configuration calls the base model.
    public let baseModel: String?
    /// The version of PEFT that wrote the directory, where the configuration says it.
    public let version: String?
    /// What the numbers are.
    public let design: any AdapterDesign
    /// The trained numbers as stored.
    public let values: [Float]
    /// How they are stored; fp32 where the tensors differ.
    public let elementType: ElementType
    /// The configuration and the tensors.
    public let files: [String]

    /// The file that says what the tensors are; an adapter is written with it last.
    package static let configurationName = "adapter_config.json"
    static let weightsName = "adapter_model.safetensors"

    /// Whether a directory has such an adapter, and none of this package.
    public static func isPresent(in directory: String) -> Bool {
        func has(_ name: String) -> Bool { access("\(directory)/\(name)", F_OK) == 0 }
        return has(configurationName) && !has(AdapterFile.name)
    }

    /// Reads a directory.
    ///
    /// - Throws: ``AdapterError`` with code `inputOutput` or `malformedFile`, `unsupportedVersion` for a TinyLoRA without its
    ///   projections or of a branch of PEFT, `unsupportedFeature` for what an adapter of this package cannot do; each names
    ///   the file and the key or tensor.
    public init(directory: String) throws(AdapterError) {
        let folder = directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        files = ["\(folder)/\(Self.configurationName)", "\(folder)/\(Self.weightsName)"]
        if access("\(folder)/\(Self.weightsName)", F_OK) != 0 { try Self.refuseOtherWeights(in: folder) }
        let configuration = try PEFTConfiguration(path: files[0])
        let tensors = try PEFTTensors(path: files[1])
        baseModel = configuration.baseModel
        version = configuration.version
        switch configuration.method {
        case .lora(let lora):
            kind = "LORA"
            (design, values, elementType) = try tensors.lora(lora, rank: configuration.rank, configuration: files[0])
        case .tinyLoRA(let tinyLoRA):
            kind = "TINYLORA"
            (design, values, elementType) = try tensors.tinyLoRA(
                tinyLoRA, rank: configuration.rank, configuration: files[0])
        }
    }

    /// Says what else the tensors are in, where PEFT's file of them is missing.
    private static func refuseOtherWeights(in folder: String) throws(AdapterError) {
        func has(_ name: String) -> Bool { access("\(folder)/\(name)", F_OK) == 0 }
        if has("adapters.safetensors") {
            throw AdapterError(
                .unsupportedFeature, "\(folder) has an adapter of mlx-lm, and those are not read",
                hint: "of other tools' adapters only PEFT's are read: \(configurationName) and \(weightsName)")
        }
        if has("adapter_model.bin") {
            throw AdapterError(
                .unsupportedFeature, "\(folder)/adapter_model.bin is in PyTorch's own format, which is not read",
                hint: "load the adapter in PEFT and save it again: save_pretrained writes \(weightsName)")
        }
    }

    /// The adapter of a model. Only its shapes are checked: PEFT's files do not identify their model.
    ///
    /// - Parameters:
    ///   - checkpoint: The model.
    ///   - baseModel: The same, as the adapter will name it.
    ///   - arithmetic: What the adapter is used in; PEFT's files do not tell that of the training.
    ///   - toolVersion: What reads the directory.
    /// - Throws: ``AdapterError`` with code `invalidPlan` where the model has no such modules.
    public func adapter(
        of checkpoint: Checkpoint, baseModel: AdapterFile.BaseModel, arithmetic: Arithmetic, toolVersion: String
    ) throws(AdapterError) -> AdapterFile {
        try design.modules.requirePresence(in: checkpoint, source: files[1])
        return try AdapterFile(
            design: design, baseModel: baseModel, values: values, elementType: elementType, arithmetic: arithmetic,
            toolVersion: toolVersion, details: ["imported": version.map { "PEFT \(kind) \($0)" } ?? "PEFT \(kind)"])
    }
}
