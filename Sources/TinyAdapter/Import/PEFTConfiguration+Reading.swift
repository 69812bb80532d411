import TinyFoundation

extension PEFTConfiguration {
    /// Reads a file.
    ///
    /// - Throws: ``AdapterError`` with code `inputOutput`, `malformedFile`, `unsupportedVersion`, or `unsupportedFeature` for a
    ///   key whose value this package cannot apply, naming file and key.
    init(path: String) throws(AdapterError) {
        do {
            let root = try JSONDocument(contentsOf: path).root
            try self.init(root)
            try Self.refuseOtherSettings(root)
        } catch let error as AdapterError {
            throw error
        } catch let error as FileError {
            throw AdapterError(error.code == .malformedFile ? .malformedFile : .inputOutput, error)
        } catch {
            throw AdapterError(.inputOutput, "cannot read \(path): \(error)", underlying: error)
        }
    }

    private init(_ root: JSONNode) throws {
        if let ties = try root.given("ntie") {
            throw AdapterError(
                .unsupportedVersion,
                "\(ties.place) is \(ties.brief): the adapter was written by a branch of PEFT from before TinyLoRA was "
                    + "released, with groups and projections that no released version knows")
        }
        let kind = try root.member(Key.peftType.rawValue)
        switch try kind.string() {
        case "LORA":
            method = .lora(
                LoRA(
                    alpha: try root.member(Key.alpha.rawValue).number(),
                    isRankStabilised: try root.flag(Key.isRankStabilised.rawValue, absent: false),
                    ranks: try PEFTPattern(root.optional(Key.ranks.rawValue)),
                    alphas: try PEFTPattern(root.optional(Key.alphas.rawValue))))
        case "TINYLORA":
            let u = try root.member(Key.u.rawValue), tying = try root.optional(Key.tying.rawValue)
            method = .tinyLoRA(
                TinyLoRA(u: try u.integer(), tying: try tying?.number() ?? 0, seed: 0))
            if let tying, try !(0...1).contains(tying.number()) { throw tying.wrongKind("a number from 0 to 1") }
        default:
            throw AdapterError(
                .unsupportedFeature, "\(kind.place) is \(kind.brief), and only LORA and TINYLORA are read")
        }
        rank = try root.member(Key.rank.rawValue).integer()
        baseModel = try root.optional(Key.baseModel.rawValue)?.string()
        version = try root.optional(Key.version.rawValue)?.string()
    }

    /// Refuses what would change the model in a way that the tensors do not tell. A key without a value (null, false, "none",
    /// empty) does nothing, whatever it is called.
    private static func refuseOtherSettings(_ root: JSONNode) throws {
        for (name, value) in try root.members() {
            let key = try name.string(), value = value.named(key)
            guard !readKeys.contains(key), !trainingKeys.contains(key), try !hasNoValue(value) else { continue }
            if initialisations[key, default: []].contains(value.brief) { continue }
            throw AdapterError(
                .unsupportedFeature,
                "\(value.place) is \(value.brief): "
                    + (reasons[key] ?? "this setting is unknown here, and may change what the adapter does"))
        }
    }

    private static func hasNoValue(_ value: JSONNode) throws -> Bool {
        if value.isArray { return try value.elements().isEmpty }
        if value.isObject { return value.descendantCount == 0 }
        return value.isNull || value.kind == .false || value.brief == "\"none\""
    }

    /// Keys that are read, and those that only select modules, which the tensors do too.
    private static let readKeys: Set<String> = Set(
        [
            Key.baseModel, .version, .peftType, .rank, .targetModules, .alpha, .ranks, .alphas, .isRankStabilised, .u,
            .tying,
        ].map(\.rawValue) + ["exclude_modules", "layers_to_transform", "layers_pattern"])

    /// Keys that matter to training only, or describe the file.
    private static let trainingKeys: Set<String> = Set(
        [Key.taskType, .inferenceMode, .loraDropout, .tinyLoRADropout, .seed, .savesProjection].map(\.rawValue) + [
            "auto_mapping", "revision", "init_v_bound", "eva_config", "corda_config", "lora_ga_config", "loftq_config",
            "velora_config", "megatron_config", "megatron_core", "qalora_group_size", "ensure_weight_tying",
            "runtime_config",
        ])

    /// Initial values that leave the model's own weights as they are.
    private static let initialisations: [String: Set<String>] = [
        Key.initialises.rawValue: ["true", "\"uniform\""],
        "init_lora_weights": ["true", "\"gaussian\"", "\"eva\"", "\"orthogonal\""],
    ]

    private static let reasons: [String: String] = {
        let bias = "an adapter here changes no bias"
        return [
            Key.dora.rawValue: "DoRA rescales the rows of the weights, and an adapter here adds to them only",
            Key.bias.rawValue: bias, "lora_bias": bias,
            Key.modulesToSave.rawValue: "an adapter here replaces no modules",
            Key.fanInFanOut.rawValue: "the models read here store no weight transposed",
            "layer_replication": "the adapter is for a model with repeated layers",
            "trainable_token_indices": "an adapter here changes no embeddings",
            "target_parameters": "an adapter here changes weights of linear modules only",
            "init_lora_weights":
                "this initialisation changes the model's own weights, which the adapter's directory does not have",
        ]
    }()
}

/// PEFT's `rank_pattern` and `alpha_pattern`: numbers of some modules.
struct PEFTPattern {
    private let entries: [(name: String, number: Double)]

    /// No module has a number of its own.
    init() { entries = [] }

    /// Reads an object of names and numbers. PEFT takes names as regular expressions for a whole name or its end; only those
    /// that are plain names, or plain ones behind `^`, are read.
    ///
    /// - Throws: `FileError`, or ``AdapterError`` with code `unsupportedFeature` for another expression.
    init(_ node: JSONNode?) throws {
        entries =
            try node?.members().map { name, value in
                let text = try name.string(), value = value.named(text)
                let isPlain = text.drop { $0 == "^" }.allSatisfy { $0.isLetter || $0.isNumber || "._-".contains($0) }
                guard isPlain, text.prefix(2) != "^^" else {
                    throw AdapterError(
                        .unsupportedFeature, "\(value.place) is a regular expression, and only names are read")
                }
                return (text, try value.number())
            } ?? []
    }

    /// The number of a module, as PEFT finds it: the first name that is the module's, or its end behind a full stop.
    ///
    /// - Parameter module: The name in PEFT's model, such as `model.language_model.layers.0.self_attn.v_proj`.
    func number(of module: String) -> Double? {
        entries.first { name, _ in Self.names(name, module) }?.number
    }

    /// The first name that is none of these modules and ends as one of them does, from its layer on: PEFT would leave the
    /// number out, and the name was probably that of the module before a change of names.
    ///
    /// A name that ends otherwise belongs to a module that the adapter does not change, and has no effect in PEFT either.
    func misnamed(among modules: [String]) -> String? {
        entries.first { name, _ in
            let end = name.drop { $0 == "^" }.split(separator: ".").suffix(4)  // layers.0.self_attn.v_proj
            return !end.isEmpty && !modules.contains { Self.names(name, $0) }
                && modules.contains { $0.split(separator: ".").suffix(end.count) == end }
        }?.name
    }

    private static func names(_ name: String, _ module: String) -> Bool {
        name.hasPrefix("^") ? module == name.dropFirst() : module == name || module.hasSuffix("." + name)
    }
}
