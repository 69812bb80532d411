import Foundation
import TinyModel

/// What this package writes of PEFT's `adapter_config.json` and understands of one that it reads.
///
/// Keys: PEFT 0.19 to 0.21, `LoraConfig` and `TinyLoraConfig`.
struct PEFTConfiguration {
    /// Settings of one of PEFT's methods.
    enum Method {
        case lora(LoRA)
        case tinyLoRA(TinyLoRA)
    }

    /// A LoRA scales its change by `alpha / rank`, or by `alpha / √rank` where it is rank-stabilised.
    struct LoRA {
        var alpha: Double
        var isRankStabilised = false
        /// Ranks and alphas of some modules.
        var ranks = PEFTPattern(), alphas = PEFTPattern()
    }

    struct TinyLoRA {
        var u: Int
        /// PEFT's `weight_tying`, 0 to 1: see ``PEFTTinyLoRA/groupCount(modules:tying:)``.
        var tying: Double
        var seed: UInt64
    }

    var baseModel: String?
    /// The version of PEFT that wrote the file.
    var version: String?
    var rank: Int
    /// As the file names them; the tensors tell which modules are changed.
    var targetModules: [String] = []
    var method: Method

    enum Key: String, CodingKey, CaseIterable {
        case baseModel = "base_model_name_or_path"
        case version = "peft_version"
        case bias
        case fanInFanOut = "fan_in_fan_out"
        case inferenceMode = "inference_mode"
        case modulesToSave = "modules_to_save"
        case peftType = "peft_type"
        case rank = "r"
        case targetModules = "target_modules"
        case taskType = "task_type"
        // LoRA
        case alpha = "lora_alpha"
        case loraDropout = "lora_dropout"
        case ranks = "rank_pattern"
        case alphas = "alpha_pattern"
        case isRankStabilised = "use_rslora"
        case dora = "use_dora"
        // TinyLoRA
        case u
        case tying = "weight_tying"
        case seed = "projection_seed"
        case savesProjection = "save_projection"
        case tinyLoRADropout = "tinylora_dropout"
        case initialises = "init_weights"
    }
}

extension PEFTConfiguration: Encodable {
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encodeIfPresent(baseModel, forKey: .baseModel)
        try container.encode("none", forKey: .bias)
        try container.encode(false, forKey: .fanInFanOut)
        try container.encode(true, forKey: .inferenceMode)
        try container.encodeNil(forKey: .modulesToSave)
        try container.encode(rank, forKey: .rank)
        try container.encode(targetModules, forKey: .targetModules)
        try container.encode("CAUSAL_LM", forKey: .taskType)
        switch method {
        case .lora(let lora):
            try container.encode("LORA", forKey: .peftType)
            try container.encode(lora.alpha, forKey: .alpha)
            try container.encode(0, forKey: .loraDropout)
            try container.encode([String: Double](), forKey: .ranks)
            try container.encode([String: Double](), forKey: .alphas)
            try container.encode(lora.isRankStabilised, forKey: .isRankStabilised)
            try container.encode(false, forKey: .dora)
        case .tinyLoRA(let tinyLoRA):
            try container.encode("TINYLORA", forKey: .peftType)
            try container.encode(tinyLoRA.u, forKey: .u)
            try container.encode(tinyLoRA.tying, forKey: .tying)
            // PEFT's generator takes fewer seeds than ours; the file holds the projections, so it is never drawn from.
            try container.encode(tinyLoRA.seed % (1 << 31), forKey: .seed)
            try container.encode(true, forKey: .savesProjection)
            try container.encode(0, forKey: .tinyLoRADropout)
            try container.encode(true, forKey: .initialises)
        }
    }

    /// Modules as `target_modules` names them: the last parts of the names where every layer of the model has the same kinds,
    /// full names otherwise. PEFT looks for the names in all layers.
    ///
    /// - Parameter layers: Layers of the model; where they are not known, full names are taken.
    static func targetModules(_ modules: [AdaptedModule], layers count: Int?) -> [String] {
        let layers = Dictionary(grouping: modules, by: \.layer)
        let kinds = layers.values.first.map { Set($0.map(\.kind)) } ?? []
        let isRegular = layers.values.allSatisfy { Set($0.map(\.kind)) == kinds }
        let isComplete = count.map { layers.keys.sorted() == Array(0..<$0) } ?? false
        return isRegular && isComplete ? modules.kinds.map(\.suffix) : modules.map(\.name)
    }
}
