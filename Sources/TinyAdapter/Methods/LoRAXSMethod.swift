public import TinyModel
public import TinyFoundation

/// LoRA-XS: a free matrix `R [rank, rank]` for every module, between the frozen factors of its weight.
///
///     W' = W + scale · B R A
///
/// Source: Bałazy et al., "LoRA-XS: Low-Rank Adaptation with Extremely Small Number of Parameters", arXiv:2405.17604; its
/// initial values N(0, 1e-5²).
public struct LoRAXSDesign: AdapterDesign {
    /// The method's name.
    public static let method = "lora-xs"
    /// The changed modules, in counting order.
    public let modules: [AdaptedModule]
    /// How many directions of each weight are used.
    public let rank: Int
    /// Multiplies the change by `alpha / rank`.
    public let alpha: Double
    /// Which directions of the weights the factors are.
    public let subspace: FrozenSubspace
    /// Seed of random directions.
    public let seed: UInt64

    /// Standard deviation of an untrained adapter's numbers.
    private static let deviation = 1e-5

    /// Checks and makes a design. `alpha` is finite and not 0; `nil` is the rank, which scales by 1.
    ///
    /// - Throws: ``AdapterError`` with code `invalidPlan`.
    public init(
        modules: [AdaptedModule], rank: Int, alpha: Double? = nil, subspace: FrozenSubspace = .top, seed: UInt64 = 0
    ) throws(AdapterError) {
        try modules.check(rank: rank)
        try checkAlpha(alpha)
        self.modules = modules
        self.rank = rank
        self.alpha = alpha ?? Double(rank)
        self.subspace = subspace
        self.seed = seed
    }

    /// `rank²` for every module.
    public var parameterCount: Int { modules.count * rank * rank }

    /// The layers.
    public var parts: [AdapterPart] { modules.layers { _ in (0, rank * rank) } }

    /// Factors.
    public var frozenParts: FrozenParts? { FrozenParts(rank: rank, subspace: subspace, seed: seed) }

    /// As shown to people: `2,240 parameters · LoRA-XS · rank 8 · 35 modules`.
    public var description: String {
        "\(counted(parameterCount, "parameter")) · LoRA-XS · rank \(rank)\(alphaPhrase(alpha, rank: rank)) · "
            + modules.phrase + subspace.phrase
    }

    /// Scheme of the factors.
    public var schemes: [String: String] { [AdapterNotes.factorScheme: subspace.scheme] }

    /// Factorises the weights and draws the initial values.
    public func prepared(_ preparation: AdapterPreparation) throws -> any AdapterMethod {
        LoRAXSMethod(
            design: self, factors: try preparation.factors(of: modules, rank: rank, subspace: subspace, seed: seed),
            initialValues: modules.flatMap { module in
                var stream = RandomStream(.initialisation, seed: preparation.initialSeed, step: module.index + 1)
                return (0..<rank * rank).map { _ in Float(stream.normal() * Self.deviation) }
            })
    }

    /// `<module>.lora_xs_R`, `[rank, rank]`, for every module.
    public var tensors: [ParameterShape] {
        modules.map { ParameterShape(name: $0.name + ".lora_xs_R", shape: [rank, rank]) }
    }

    /// Modules, rank, alpha and seed.
    public var notes: [String: String] {
        get throws {
            [
                AdapterNotes.modules: try AdapterNotes.json(ModuleList(modules)), AdapterNotes.rank: "\(rank)",
                AdapterNotes.alpha: "\(alpha)", AdapterNotes.projectionSeed: "\(seed)",
            ]
        }
    }

    /// Reads modules, rank, alpha and seed.
    public init(notes: AdapterNotes) throws(AdapterError) {
        let subspace = try notes.subspace(), seed = try notes.seed(), alpha = try notes.number(AdapterNotes.alpha)
        let rank = try notes.integer(AdapterNotes.rank), modules = try notes.modules()
        self = try notes.checked { () throws(AdapterError) in
            try LoRAXSDesign(modules: modules, rank: rank, alpha: alpha, subspace: subspace, seed: seed)
        }
    }
}

/// LoRA-XS for one model.
struct LoRAXSMethod: AdapterMethod {
    let design: LoRAXSDesign
    let factors: LowRankFactors
    let initialValues: [Float]

    private var scale: Float { Float(design.alpha / Double(design.rank)) }

    /// The numbers are `R`, up to the scale.
    func effect(of values: [Float]) -> AdapterEffect {
        .change(LowRankChange(factors: factors, mixing: scale == 1 ? values : values.map { scale * $0 }))
    }

    var frozenFactors: LowRankFactors? { factors }

    /// Every entry of a module's matrix is a number of its own: `P(m, i)` is the scale at entry i and 0 elsewhere.
    var linearMixing: LinearMixing? {
        let entries = design.rank * design.rank
        return LinearMixing(factors: factors, u: entries, groups: Array(factors.modules.indices)) { [scale] _ in
            var units = [Float](repeating: 0, count: entries * entries)
            for entry in 0..<entries { units[entry * entries + entry] = scale }
            return units
        }
    }

    var gradient: AdapterGradient {
        let scale = scale
        return .mixing { gradient in scale == 1 ? gradient : gradient.map { scale * $0 } }
    }
}
