public import TinyModel
public import TinyFoundation

/// LoRA: `A [rank, inputs]` and `B [outputs, rank]` of every module are trained.
///
///     W' = W + alpha / rank · B A
///
/// An untrained adapter has `B = 0`, the base model bit for bit, and `A` uniform over ±1/√inputs: PEFT's `kaiming_uniform_`
/// with a = √5. Files keep the numbers under PEFT's keys.
///
/// Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", arXiv:2106.09685.
public struct LoRADesign: AdapterDesign {
    /// The method's name.
    public static let method = "lora"
    /// The changed modules, in counting order.
    public let modules: [AdaptedModule]
    /// Rank of every module's change.
    public let rank: Int
    /// Multiplies the change by `alpha / rank`.
    public let alpha: Double

    /// Checks and makes a design. `alpha` is finite and not 0; `nil` is the rank, which scales by 1.
    ///
    /// - Throws: ``AdapterError`` with code `invalidPlan`.
    public init(modules: [AdaptedModule], rank: Int, alpha: Double? = nil) throws(AdapterError) {
        try modules.check()
        try checkRank(rank)
        try checkAlpha(alpha)
        self.modules = modules
        self.rank = rank
        self.alpha = alpha ?? Double(rank)
    }

    /// `rank · (inputs + outputs)` for every module.
    public var parameterCount: Int { modules.reduce(0) { $0 + rank * ($1.inputs + $1.outputs) } }

    /// The layers.
    public var parts: [AdapterPart] { modules.layers { (rank * $0.inputs, rank * $0.outputs) } }

    /// As shown to people: `169,920 parameters · LoRA · rank 8 · 35 modules`.
    public var description: String {
        "\(counted(parameterCount, "parameter")) · LoRA · rank \(rank)\(alphaPhrase(alpha, rank: rank)) · "
            + modules.phrase
    }

    /// None.
    public var schemes: [String: String] { [:] }

    /// Draws the initial values; reads no weight.
    public func prepared(_ preparation: AdapterPreparation) throws -> any AdapterMethod {
        try modules.requirePresence(in: preparation.checkpoint)
        return LoRAMethod(design: self, seed: preparation.initialSeed)
    }

    /// `lora_A.weight` and `lora_B.weight` of every module, with PEFT's prefix.
    public var tensors: [ParameterShape] {
        modules.flatMap { module in
            [
                ParameterShape(name: "base_model.model.\(module.name).lora_A.weight", shape: [rank, module.inputs]),
                ParameterShape(name: "base_model.model.\(module.name).lora_B.weight", shape: [module.outputs, rank]),
            ]
        }
    }

    /// Modules, rank, alpha, and the same as PEFT's `adapter_config.json`.
    public var notes: [String: String] {
        get throws {
            [
                AdapterNotes.modules: try AdapterNotes.json(ModuleList(modules)), AdapterNotes.rank: "\(rank)",
                AdapterNotes.alpha: "\(alpha)", "adapter_config": try AdapterNotes.json(peftConfiguration),
            ]
        }
    }

    /// What PEFT wants to find in `adapter_config.json` beside the file.
    private var peftConfiguration: PEFTConfiguration {
        PEFTConfiguration(rank: rank, targetModules: modules.kinds.map(\.suffix), method: .lora(.init(alpha: alpha)))
    }

    /// Reads modules, rank and alpha.
    public init(notes: AdapterNotes) throws(AdapterError) {
        let rank = try notes.integer(AdapterNotes.rank), alpha = try notes.number(AdapterNotes.alpha)
        let modules = try notes.modules()
        self = try notes.checked { () throws(AdapterError) in
            try LoRADesign(modules: modules, rank: rank, alpha: alpha)
        }
    }
}

/// LoRA for one model.
struct LoRAMethod: AdapterMethod {
    let design: LoRADesign
    let seed: UInt64

    var initialValues: [Float] {
        design.modules.flatMap { module -> [Float] in
            var stream = RandomStream(.initialisation, seed: seed, step: module.index + 1)
            let bound = 1 / Double(module.inputs).squareRoot()
            let a = (0..<design.rank * module.inputs).map { _ in Float((2 * stream.uniform() - 1) * bound) }
            return a + [Float](repeating: 0, count: module.outputs * design.rank)
        }
    }

    var gradient: AdapterGradient { .factors }

    /// `R` is the scale times the unit matrix.
    func effect(of values: [Float]) -> AdapterEffect {
        let rank = design.rank, scale = Float(design.alpha / Double(rank))
        var offset = 0
        let factors = design.modules.map { module in
            let middle = offset + rank * module.inputs, end = middle + module.outputs * rank
            defer { offset = end }
            return ModuleFactors(a: Array(values[offset..<middle]), b: Array(values[middle..<end]))
        }
        var unit = [Float](repeating: 0, count: rank * rank)
        for index in 0..<rank { unit[index * (rank + 1)] = scale }
        return .change(
            LowRankChange(
                factors: LowRankFactors(rank: rank, modules: design.modules, factors: factors),
                mixing: design.modules.flatMap { _ in unit }))
    }
}

/// Checks what scales a change.
func checkAlpha(_ alpha: Double?) throws(AdapterError) {
    guard let alpha else { return }
    guard alpha.isFinite, alpha > 0 else {
        throw AdapterError(.invalidPlan, "lora_alpha is \(alpha), it must be positive")
    }
}

/// ` · alpha 16` where the scale is not 1.
func alphaPhrase(_ alpha: Double, rank: Int) -> String { alpha == Double(rank) ? "" : " · alpha \(alpha)" }
